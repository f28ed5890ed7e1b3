#include "core/rollout/log_replay.hpp"

#include <boost/json/serialize.hpp>
#include <limits>

#include "core/base/errc.hpp"

namespace firebreak::rollout {
namespace {

constexpr const char* kController = "controller";

/// What a rollout decides, as opposed to what it is told by devices and counts.
bool is_decision(const EventBody& body) {
    return std::holds_alternative<RingOpened>(body) || std::holds_alternative<RingSkipped>(body) ||
           std::holds_alternative<Widened>(body) || std::holds_alternative<Held>(body) ||
           std::holds_alternative<Halted>(body) || std::holds_alternative<Completed>(body);
}

/// Whether only the controller writes it: nobody else may open, widen, complete or freeze.
bool is_of_controller(const EventBody& body) {
    const bool stops = std::holds_alternative<Held>(body) || std::holds_alternative<Halted>(body);
    return (is_decision(body) && !stops) || std::holds_alternative<FreezeSeen>(body);
}

/// The person who says it, of an event in which one does.
const std::string* speaker_of(const EventBody& body) {
    if (const auto* approved = std::get_if<Approved>(&body)) return &approved->person;
    if (const auto* asked = std::get_if<OverrideAsked>(&body)) return &asked->person;
    if (const auto* granted = std::get_if<OverrideGranted>(&body)) return &granted->person;
    if (const auto* asked = std::get_if<ResumeAsked>(&body)) return &asked->person;
    if (const auto* granted = std::get_if<ResumeGranted>(&body)) return &granted->person;
    return nullptr;
}

Result<void> check_actor(const LogEntry& entry, const EventBody& body,
                         const std::string& publisher) {
    if (is_of_controller(body) && entry.actor != kController) {
        return fail(Errc::kCorrupt, std::string(type_of(body)) + " by " + entry.actor +
                                        ": only the controller decides that");
    }
    const auto* resumed = std::get_if<Resumed>(&body);
    if (resumed != nullptr && entry.actor != resumed->actor) {
        return fail(Errc::kCorrupt,
                    "resumed in the name of " + resumed->actor + " by " + entry.actor);
    }
    const std::string* person = speaker_of(body);
    if (person == nullptr) return {};
    if (entry.actor != "operator:" + *person) {
        return fail(Errc::kCorrupt, std::string(type_of(body)) + " in the name of " + *person +
                                        " by " + entry.actor);
    }
    if (std::holds_alternative<Approved>(body) && entry.actor == publisher) {
        return fail(Errc::kCorrupt, "approved by " + *person + ", who published it");
    }
    return {};
}

/// Whether a log may say `logged` where `decided` is decided. In one of before, no hold says who
/// made it.
bool is_same(const Event& logged, Event decided) {
    const auto* said = std::get_if<Held>(&logged.body);
    auto* held = std::get_if<Held>(&decided.body);
    if (said != nullptr && held != nullptr && said->by == HeldBy::kUnsaid) held->by = said->by;
    return logged == decided;
}

Result<RolloutId> read_id(const JsonObject& data) {
    Result<std::string> stream = data.string("stream");
    if (!stream) return fail(stream.error());
    const Result<std::int64_t> counter =
        data.integer("counter", 1, std::numeric_limits<std::int64_t>::max());
    if (!counter) return fail(counter.error());
    return RolloutId{std::move(*stream), *counter};
}

std::string name_of(const RolloutId& id) {
    return id.stream + "/" + std::to_string(id.counter);
}

std::string text_of(const Event& event) {
    return json::serialize(to_json(event));
}

tl::unexpected<Error> differs(const RolloutId& id, const std::string& logged,
                              const std::string& replayed) {
    return fail(Errc::kCorrupt,
                name_of(id) + ": the log has " + logged + ", the replay decides " + replayed);
}

}  // namespace

Result<void> LogReplay::add(const LogEntry& entry) {
    if (auto follows = verify_follows(last_ ? &*last_ : nullptr, entry); !follows) return follows;
    last_ = entry;
    Result<void> done;
    if (entry.kind == "release.published") done = publish(entry);
    if (entry.kind == "rollout.event") done = play(entry);
    if (!done) {
        return fail(Errc::kCorrupt,
                    "entry " + std::to_string(entry.sequence) + ": " + done.error().context());
    }
    return {};
}

Result<void> LogReplay::publish(const LogEntry& entry) {
    const Result<JsonObject> data = JsonObject::of(entry.data, "data");
    if (!data) return fail(data.error());
    Result<RolloutId> id = read_id(*data);
    if (!id) return fail(id.error());
    const Result<std::string> hex = data->string("bundle");
    if (!hex) return fail(hex.error());
    const Result<Sha256> bundle = Sha256::from_hex(*hex);
    if (!bundle) return fail(bundle.error());
    const json::value* document = data->find("plan");
    if (document == nullptr) return fail(Errc::kMalformed, "data.plan is missing");
    Result<Plan> plan = parse_plan(*document);
    if (!plan) return fail(plan.error());

    const bool fresh =
        rollouts_.try_emplace(*id, Replayed{Rollout(*id, *bundle, std::move(*plan)), entry.actor})
            .second;
    if (!fresh) return fail(Errc::kCorrupt, name_of(*id) + " was published twice");
    return {};
}

Result<void> LogReplay::play(const LogEntry& entry) {
    const Result<JsonObject> data = JsonObject::of(entry.data, "data");
    if (!data) return fail(data.error());
    const Result<RolloutId> id = read_id(*data);
    if (!id) return fail(id.error());
    const json::value* document = data->find("event");
    if (document == nullptr) return fail(Errc::kMalformed, "data.event is missing");
    const Result<Event> event = parse_event(*document);
    if (!event) return fail(event.error());
    const auto found = rollouts_.find(*id);
    if (found == rollouts_.end()) {
        return fail(Errc::kCorrupt, name_of(*id) + " was never published");
    }
    Replayed& replayed = found->second;
    if (auto fits = check_actor(entry, event->body, replayed.publisher); !fits) return fits;
    if (const auto* held = std::get_if<Held>(&event->body)) {
        if (auto fits = check_hold(entry, *held); !fits) return fits;
    }
    if (entry.actor == kController && is_decision(event->body)) {
        if (auto same = decide_again(replayed, *event); !same) return same;
    } else if (!replayed.due.empty()) {
        return differs(*id, text_of(*event), text_of(replayed.due.front()));
    }
    replayed.rollout.apply(*event);
    replayed.last_event = std::max(replayed.last_event, event->time);
    ++events_;
    return {};
}

Result<void> LogReplay::check_hold(const LogEntry& entry, const Held& held) {
    if (held.by == HeldBy::kUnsaid) {
        if (!holds_say_by_whom_) return {};
        return fail(Errc::kCorrupt, "held, and does not say by whom, as earlier holds do");
    }
    holds_say_by_whom_ = true;
    const bool fits = held.by == HeldBy::kController ? entry.actor == kController
                                                     : entry.actor.starts_with("operator:");
    if (fits) return {};
    return fail(Errc::kCorrupt,
                "held by " + entry.actor + ", and says: by a " + std::string(name_of(held.by)));
}

Result<void> LogReplay::decide_again(Replayed& replayed, const Event& event) {
    if (replayed.due.empty()) {
        const std::vector<Event> decided = replayed.rollout.decide(event.time);
        replayed.due.assign(decided.begin(), decided.end());
    }
    const RolloutId& id = replayed.rollout.id();
    if (replayed.due.empty()) return differs(id, text_of(event), "nothing");
    if (!is_same(event, replayed.due.front())) {
        return differs(id, text_of(event), text_of(replayed.due.front()));
    }
    replayed.due.pop_front();
    ++decisions_;
    return {};
}

Result<void> LogReplay::finish() const {
    for (const auto& [id, replayed] : rollouts_) {
        if (!replayed.due.empty()) {
            return differs(id, "its end", text_of(replayed.due.front()));
        }
    }
    return {};
}

}  // namespace firebreak::rollout
