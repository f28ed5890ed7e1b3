#include "client/state_file.hpp"

#include <boost/json/serialize.hpp>

#include "core/base/errc.hpp"

namespace firebreak::client {
namespace {

constexpr std::uint64_t kStateBytesMax = 4U << 20U;

Result<AgentState> parse_state(std::string_view text) {
    const Result<json::value> value = parse_json(text);
    if (!value) return fail(value.error());
    const Result<JsonObject> file = JsonObject::of(*value, "state");
    if (!file) return fail(file.error());
    const Result<std::int64_t> format = file->integer("format", 1, 1);
    if (!format) return fail(format.error());
    const Result<std::string> check = file->string("check");
    if (!check) return fail(check.error());
    const Result<JsonObject> body = file->object("state");
    if (!body) return fail(body.error());
    if (*check != sha256(bytes_of(json::serialize(body->raw()))).hex()) {
        return fail(Errc::kCorrupt, "the check does not match");
    }
    for (const char* const name : {"cycle", "reports"}) {
        if (!body->has(name)) return fail(Errc::kMalformed, body->path_to(name) + ": missing");
    }
    Result<CycleState> cycle = parse_cycle_state(*body->find("cycle"));
    if (!cycle) return fail(cycle.error());
    Result<ReportQueue> reports = ReportQueue::parse(*body->find("reports"));
    if (!reports) return fail(reports.error());
    return AgentState{.cycle = std::move(*cycle), .reports = std::move(*reports)};
}

}  // namespace

Result<AgentState> read_state(const FileStore& store, const std::filesystem::path& path) {
    const Result<Bytes> bytes = store.read(path, kStateBytesMax);
    if (!bytes) {
        if (bytes.error() == make_error_code(Errc::kTooLarge)) {
            return fail(Errc::kCorrupt, bytes.error().context());
        }
        return fail(bytes.error());
    }
    Result<AgentState> state = parse_state(text_of(*bytes));
    if (!state)
        return fail(Errc::kCorrupt, path.filename().string() + ": " + state.error().context());
    return state;
}

Result<void> write_state(FileStore& store, const std::filesystem::path& path,
                         const AgentState& state) {
    json::object body{{"cycle", to_json(state.cycle)}, {"reports", state.reports.to_json()}};
    const std::string check = sha256(bytes_of(json::serialize(body))).hex();
    const json::object file{{"format", 1}, {"check", check}, {"state", std::move(body)}};
    return store.write(path, bytes_of(json::serialize(file)), FileMode::kPrivate);
}

void set_aside(FileStore& store, const std::filesystem::path& path) {
    const Result<Bytes> bytes = store.read(path, kStateBytesMax);
    if (!bytes) return;
    std::filesystem::path aside = path;
    aside += ".corrupt";
    // Both are only for people; the agent goes on either way.
    (void)store.write(aside, *bytes, FileMode::kPrivate);
    (void)store.remove(path);
}

}  // namespace firebreak::client
