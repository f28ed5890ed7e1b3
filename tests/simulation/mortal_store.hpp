#pragma once

#include <functional>

#include "core/base/errc.hpp"
#include "server/store/store.hpp"
#include "tests/simulation/dice.hpp"

namespace firebreak::simulation {

struct StoreFaults {
    std::uint64_t full_percent = 0;   ///< A commit fails, and nothing changed.
    std::uint64_t cut_per_mille = 0;  ///< The power fails around a commit.
};

/// The server's store, which outlives the server: what was committed is there after a power cut,
/// and nothing else.
class MortalStore final : public server::Store {
public:
    MortalStore(server::Store& inner, std::uint64_t seed) : inner_(inner), dice_(seed) {}

    StoreFaults faults;
    bool dead = false;
    std::function<void()> power_fails;  ///< Sets `dead`.
    /// A planted bug: every so many-th transaction that says it is committed is not.
    int loses_every = 0;
    /// A planted bug: rollouts are folded without what this says of.
    std::function<bool(const rollout::LogEntry&)> hides;

    Result<void> transact(const std::function<Result<void>(server::StoreWriter&)>& work) override {
        if (dead) return down<void>();
        const auto thrown = dice_.between(0, 999);
        const auto per_mille = static_cast<std::int64_t>(faults.cut_per_mille);
        const bool cut_before = thrown < per_mille / 2;
        const bool cut_after = !cut_before && thrown < per_mille;
        const bool full = dice_.percent(faults.full_percent);
        const bool loses = loses_every > 0 && ++transactions_ % loses_every == 0;
        Result<void> done = inner_.transact([&](server::StoreWriter& writer) -> Result<void> {
            if (Result<void> worked = work(writer); !worked) return worked;
            if (full) return no_space();
            if (cut_before) power_fails();
            if (dead || loses) return down<void>();
            return {};
        });
        if (loses && !dead) return {};
        if (done && cut_after) power_fails();
        return dead ? down<void>() : done;
    }

    Result<std::optional<rollout::LogEntry>> last_entry() override {
        return alive([&] { return inner_.last_entry(); });
    }
    Result<std::vector<rollout::LogEntry>> entries(std::int64_t after,
                                                   std::int64_t limit) override {
        return alive([&] { return inner_.entries(after, limit); });
    }
    Result<std::vector<rollout::LogEntry>> entries_of(const rollout::RolloutId& rollout,
                                                      std::int64_t after,
                                                      std::int64_t limit) override {
        auto entries = alive([&] { return inner_.entries_of(rollout, after, limit); });
        if (entries && hides) std::erase_if(*entries, hides);
        return entries;
    }
    Result<std::optional<server::Device>> device(const std::string& id) override {
        return alive([&] { return inner_.device(id); });
    }
    Result<std::vector<server::Device>> devices(const server::DeviceQuery& query) override {
        return alive([&] { return inner_.devices(query); });
    }
    Result<std::map<std::string, std::int64_t>> active_by_ring(
        Instant since, const server::Population& population) override {
        return alive([&] { return inner_.active_by_ring(since, population); });
    }
    Result<std::vector<server::CensusLine>> census(Instant since,
                                                   const server::Population& population) override {
        return alive([&] { return inner_.census(since, population); });
    }
    Result<server::ControlCount> control(const server::ControlQuery& query) override {
        return alive([&] { return inner_.control(query); });
    }
    Result<rollout::LossesSeen> losses(const server::LossQuery& query) override {
        return alive([&] { return inner_.losses(query); });
    }
    Result<std::int64_t> device_count() override {
        return alive([&] { return inner_.device_count(); });
    }
    Result<std::optional<Instant>> last_heard() override {
        return alive([&] { return inner_.last_heard(); });
    }
    Result<std::optional<server::ApiToken>> token(const std::string& id) override {
        return alive([&] { return inner_.token(id); });
    }
    Result<std::vector<server::ApiToken>> tokens() override {
        return alive([&] { return inner_.tokens(); });
    }
    Result<std::optional<server::EnrolmentToken>> enrolment_token(const std::string& id) override {
        return alive([&] { return inner_.enrolment_token(id); });
    }
    Result<std::optional<server::Release>> release(const rollout::RolloutId& id) override {
        return alive([&] { return inner_.release(id); });
    }
    Result<std::vector<server::Release>> releases(std::int64_t limit) override {
        return alive([&] { return inner_.releases(limit); });
    }
    Result<std::vector<server::Release>> newest_releases() override {
        return alive([&] { return inner_.newest_releases(); });
    }
    Result<std::int64_t> last_completed(const std::string& stream, std::int64_t below) override {
        return alive([&] { return inner_.last_completed(stream, below); });
    }
    Result<std::vector<std::int64_t>> halted(const std::string& stream, std::int64_t below,
                                             std::int64_t limit) override {
        return alive([&] { return inner_.halted(stream, below, limit); });
    }
    Result<std::optional<server::Blob>> blob(const Sha256& sha256) override {
        return alive([&] { return inner_.blob(sha256); });
    }
    Result<Bytes> content_role() override {
        return alive([&] { return inner_.content_role(); });
    }

private:
    template <class T>
    static Result<T> down() {
        return fail(Errc::kUnavailable, "store: the machine is down");
    }
    static Result<void> no_space() {
        return fail(std::make_error_code(std::errc::no_space_on_device), "store: commit");
    }
    template <class Ask>
    std::invoke_result_t<Ask> alive(Ask ask) {
        if (dead) return fail(Errc::kUnavailable, "store: the machine is down");
        return ask();
    }

    server::Store& inner_;
    Dice dice_;
    int transactions_ = 0;
};

}  // namespace firebreak::simulation
