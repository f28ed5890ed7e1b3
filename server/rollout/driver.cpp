#include "server/rollout/driver.hpp"

#include <algorithm>
#include <tuple>

#include "core/base/errc.hpp"
#include "server/rollout/ring_pointer.hpp"
#include "server/rollout/rollout_view.hpp"

namespace firebreak::server {
namespace {

using rollout::LossesSeen;
using std::chrono::milliseconds;

/// The fleet is counted no more often: each change of a count is an entry in the log.
constexpr std::chrono::seconds kCountEvery{1};

/// Rounds of decide() in one go; more would mean that decisions breed decisions.
constexpr int kRoundsMax = 64;

/// Between attempts to publish on a disk that does not take it.
constexpr milliseconds kPublishPauseMin{200};
constexpr milliseconds kPublishPauseMax{10'000};

/// Losses are counted that often in the time that makes a device silent.
constexpr int kLossCounts = 60;

constexpr const char* kController = "controller";

/// Whether an event changes what the repository has to say. What devices do, and counts, do not.
bool changes_pointer(const rollout::EventBody& body) {
    return !std::holds_alternative<rollout::Activated>(body) &&
           !std::holds_alternative<rollout::Confirmed>(body) &&
           !std::holds_alternative<rollout::Crashed>(body) &&
           !std::holds_alternative<rollout::RolledBack>(body) &&
           !std::holds_alternative<rollout::Refused>(body) &&
           !std::holds_alternative<rollout::ControlSeen>(body) &&
           !std::holds_alternative<rollout::LossesSeen>(body) &&
           !std::holds_alternative<rollout::FleetSeen>(body);
}

json::value event_data(const rollout::RolloutId& id, const rollout::Event& event) {
    return json::object{
        {"stream", id.stream}, {"counter", id.counter}, {"event", rollout::to_json(event)}};
}

/// The numbers that a rollout under way needs. One that is over needs none; one that is complete
/// only while a latecomer is in flight.
bool needs_counts(const rollout::Rollout& rollout) {
    switch (rollout.phase()) {
        case rollout::Phase::kReady:
        case rollout::Phase::kRolling:
        case rollout::Phase::kHeld: return true;
        case rollout::Phase::kComplete:
            return std::ranges::any_of(rollout.rings(),
                                       [](const auto& ring) { return ring.pending > 0; });
        case rollout::Phase::kHalted:
        case rollout::Phase::kRetired: return false;
    }
    return false;
}

/// The control: devices awake when the rollout began, and since. One that was switched off before
/// says nothing about this bundle, whether it is heard of or not.
ControlQuery control_query(const rollout::Rollout& rollout, const Population& population,
                           Instant published, Instant now) {
    const auto silent_after = rollout::silent_after(rollout.plan());
    return {.rollout = rollout.id(),
            .population = population,
            .active_since = published - silent_after,
            .silent_before = now - silent_after,
            .heard_since = now - rollout::quiet_after(rollout.plan()),
            .began = published};
}

}  // namespace

Driver::Live* Driver::find(const rollout::RolloutId& id) {
    const auto found = live_.find(id.stream);
    if (found == live_.end() || found->second.rollout.id() != id) return nullptr;
    return &found->second;
}

std::optional<DrillResult> Driver::last_drill() const {
    if (!parts_.drill) return std::nullopt;
    const auto found = live_.find(parts_.drill->stream);
    if (found == live_.end()) return std::nullopt;
    const auto& [rollout, release] = std::tie(found->second.rollout, found->second.release);
    const bool halted = rollout.phase() == rollout::Phase::kHalted;
    DrillResult result{.counter = rollout.id().counter,
                       .phase = rollout.phase(),
                       .passed = halted && found->second.halted_by == kController,
                       .published = release.published,
                       .halted_after = std::nullopt};
    if (halted && rollout.halted_at() && rollout.first_activation()) {
        result.halted_after = *rollout.halted_at() - *rollout.first_activation();
    }
    return result;
}

std::vector<const rollout::Rollout*> Driver::live() const {
    std::vector<const rollout::Rollout*> rollouts;
    for (const auto& [stream, live] : live_) rollouts.push_back(&live.rollout);
    return rollouts;
}

Result<void> Driver::transact(const std::function<Result<void>(StoreWriter&)>& work) {
    Result<void> committed = parts_.store.transact(work);
    if (committed) {
        health_.store.reset();
    } else {
        // What was applied on the way is not in the log: the rollouts are folded anew.
        folded_ = false;
        const bool about_the_request = committed.error() == Errc::kConflict;
        if (!about_the_request) health_.store = committed.error();
    }
    return committed;
}

Result<void> Driver::record(StoreWriter& writer, Live& live, const std::string& actor,
                            const rollout::Event& event) {
    const rollout::RolloutId& id = live.rollout.id();
    const Result<rollout::LogEntry> appended =
        writer.append({"rollout.event", actor, event_data(id, event), event.time, id});
    if (!appended) return fail(appended.error());

    const rollout::Phase before = live.rollout.phase();
    live.rollout.apply(event);
    if (std::holds_alternative<rollout::Halted>(event.body)) live.halted_by = actor;
    if (changes_pointer(event.body)) publish_soon();
    if (live.rollout.phase() == before) return {};
    return writer.set_phase(id, std::string(rollout::name_of(live.rollout.phase())));
}

Result<void> Driver::retire(StoreWriter& writer, Live& live, std::int64_t by_counter,
                            const std::string& actor) {
    const Instant now = parts_.clock.now();
    const Result<void> recorded =
        record(writer, live, actor, {now, rollout::Superseded{by_counter}});
    if (!recorded) return recorded;
    return writer.set_final_view(live.rollout.id(), view_of(live.rollout, live.release, now));
}

Result<void> Driver::open_release(StoreWriter& writer, const NewRelease& release, Live& next) {
    const Instant now = next.release.published;
    const rollout::RolloutId& id = release.id;
    const Result<rollout::LogEntry> appended =
        writer.append({"release.published", release.publisher,
                       json::object{{"stream", id.stream},
                                    {"counter", id.counter},
                                    {"bundle", release.bundle.hex()},
                                    {"attestation", release.attestation.hex()},
                                    {"target", release.target},
                                    {"content_version", release.content_version},
                                    {"plan", next.release.plan}},
                       now, id});
    if (!appended) return fail(appended.error());
    if (const Result<void> added = writer.add_release(next.release); !added) return added;
    if (!release.content_role.empty()) {
        const Result<void> vouched =
            writer.add_content_role(release.content_version, release.content_role);
        if (!vouched) return vouched;
    }

    if (const auto last = live_.find(id.stream); last != live_.end()) {
        const Result<void> retired = retire(writer, last->second, id.counter, release.publisher);
        if (!retired) return retired;
    }
    const auto fleet =
        parts_.store.active_by_ring(now - device_active_, population_of(parts_.drill, id.stream));
    if (!fleet) return fail(fleet.error());
    next.fleet = rollout::FleetSeen{*fleet};
    const Result<void> counted = record(writer, next, kController, {now, *next.fleet});
    if (!counted) return counted;
    // Before it starts, or its first ring would open in the middle of a freeze.
    if ((next.freeze = freeze_of(release.plan, now))) {
        const Result<void> frozen = record(writer, next, kController, {now, *next.freeze});
        if (!frozen) return frozen;
    }
    return record(writer, next, release.publisher, {now, rollout::Started{}});
}

Result<void> Driver::start(const NewRelease& release) {
    if (const Result<void> folded = ensure_folded(); !folded) return folded;
    const auto last = live_.find(release.id.stream);
    if (last != live_.end() && last->second.rollout.id().counter >= release.id.counter) {
        return fail(Errc::kConflict, release.id.stream + "/" + std::to_string(release.id.counter) +
                                         ": this counter, or a higher one, was published already");
    }
    const Instant now = parts_.clock.now();
    Live next{rollout::Rollout(release.id, release.bundle, release.plan),
              Release{release.id, release.bundle, release.attestation, release.target,
                      rollout::to_json(release.plan),
                      std::string(rollout::name_of(rollout::Phase::kReady)), now, release.publisher,
                      nullptr},
              std::nullopt,
              std::nullopt,
              std::nullopt,
              std::nullopt,
              std::nullopt,
              now};
    const Result<void> committed = transact(
        [&](StoreWriter& writer) -> Result<void> { return open_release(writer, release, next); });
    if (!committed) return committed;

    live_.insert_or_assign(release.id.stream, std::move(next));
    if (!release.content_role.empty()) content_role_ = release.content_role;
    publish_soon();
    // Committed is published: what the disk refuses now, the next advance() does.
    static_cast<void>(decide());
    return {};
}

Result<void> Driver::steer(const SteeringOrder& order) {
    if (const Result<void> folded = ensure_folded(); !folded) return folded;
    const std::string name = order.id.stream + "/" + std::to_string(order.id.counter);
    Live* live = find(order.id);
    if (live == nullptr) {
        const Result<std::optional<Release>> known = parts_.store.release(order.id);
        if (!known) return fail(known.error());
        if (!*known) return fail(Errc::kNotFound, "rollout " + name);
        return fail(Errc::kConflict, "rollout " + name + " was superseded by a newer one");
    }
    const Instant now = parts_.clock.now();
    Result<std::optional<rollout::EventBody>> body = ordered(*live, order, now);
    if (!body) return fail(body.error());
    if (!*body) return {};
    const rollout::Event event{now, std::move(**body)};
    const Result<void> committed = transact([&](StoreWriter& writer) -> Result<void> {
        return record(writer, *live, order.actor, event);
    });
    if (!committed) return committed;
    static_cast<void>(decide());  // As in start().
    return {};
}

Result<void> Driver::count_fleet(Instant now) {
    if (counted_ && now >= *counted_ && now - *counted_ < kCountEvery) return {};
    counted_ = now;
    for (auto& [stream, live] : live_) {
        if (!needs_counts(live.rollout)) continue;
        if (const Result<void> counted = count_losses(live, now); !counted) return counted;
        const Population population = population_of(parts_.drill, stream);
        const auto fleet = parts_.store.active_by_ring(now - device_active_, population);
        if (!fleet) return fail(fleet.error());
        const Result<ControlCount> counted = parts_.store.control(
            control_query(live.rollout, population, live.release.published, now));
        if (!counted) return fail(counted.error());
        rollout::ControlSeen control = counted->seen;
        if (rollout::is_quiet(live.rollout.plan(), control.devices, counted->heard)) {
            control.silent = control.devices;
        }

        const rollout::FleetSeen fleet_now{*fleet};
        const bool fleet_changed = live.fleet != fleet_now;
        const bool control_changed = live.control != control;
        if (!fleet_changed && !control_changed) continue;
        const Result<void> committed = transact([&](StoreWriter& writer) -> Result<void> {
            if (fleet_changed) {
                const auto recorded = record(writer, live, kController, {now, fleet_now});
                if (!recorded) return recorded;
            }
            if (!control_changed) return {};
            return record(writer, live, kController, {now, control});
        });
        if (!committed) return committed;
        live.fleet = fleet_now;
        live.control = control;
    }
    return {};
}

/// Counts who fell silent since the last count. What is not recorded is counted again: a device is
/// lost once, whatever fails in between.
Result<void> Driver::count_losses(Live& live, Instant now) {
    const milliseconds silent_after = rollout::silent_after(live.rollout.plan());
    if (now < opened_ + silent_after) return {};
    if (!live.losses_counted) live.losses_counted = now;
    const auto since = now - *live.losses_counted;
    if (since < std::max<milliseconds>(kCountEvery, silent_after / kLossCounts)) return {};

    Result<rollout::LossesSeen> losses = parts_.store.losses(
        {live.rollout.id(), population_of(parts_.drill, live.rollout.id().stream),
         *live.losses_counted - silent_after, now - silent_after});
    if (!losses) return fail(losses.error());
    const bool news = !losses->lost.empty() || !losses->control_lost.empty() ||
                      (live.losses ? live.losses->silent : LossesSeen::ByRing{}) != losses->silent;
    if (news) {
        const Result<void> committed = transact([&](StoreWriter& writer) -> Result<void> {
            return record(writer, live, kController, {now, *losses});
        });
        if (!committed) return committed;
        live.losses = std::move(*losses);
    }
    live.losses_counted = now;
    return {};
}

Result<void> Driver::let_decide(Live& live, Instant now) {
    if (now < live.decides_from) return {};
    // Whoever asks for a decision: a ring must not open in the second between two freezes.
    if (const Result<void> seen = look_up_freeze(live, now); !seen) return seen;
    for (int round = 0; round < kRoundsMax; ++round) {
        const std::vector<rollout::Event> events = live.rollout.decide(now);
        if (events.empty()) return {};
        const Result<void> committed = transact([&](StoreWriter& writer) -> Result<void> {
            for (const rollout::Event& event : events) {
                const Result<void> recorded = record(writer, live, kController, event);
                if (!recorded) return recorded;
            }
            return {};
        });
        if (!committed) return committed;
        for (const rollout::Event& event : events) {
            parts_.log.info("rollout.decided", {{"stream", live.rollout.id().stream},
                                                {"counter", live.rollout.id().counter},
                                                {"decision", rollout::to_json(event)}});
        }
    }
    parts_.log.error("rollout.unsettled", {{"stream", live.rollout.id().stream}});
    return {};
}

void Driver::publish_soon() {
    repository_is_behind_ = true;
    publish_pause_ = milliseconds{0};
    publish_from_ = Instant{};
}

/// Each attempt takes new version numbers and may leave files behind: on a disk that stays full it
/// must not be made at every tick. News start over.
void Driver::note_publish_failure(const Error& error, Instant now) {
    const bool news = !health_.repository || health_.repository->code() != error.code();
    if (news) parts_.log.error("repository.failed", {{"error", error.to_string()}});
    health_.repository = error;
    publish_pause_ = std::clamp(2 * publish_pause_, kPublishPauseMin, kPublishPauseMax);
    publish_from_ = now + publish_pause_;
}

Result<void> Driver::publish(Instant now) {
    const auto today = std::chrono::floor<std::chrono::seconds>(now);
    if (!repository_is_behind_ && !parts_.repository.is_due(today)) return {};
    if (now < publish_from_ && publish_from_ - now <= kPublishPauseMax) return {};
    DesiredState desired{content_role_, {}};
    for (const auto& [stream, live] : live_) {
        const Result<std::int64_t> last_known_good =
            parts_.store.last_completed(stream, live.rollout.id().counter);
        if (!last_known_good) return fail(last_known_good.error());
        Result<std::vector<std::int64_t>> halted = parts_.store.halted(
            stream, live.rollout.id().counter, static_cast<std::int64_t>(trust::kRecalledMax));
        if (!halted) return fail(halted.error());
        trust::RingPointer& pointer = desired.pointers[stream];
        pointer = ring_pointer_of(live.rollout, live.release.target, *last_known_good);
        // A device may have slept through their recall, and may not be offered this one for long.
        pointer.recalled = std::move(*halted);
    }
    const Result<Published> published = parts_.repository.publish(desired, parts_.bundles, today);
    if (!published) {
        note_publish_failure(published.error(), now);
        return fail(published.error());
    }
    health_.repository.reset();
    repository_is_behind_ = false;
    publish_pause_ = milliseconds{0};
    if (published->anything()) {
        parts_.log.info("repository.published", {{"content", published->content},
                                                 {"rollout", published->rollout},
                                                 {"snapshot", published->snapshot}});
    }
    return {};
}

Result<void> Driver::decide() {
    if (const Result<void> folded = ensure_folded(); !folded) return folded;
    const Instant now = parts_.clock.now();
    for (auto& [stream, live] : live_) {
        if (const Result<void> decided = let_decide(live, now); !decided) return decided;
    }
    return publish(now);
}

/// A store that failed is tried at every tick: on a quiet server nobody else would find out that it
/// works again.
Result<void> Driver::try_store() {
    if (!health_.store) return {};
    const std::string was = health_.store->to_string();
    Result<void> committed = transact([&](StoreWriter& writer) -> Result<void> {
        const Result<rollout::LogEntry> appended = writer.append(
            {"store.recovered", kController, json::object{{"was", was}}, parts_.clock.now(), {}});
        if (!appended) return fail(appended.error());
        return {};
    });
    return committed;
}

Result<void> Driver::advance() {
    if (const Result<void> tried = try_store(); !tried) return tried;
    if (const Result<void> folded = ensure_folded(); !folded) return folded;
    const Result<void> counted = count_fleet(parts_.clock.now());
    const Result<void> decided = decide();
    return counted ? decided : counted;
}

Result<json::object> Driver::view(const rollout::RolloutId& id) {
    if (const Result<void> folded = ensure_folded(); !folded) return fail(folded.error());
    if (const Live* live = find(id)) {
        return view_of(live->rollout, live->release, parts_.clock.now());
    }
    const Result<std::optional<Release>> release = parts_.store.release(id);
    if (!release) return fail(release.error());
    if (!*release || !(*release)->final_view.is_object()) {
        return fail(Errc::kNotFound, "rollout " + id.stream + "/" + std::to_string(id.counter));
    }
    return (*release)->final_view.as_object();
}

Result<json::array> Driver::views(std::int64_t limit) {
    if (const Result<void> folded = ensure_folded(); !folded) return fail(folded.error());
    const Result<std::vector<Release>> releases = parts_.store.releases(limit);
    if (!releases) return fail(releases.error());
    json::array views;
    for (const Release& release : *releases) {
        const Live* live = find(release.id);
        views.push_back(live == nullptr ? release.final_view
                                        : view_of(live->rollout, release, parts_.clock.now()));
    }
    return views;
}

}  // namespace firebreak::server
