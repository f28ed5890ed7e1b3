#include "cli/event_log.hpp"

#include <array>
#include <boost/json/serialize.hpp>
#include <cstdio>
#include <functional>
#include <optional>

#include "cli/evidence_course.hpp"
#include "cli/rollouts.hpp"
#include "cli/table.hpp"
#include "core/base/errc.hpp"
#include "core/base/utc.hpp"
#include "core/rollout/event_log.hpp"
#include "core/rollout/log_replay.hpp"

namespace firebreak::cli {
namespace {

constexpr std::uint64_t kLogFileBytesMax = 1U << 30U;

/// Calls `visit` with each entry after `after`, page by page.
Result<void> each_entry(ApiClient& api, std::int64_t after,
                        const std::function<Result<void>(const json::value&)>& visit) {
    for (;;) {
        const Result<json::value> page =
            api.call("GET", "/v1/log?limit=1000&after=" + std::to_string(after));
        if (!page) return fail(page.error());
        const Result<JsonObject> fields = JsonObject::of(*page, "answer");
        if (!fields) return fail(fields.error());
        const Result<const json::array*> entries = fields->array("entries");
        if (!entries) return fail(entries.error());
        if ((*entries)->empty()) return {};
        for (const json::value& entry : **entries) {
            const Result<rollout::LogEntry> parsed = rollout::parse_log_entry(entry);
            if (!parsed) return fail(parsed.error());
            if (parsed->sequence <= after) {
                return fail(firebreak::Errc::kCorrupt, "the server's log pages do not advance");
            }
            after = parsed->sequence;
            if (const auto visited = visit(entry); !visited) return visited;
        }
    }
}

using Visit = std::function<Result<void>(const rollout::LogEntry&)>;

/// Calls `visit` with each entry of the server's log.
Result<void> each_entry_of_server(ApiClient& api, const Visit& visit) {
    return each_entry(api, 0, [&visit](const json::value& value) -> Result<void> {
        const Result<rollout::LogEntry> entry = rollout::parse_log_entry(value);
        if (!entry) return fail(entry.error());
        return visit(*entry);
    });
}

/// The same for a saved log. @returns an error with file and line.
Result<void> each_entry_of_file(const Context& context, const std::string& path,
                                const Visit& visit) {
    const Result<Bytes> bytes = context.files.read(path, kLogFileBytesMax);
    if (!bytes) return fail(bytes.error());
    std::string_view rest = text_of(*bytes);
    for (std::size_t number = 1; !rest.empty(); ++number) {
        const std::string place = path + ":" + std::to_string(number);
        const std::size_t end = rest.find('\n');
        if (end == std::string_view::npos) {
            return fail(firebreak::Errc::kCorrupt, place + ": the last line is cut off");
        }
        const Result<json::value> value = parse_json(rest.substr(0, end));
        if (!value) return fail(value.error().seen_from(place));
        const Result<rollout::LogEntry> entry = rollout::parse_log_entry(*value);
        if (!entry) return fail(entry.error().seen_from(place));
        if (const auto visited = visit(*entry); !visited) {
            return fail(visited.error().seen_from(place));
        }
        rest.remove_prefix(end + 1);
    }
    return {};
}

/// Follows a chain from its first entry.
class Chain {
public:
    Result<void> add(const rollout::LogEntry& entry) {
        auto follows = rollout::verify_follows(last_ ? &*last_ : nullptr, entry);
        if (follows) last_ = entry;
        return follows;
    }

