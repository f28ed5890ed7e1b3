// Bugs, planted at the seams of a world.

#include "client/state_file.hpp"
#include "tests/simulation/world.hpp"

namespace firebreak::simulation {
namespace {

bool is_halt(const rollout::LogEntry& entry) {
    const json::object* data = entry.data.if_object();
    const json::value* event = data == nullptr ? nullptr : data->if_contains("event");
    if (event == nullptr) return false;
    const Result<rollout::Event> parsed = rollout::parse_event(*event);
    return parsed && std::holds_alternative<rollout::Halted>(parsed->body);
}

/// The agent's state as it would be, had nothing ever been quarantined.
Bytes without_quarantine(const std::string& path, ByteView bytes) {
    if (!path.ends_with("/state.json")) return copy_of(bytes);
    Disk scratch(0);
    FIREBREAK_CHECK(scratch.write(path, bytes, FileMode::kPrivate).has_value());
    Result<client::AgentState> state = client::read_state(scratch, path);
    FIREBREAK_CHECK(state.has_value());
    state->cycle.quarantined.clear();
    FIREBREAK_CHECK(client::write_state(scratch, path, *state).has_value());
    return scratch.files.at(path);
}

}  // namespace

void World::plant() {
    const auto on_machines = [this](const auto& change) {
        for (const auto& endpoint : fleet_) change(*endpoint);
    };
    switch (options_.planted) {
        case Planted::kNone:
        case Planted::kLetsNobodyIn:
        case Planted::kAttemptsNotCounted: return;  // From a later stage on.
        case Planted::kGrantsEverybody: server_.answers_yes = true; return;
        case Planted::kLosesCommits: server_.store().loses_every = 37; return;
        case Planted::kForgetsHalts: server_.store().hides = &is_halt; return;
        case Planted::kForgetsQuarantine:
            on_machines([](Endpoint& at) { at.disk().rewrite = &without_quarantine; });
            return;
        case Planted::kIgnoresRecalls:
            on_machines([](Endpoint& at) { at.planted.ignores_recalls = true; });
            return;
        case Planted::kTakesOneForTwo: server_.takes_one_for_two = true; return;
        case Planted::kLiesAboutBuild:
            on_machines([this](Endpoint& at) { at.claimed_build = builds_.front(); });
            return;
        case Planted::kTakesAnySignature:
            mirror_.thief().wants_content_only = true;
            on_machines([](Endpoint& at) { at.planted.takes_any_signature = true; });
            return;
        case Planted::kOfflineKeysStolen:
            mirror_.thief().wants_content_only = mirror_.thief().has_offline_keys = true;
            return;
        case Planted::kForgetsTimestamps:
            on_machines([](Endpoint& at) { at.disk().hides = "/timestamp.json"; });
            return;
        case Planted::kForgetsVersions: server_.disk().hides = "/timestamp-versions"; return;
    }
}

/// Releases that give a planted bug its chance.
void World::suit_the_bug(Order& order) const {
    if (options_.planted == Planted::kAttemptsNotCounted) order.kind = Kind::kFreezesOnLoad;
    if (options_.planted == Planted::kGrantsEverybody) order.kind = Kind::kFreezesOnLoad;
    if (options_.planted == Planted::kForgetsQuarantine) {
        order.kind = Kind::kCrashesOnLoad;
        order.plan.failures_min = 3;
    }
    if (options_.planted == Planted::kTakesOneForTwo) {
        order.kind = Kind::kCrashesOnLoad;
        order.plan.failures_min = 100;  // So that it is held, and not halted.
    }
    if (options_.planted == Planted::kIgnoresRecalls) order.kind = Kind::kGood;
    if (options_.planted == Planted::kLiesAboutBuild) order.driven_in = {builds_.front()};
}

/// A disk that has a timestamp until the power fails, which it does.
void World::suit_the_bug(ServerFaults& faults) const {
    if (options_.planted != Planted::kForgetsVersions) return;
    faults.disk.unsure_percent = 50;
    faults.disk.cut_per_mille = 100;
}

}  // namespace firebreak::simulation
