// The part of an agent's start that needs no network, and the loading of content from the slots.

#include <algorithm>

#include "client/agent.hpp"
#include "client/platform/memory.hpp"
#include "core/base/errc.hpp"
#include "core/trust/errc.hpp"

namespace firebreak::client {

Result<void> Agent::start(std::string_view crash) {
    const Result<void> made = parts_.store.make_folder(paths_.folder, FileMode::kPrivate);
    if (!made) return fail(made.error().seen_from("state"));
    if (const Result<void> ready = slots_.prepare(); !ready) return fail(ready.error());
    if (const Result<void> ready = metadata_.prepare(); !ready) return fail(ready.error());

    read_or_rebuild();
    boot(crash);
    if (cycle_.state().last_known_good) mark(*cycle_.state().last_known_good, true);
    unmark_quarantined();
    if (parts_.sensor.running() == nullptr) {
        note(Severity::kWarning, "agent.no_content", {{"device", identity_.device}});
    }
    unfinished_ = adopt(cycle_.resume()).action;
    save();
    note(Severity::kInfo, "agent.started",
         {{"device", identity_.device},
          {"ring", identity_.ring},
          {"engine_build", parts_.sensor.build().hex()},
          {"running_counter", running_counter()}});
    return {};
}

void Agent::read_or_rebuild() {
    Result<AgentState> read = read_state(parts_.store, paths_.state);
    if (read) {
        saved_ = *read;
        cycle_ = UpdateCycle(std::move(read->cycle), config_.unconfirmed_starts_max);
        reports_ = std::move(read->reports);
        return;
    }
    CycleState rebuilt = rebuild_from(slots_);
    const bool first_start = read.error() == make_error_code(Errc::kNotFound) &&
                             !parts_.store.read(paths_.status, kStatusBytesMax);
    if (!first_start) {
        // Nobody knows which numbers were used. Milliseconds since 1970 are past all of them, for
        // no device reports that often.
        const std::int64_t now = parts_.clock.now().time_since_epoch().count();
        reports_ = ReportQueue(std::max<std::int64_t>(1, now));
        set_aside(parts_.store, paths_.state);
        note(Severity::kError, "agent.state_rebuilt",
             {{"reason", read.error().to_string()},
              {"last_known_good", counter_of(rebuilt.last_known_good)}});
    }
    cycle_ = UpdateCycle(std::move(rebuilt), config_.unconfirmed_starts_max);
}

void Agent::boot(std::string_view crash) {
    if (!crash.empty()) {
        note(Severity::kError, "sensor.died",
             {{"counter", counter_of(cycle_.state().active)}, {"how", crash}});
    }
    BootDecision decision = cycle_.boot(crash);
    queue(decision.reports);
    if (!save()) decision = cycle_.boot_not_saved();
    note_healed(decision);
    while (decision.load) {
        const Result<void> loaded = put_live(*decision.load);
        if (loaded) break;
        note_error("content.not_loaded", loaded.error());
        decision = cycle_.boot_load_failed(loaded.error().to_string());
        queue(decision.reports);
        save();
        note_healed(decision);
    }
}

void Agent::note_healed(const BootDecision& decision) {
    if (!decision.healed_from) return;
    note(Severity::kWarning, "agent.healed",
         {{"from_counter", decision.healed_from->content.counter},
          {"to_counter", counter_of(decision.load)},
          {"reason", decision.healed_from->reason},
          {"healed", cycle_.state().healed}});
}

Result<void> Agent::put_live(const Placed& placed) {
    const Sha256* const running = parts_.sensor.running();
    if (running != nullptr && *running == placed.content.sha256) return {};
    const Result<SlotRecord> record = slots_.record(placed.slot);
    if (!record) return fail(record.error());
    // P1, offline as well: content runs only in a build that it was driven in.
    const std::vector<Sha256>& builds = record->terms.builds;
    if (std::find(builds.begin(), builds.end(), parts_.sensor.build()) == builds.end()) {
        return fail(trust::Errc::kBuildNotListed, "slot " + std::string(name_of(placed.slot)));
    }
    Result<content::Bundle> bundle = unpack_placed(placed);
    if (!bundle) return fail(bundle.error());
    Result<void> loaded = parts_.sensor.load(*bundle);
    bundle = content::Bundle{};
    give_back_memory();
    if (loaded) {
        scanner_.forget();
        vitals_.begin(!cycle_.state().active_confirmed);
        scan_due_ = parts_.clock.steady();
    }
    return loaded;
}

Result<content::Bundle> Agent::unpack_placed(const Placed& placed) const {
    const Result<Bytes> bytes = slots_.read(placed.slot, placed.content);
    if (!bytes) return fail(bytes.error());
    Result<content::Bundle> bundle = content::unpack_bundle(*bytes);
    if (!bundle) return fail(bundle.error());
    if (const Result<void> named = check_named(bundle->manifest, placed.content); !named) {
        return fail(named.error());
    }
    return bundle;
}

Result<void> Agent::check_named(const content::Manifest& manifest,
                                const ContentRef& content) const {
    if (manifest.stream != config_.stream || manifest.counter != content.counter) {
        return fail(Errc::kInvalid, "the manifest names another stream or counter");
    }
    return {};
}

void Agent::mark(const Placed& placed, bool confirmed) {
    Result<SlotRecord> record = slots_.record(placed.slot);
    if (!record || record->content != placed.content || record->confirmed == confirmed) return;
    record->confirmed = confirmed;
    const Result<void> marked = slots_.rewrite_record(placed.slot, *record);
    // The state file knows it as well; the record is for the day that file is lost.
    if (!marked) note_error("slot.not_marked", marked.error());
}

void Agent::unmark_quarantined() {
    for (const SlotName slot : {SlotName::kA, SlotName::kB}) {
        const Result<SlotRecord> record = slots_.record(slot);
        if (!record || !record->confirmed) continue;
        const std::vector<Quarantined>& quarantined = cycle_.state().quarantined;
        const bool bad =
            std::any_of(quarantined.begin(), quarantined.end(),
                        [&](const Quarantined& one) { return one.content == record->content; });
        if (bad) mark({.content = record->content, .slot = slot}, false);
    }
}

}  // namespace firebreak::client