    Output verdict() const {
        const std::int64_t count = last_ ? last_->sequence : 0;
        const std::string head = last_ ? last_->hash.hex() : std::string(64, '0');
        return {
            .text = "log: " + std::to_string(count) + " entries, chain intact, head " + head + "\n",
            .data = {{"entries", count}, {"intact", true}, {"head", head}}};
    }

private:
    std::optional<rollout::LogEntry> last_;
};

Result<Output> verdict_of(const rollout::LogReplay& replay) {
    if (const auto whole = replay.finish(); !whole) return fail(whole.error());
    Table table({"rollout", "phase", "ln E", "reason"});
    json::array rollouts;
    for (const auto& [id, replayed] : replay.rollouts()) {
        const rollout::Rollout& rollout = replayed.rollout;
        const double log_e = rollout.evidence(replayed.last_event).log_e;
        std::array<char, 32> text{};
        (void)std::snprintf(text.data(), text.size(), "%.6f", log_e);
        const std::string_view phase = rollout::name_of(rollout.phase());
        table.add({id.stream + "/" + std::to_string(id.counter), std::string(phase), text.data(),
                   rollout.reason()});
        rollouts.push_back({{"stream", id.stream},
                            {"counter", id.counter},
                            {"phase", phase},
                            {"log_e", log_e},
                            {"reason", rollout.reason()}});
    }
    return Output{.text = "log: " + std::to_string(replay.entries()) + " entries, chain intact; " +
                          std::to_string(replay.decisions()) +
                          " decisions made again, each the same\n" + table.render(),
                  .data = {{"entries", replay.entries()},
                           {"intact", true},
                           {"head", replay.head().hex()},
                           {"events", replay.events()},
                           {"decisions", replay.decisions()},
                           {"rollouts", std::move(rollouts)}}};
}

/// @param each_entry  Calls what it is given with each entry of a log.
template <class EachEntry>
Result<Output> replayed(const std::string& evidence_of, const EachEntry& each_entry) {
    std::optional<EvidenceCourse> course;
    if (!evidence_of.empty()) {
        const Result<rollout::RolloutId> id = rollout_named(evidence_of);
        if (!id) return fail(id.error());
        course.emplace(*id);
    }
    rollout::LogReplay replay;
    const auto visited = each_entry([&](const rollout::LogEntry& entry) {
        const Result<void> added = replay.add(entry);
        if (added && course) course->see(replay);
        return added;
    });
    if (!visited) return fail(visited.error());
    Result<Output> output = verdict_of(replay);
    if (!output || !course) return output;
    if (course->points().empty()) {
        return fail(firebreak::Errc::kNotFound, "the log has no rollout " + evidence_of);
    }
    output->text += "\nThe evidence against " + evidence_of + " over time:\n" + course->render();
    output->data.as_object()["evidence"] = course->to_json();
    return output;
}

}  // namespace

Result<Output> show_log(const Context& context, ApiClient& api, std::int64_t after,
                        const std::string& out) {
    Output output;
    json::array entries;
    std::string lines;
    const auto visited = each_entry(api, after, [&](const json::value& value) -> Result<void> {
        const Result<rollout::LogEntry> entry = rollout::parse_log_entry(value);
        if (!entry) return fail(entry.error());
        output.text += std::to_string(entry->sequence) + "  " + format_utc_millis(entry->time) +
                       "  " + entry->actor + "  " + entry->kind + "  " +
                       json::serialize(entry->data) + "\n";
        lines += json::serialize(value) + "\n";
        entries.push_back(value);
        return {};
    });
    if (!visited) return fail(visited.error());
    if (!out.empty()) {
        const auto written = context.files.write(out, bytes_of(lines), FileMode::kPublic);
        if (!written) return fail(written.error());
        output.text = out + ": " + std::to_string(entries.size()) + " entries\n";
    }
    output.data = {{"entries", std::move(entries)}};
    return output;
}

Result<Output> verify_log(ApiClient& api) {
    Chain chain;
    const auto visited =
        each_entry_of_server(api, [&](const rollout::LogEntry& entry) { return chain.add(entry); });
    if (!visited) return fail(visited.error());
    return chain.verdict();
}

Result<Output> verify_log_file(const Context& context, const std::string& path) {
    Chain chain;
    const auto visited = each_entry_of_file(
        context, path, [&](const rollout::LogEntry& entry) { return chain.add(entry); });
    if (!visited) return fail(visited.error());
    return chain.verdict();
}

Result<Output> replay_log(ApiClient& api, const std::string& evidence_of) {
    return replayed(evidence_of,
                    [&api](const auto& visit) { return each_entry_of_server(api, visit); });
}

Result<Output> replay_log_file(const Context& context, const std::string& path,
                               const std::string& evidence_of) {
    return replayed(evidence_of,
                    [&](const auto& visit) { return each_entry_of_file(context, path, visit); });
}

}  // namespace firebreak::cli
