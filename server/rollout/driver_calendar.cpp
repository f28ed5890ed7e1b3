// When the calendar of a plan freezes its rollout.

#include "core/calendar/calendar.hpp"
#include "server/rollout/driver.hpp"

namespace firebreak::server {
namespace {

/// What is frozen because nobody can tell whether it is, is looked at again after so long.
constexpr std::chrono::minutes kLookAgain{1};
constexpr std::size_t kNameBytesMax = 256;

}  // namespace

std::optional<rollout::FreezeSeen> Driver::freeze_of(const rollout::Plan& plan, Instant now) const {
    if (plan.freezes.empty()) return std::nullopt;
    Result<std::optional<calendar::Span>> next = calendar::next_freeze(plan.freezes, now);
    if (!next) {
        parts_.log.error("calendar.failed", {{"error", next.error().to_string()}});
        std::string why = "frozen, because the calendar cannot be read: " + next.error().context();
        why.resize(std::min(why.size(), kNameBytesMax));
        return rollout::FreezeSeen{std::move(why), now, now + kLookAgain};
    }
    if (!*next) return std::nullopt;
    return rollout::FreezeSeen{std::move((*next)->name), (*next)->from, (*next)->until};
}

Result<void> Driver::look_up_freeze(Live& live, Instant now) {
    const rollout::Phase phase = live.rollout.phase();
    if (phase != rollout::Phase::kRolling && phase != rollout::Phase::kHeld) return {};
    if (live.freeze && now < live.freeze->until) return {};
    std::optional<rollout::FreezeSeen> freeze = freeze_of(live.rollout.plan(), now);
    if (!freeze) return {};
    const Result<void> committed = transact([&](StoreWriter& writer) -> Result<void> {
        return record(writer, live, "controller", {now, *freeze});
    });
    if (!committed) return committed;
    live.freeze = std::move(freeze);
    return {};
}

}  // namespace firebreak::server
