#include "client/offer.hpp"

#include "core/rollout/cohort.hpp"

namespace firebreak::client {

Verdict judge(const RepositoryView& view, const trust::DeviceState& device,
              const std::optional<Placed>& active, std::chrono::sys_seconds now) {
    const trust::RingPointer& pointer = view.pointer;
    if (active && trust::is_recalled(pointer, active->content.counter)) {
        Recalled recalled{
            .counter = active->content.counter, .to_counter = 0, .all = pointer.recalled};
        if (pointer.recall) {
            recalled.all.push_back(pointer.recall->counter);
            const bool named = pointer.recall->counter == recalled.counter;
            recalled.to_counter = named ? pointer.recall->to_counter : 0;
        }
        return {.event = std::move(recalled), .terms = {}, .why_not = {}};
    }
    const std::int64_t bucket = rollout::bucket(pointer.sha256, device.device_id);
    Result<trust::ContentTerms> terms =
        trust::may_install(pointer, view.content, device, bucket, now);
    if (!terms) {
        return {.event = NothingOffered{}, .terms = {}, .why_not = terms.error().to_string()};
    }
    const bool named = pointer.recall && pointer.recall->to_counter == pointer.counter;
    return {.event = Offered{.content = {.counter = pointer.counter, .sha256 = pointer.sha256},
                             .confirm_wait = std::chrono::seconds{pointer.confirm_seconds},
                             .named_by_recall = named},
            .terms = std::move(*terms),
            .why_not = {}};
}

}  // namespace firebreak::client
