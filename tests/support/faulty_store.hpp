#pragma once

#include "core/base/errc.hpp"
#include "server/store/store.hpp"

namespace firebreak::test {

/// A store whose disk can fill up: commits fail while `full`, whatever was done inside is undone,
/// and
/// reads go on.
class FaultyStore final : public server::Store {
public:
    explicit FaultyStore(server::Store& inner) : inner_(inner) {}

    bool full = false;
    int commits = 0;

    Result<void> transact(const std::function<Result<void>(server::StoreWriter&)>& work) override {
        ++commits;
        return inner_.transact([&](server::StoreWriter& writer) -> Result<void> {
            if (const Result<void> worked = work(writer); !worked) return worked;
            if (full) {
                return fail(std::make_error_code(std::errc::no_space_on_device), "store: commit");
            }
            return {};
        });
    }

    Result<std::optional<rollout::LogEntry>> last_entry() override { return inner_.last_entry(); }
    Result<std::vector<rollout::LogEntry>> entries(std::int64_t after,
                                                   std::int64_t limit) override {
        return inner_.entries(after, limit);
    }
    Result<std::vector<rollout::LogEntry>> entries_of(const rollout::RolloutId& rollout,
                                                      std::int64_t after,
                                                      std::int64_t limit) override {
        return inner_.entries_of(rollout, after, limit);
    }
    Result<std::optional<server::Device>> device(const std::string& id) override {
        return inner_.device(id);
    }
    Result<std::vector<server::Device>> devices(const server::DeviceQuery& query) override {
        return inner_.devices(query);
    }
    Result<std::map<std::string, std::int64_t>> active_by_ring(
        Instant since, const server::Population& population) override {
        return inner_.active_by_ring(since, population);
    }
    Result<std::vector<server::CensusLine>> census(Instant since,
                                                   const server::Population& population) override {
        return inner_.census(since, population);
    }
    Result<server::ControlCount> control(const server::ControlQuery& query) override {
        return inner_.control(query);
    }
    Result<rollout::LossesSeen> losses(const server::LossQuery& query) override {
        return inner_.losses(query);
    }
    Result<std::int64_t> device_count() override { return inner_.device_count(); }
    Result<std::optional<Instant>> last_heard() override { return inner_.last_heard(); }
    Result<std::optional<server::ApiToken>> token(const std::string& id) override {
        return inner_.token(id);
    }
    Result<std::vector<server::ApiToken>> tokens() override { return inner_.tokens(); }
    Result<std::optional<server::EnrolmentToken>> enrolment_token(const std::string& id) override {
        return inner_.enrolment_token(id);
    }
    Result<std::optional<server::Release>> release(const rollout::RolloutId& id) override {
        return inner_.release(id);
    }
    Result<std::vector<server::Release>> releases(std::int64_t limit) override {
        return inner_.releases(limit);
    }
    Result<std::vector<server::Release>> newest_releases() override {
        return inner_.newest_releases();
    }
    Result<std::int64_t> last_completed(const std::string& stream, std::int64_t below) override {
        return inner_.last_completed(stream, below);
    }
    Result<std::vector<std::int64_t>> halted(const std::string& stream, std::int64_t below,
                                             std::int64_t limit) override {
        return inner_.halted(stream, below, limit);
    }
    Result<std::optional<server::Blob>> blob(const Sha256& sha256) override {
        return inner_.blob(sha256);
    }
    Result<Bytes> content_role() override { return inner_.content_role(); }

private:
    server::Store& inner_;
};

}  // namespace firebreak::test
