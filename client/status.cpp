#include "client/status.hpp"

#include "client/device_identity.hpp"
#include "core/base/errc.hpp"
#include "core/base/utc.hpp"

namespace firebreak::client {
namespace {

json::value digest_of(const std::optional<Placed>& placed) {
    if (!placed) return nullptr;
    return json::value(placed->content.sha256.hex());
}

}  // namespace

StatePaths::StatePaths(std::filesystem::path state_folder)
    : folder(std::move(state_folder)),
      state(folder / "state.json"),
      status(folder / "status.json"),
      history(folder / "history.jsonl"),
      detections(folder / "detections.jsonl"),
      identity(folder / "identity.json"),
      device_key(folder / "device.key"),
      black_box(folder / "black-box"),
      slots(folder / "slots"),
      metadata(folder / "tuf") {}

json::object status_json(const AgentState& state, const StatusNotes& notes) {
    const CycleState& cycle = state.cycle;
    json::array quarantined;
    for (const Quarantined& one : cycle.quarantined) {
        quarantined.push_back(json::object{{"counter", one.content.counter},
                                           {"sha256", one.content.sha256.hex()},
                                           {"reason", one.reason}});
    }
    json::object status{{"device", notes.device},
                        {"tenant", notes.tenant},
                        {"ring", notes.ring},
                        {"stream", notes.stream},
                        {"engine_build", notes.engine_build},
                        {"running_counter", counter_of(cycle.active)},
                        {"running_sha256", digest_of(cycle.active)},
                        {"confirmed", cycle.active_confirmed},
                        {"last_known_good", counter_of(cycle.last_known_good)},
                        {"last_known_good_sha256", digest_of(cycle.last_known_good)},
                        {"phase", name_of(cycle.phase)},
                        {"attempts", cycle.starts},
                        {"quarantined", std::move(quarantined)},
                        {"healed", cycle.healed},
                        {"reports_waiting", state.reports.size()}};
    status["last_refresh"] =
        notes.last_refresh ? json::value(format_utc_millis(*notes.last_refresh)) : nullptr;
    status["last_error"] = notes.last_error;
    status["not_installed"] = notes.not_installed;
    return status;
}

Result<json::object> read_status(const FileStore& store, const StatePaths& paths) {
    const Result<AgentState> state = read_state(store, paths.state);
    if (!state) return fail(state.error());

    // What only a running agent knows is in its last snapshot, if that can be read.
    json::object status = status_json(*state, {});
    if (const Result<Bytes> bytes = store.read(paths.status, kStatusBytesMax)) {
        const Result<json::value> snapshot = parse_json(text_of(*bytes));
        if (snapshot && snapshot->is_object()) {
            for (const char* const name : {"device", "tenant", "ring", "stream", "engine_build",
                                           "last_refresh", "last_error", "not_installed"}) {
                const json::value* const value = snapshot->get_object().if_contains(name);
                if (value != nullptr) status[name] = *value;
            }
        }
    }
    return status;
}

}  // namespace firebreak::client
