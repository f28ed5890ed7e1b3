#include <algorithm>

#include "core/base/errc.hpp"
#include "server/rollout/driver.hpp"

namespace firebreak::server {
namespace {

constexpr std::int64_t kPageEntries = 1'000;

tl::unexpected<Error> corrupt(const Release& release, const std::string& why) {
    return fail(Errc::kCorrupt, "log: rollout " + release.id.stream + "/" +
                                    std::to_string(release.id.counter) + ": " + why);
}

/// The event in an entry of a rollout's log; nothing in entries of other kinds.
Result<std::optional<rollout::Event>> event_in(const rollout::LogEntry& entry) {
    if (entry.kind != "rollout.event") return std::optional<rollout::Event>();
    if (rollout::entry_hash(entry) != entry.hash) {
        return fail(Errc::kCorrupt, "the hash of entry " + std::to_string(entry.sequence) +
                                        " does not fit what it says");
    }
    const json::object* data = entry.data.if_object();
    const json::value* event = data == nullptr ? nullptr : data->if_contains("event");
    if (event == nullptr) return fail(Errc::kCorrupt, "an entry without its event");
    Result<rollout::Event> parsed = rollout::parse_event(*event);
    if (!parsed) return fail(parsed.error());
    return std::optional<rollout::Event>(std::move(*parsed));
}

}  // namespace

Result<Driver> Driver::open(DriverParts parts, std::chrono::seconds device_active) {
    Driver driver(std::move(parts), device_active);
    driver.opened_ = driver.parts_.clock.now();
    const Result<std::optional<Instant>> last_heard = driver.parts_.store.last_heard();
    if (!last_heard) return fail(last_heard.error());
    if (const Result<void> folded = driver.ensure_folded(); !folded) return fail(folded.error());
    if (*last_heard) {
        for (auto& [stream, live] : driver.live_) driver.grant_grace(live, **last_heard);
    }
    return driver;
}

/// Deadlines went by while we were down and nobody could be heard: devices get as long again, up to
/// one deadline, before their silence counts. Nothing is widened meanwhile, so P2's bound stands.
void Driver::grant_grace(Live& live, Instant last_heard) const {
    const bool pending = std::ranges::any_of(live.rollout.rings(),
                                             [](const auto& ring) { return ring.pending > 0; });
    if (!pending) return;
    const Instant now = parts_.clock.now();
    const auto down = std::clamp(now - last_heard, rollout::milliseconds{0},
                                 live.rollout.plan().silence_deadline);
    live.decides_from = now + down;
}

Result<void> Driver::ensure_folded() {
    if (folded_) return {};
    const Result<std::vector<Release>> releases = parts_.store.newest_releases();
    if (!releases) return fail(releases.error());
    Result<Bytes> content_role = parts_.store.content_role();
    if (!content_role) return fail(content_role.error());
    std::map<std::string, Live> live;
    for (const Release& release : *releases) {
        Result<Live> folded = fold(release);
        if (!folded) return fail(folded.error());
        live.emplace(release.id.stream, std::move(*folded));
    }
    // A fold after a failed commit must not forget the grace that a restart gave, nor how far
    // losses were counted.
    for (auto& [stream, next] : live) {
        const auto last = live_.find(stream);
        if (last == live_.end()) continue;
        next.decides_from = last->second.decides_from;
        next.losses_counted = last->second.losses_counted;
    }
    live_ = std::move(live);
    content_role_ = std::move(*content_role);
    publish_soon();
    folded_ = true;
    return {};
}

Result<Driver::Live> Driver::fold(const Release& release) {
    Result<rollout::Plan> plan = rollout::parse_plan(release.plan);
    if (!plan) return corrupt(release, plan.error().context());
    Live live{rollout::Rollout(release.id, release.bundle, std::move(*plan)),
              release,
              std::nullopt,
              std::nullopt,
              std::nullopt,
              std::nullopt,
              std::nullopt,
              Instant{}};
    std::int64_t after = 0;
    for (;;) {
        const auto page = parts_.store.entries_of(release.id, after, kPageEntries);
        if (!page) return fail(page.error());
        if (page->empty()) return live;
        for (const rollout::LogEntry& entry : *page) {
            const Result<std::optional<rollout::Event>> event = event_in(entry);
            if (!event) return corrupt(release, event.error().context());
            after = entry.sequence;
            if (!*event) continue;
            live.rollout.apply(**event);
            if (std::holds_alternative<rollout::Halted>((*event)->body)) {
                live.halted_by = entry.actor;
            }
            if (const auto* fleet = std::get_if<rollout::FleetSeen>(&(*event)->body)) {
                live.fleet = *fleet;
            }
            if (const auto* control = std::get_if<rollout::ControlSeen>(&(*event)->body)) {
                live.control = *control;
            }
            if (const auto* freeze = std::get_if<rollout::FreezeSeen>(&(*event)->body)) {
                live.freeze = *freeze;
            }
            if (const auto* losses = std::get_if<rollout::LossesSeen>(&(*event)->body)) {
                live.losses = *losses;
            }
        }
    }
}

}  // namespace firebreak::server
