// What must hold once everything has come to rest.

#include "core/base/errc.hpp"
#include "core/rollout/log_replay.hpp"
#include "tests/simulation/world.hpp"

namespace firebreak::simulation {
namespace {

/// Whether the store has every report that was acknowledged: it says so of a repeat.
std::optional<std::string> lost_report(server::Store& store,
                                       const std::vector<Acknowledged>& acknowledged) {
    std::optional<std::string> lost;
    const Result<void> looked = store.transact([&](server::StoreWriter& writer) -> Result<void> {
        for (const Acknowledged& one : acknowledged) {
            const Result<health::Report> report = health::parse_report(one.body);
            const Result<bool> is_new = writer.add_report(*report, Instant{});
            if (!is_new || *is_new) {
                lost = "report " + std::to_string(one.sequence) + " of " + one.device +
                       " was acknowledged and is not there";
            }
        }
        return fail(Errc::kUnavailable, "only looking");
    });
    return looked ? std::optional<std::string>("the store kept what failed") : lost;
}

std::optional<std::string> lost_release(server::Store& store, const Truth& truth) {
    for (const auto& [counter, ruling] : truth.rulings) {
        if (!ruling.published) continue;
        const auto release = store.release({kStream, counter});
        if (release && *release) continue;
        return "release " + std::to_string(counter) + " was acknowledged and is not there";
    }
    return std::nullopt;
}

/// The log, from its first entry: the chain, and every decision made again.
std::optional<std::string> unlike_log(server::Store& store) {
    rollout::LogReplay replay;
    std::int64_t after = 0;
    for (;;) {
        const auto page = store.entries(after, 1'000);
        if (!page) return "the log cannot be read: " + page.error().to_string();
        if (page->empty()) break;
        for (const rollout::LogEntry& entry : *page) {
            after = entry.sequence;
            if (const Result<void> added = replay.add(entry); !added) {
                return "the log does not replay: " + added.error().to_string();
            }
        }
    }
    const Result<void> finished = replay.finish();
    if (!finished) return "the log does not replay: " + finished.error().to_string();
    return std::nullopt;
}

}  // namespace

std::optional<std::string> World::at_the_end() {
    const auto wanted = [this](const char* name) {
        return options_.only.empty() || options_.only == name;
    };
    server::Store& store = server_.durable();
    if (wanted("durable")) {
        if (auto lost = lost_report(store, truth_.acknowledged)) return "durable: " + *lost;
        if (auto lost = lost_release(store, truth_)) return "durable: " + *lost;
    }
    if (wanted("replay")) {
        if (auto unlike = unlike_log(store)) return "replay: " + *unlike;
    }
    return std::nullopt;
}

}  // namespace firebreak::simulation
