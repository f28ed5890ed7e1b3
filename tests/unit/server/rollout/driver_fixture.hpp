#pragma once

#include <gtest/gtest.h>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "server/rollout/driver.hpp"
#include "tests/support/fake_clock.hpp"
#include "tests/support/faulty_store.hpp"
#include "tests/support/memory_file_store.hpp"
#include "tests/unit/server/vendor.hpp"

namespace firebreak::test {

/// What a device of the simulated fleet does with new content.
enum class Fate { kHealthy, kSilent, kCrashes, kSilentLater };

struct SimulatedDevice {
    std::string id;
    std::string ring;
    std::int64_t sequence = 0;
    std::int64_t running = 0;  ///< Counter it confirmed.
    std::int64_t trying = 0;   ///< Counter it activated and has not confirmed.
    Instant activated{};
    Instant heard{};
    bool dead = false;
};

/// A driver on a store and a disk in memory, a clock that the test moves, and a fleet that does
/// what agents do.
class DriverFixture : public testing::Test {
protected:
    void SetUp() override;

    std::chrono::sys_seconds today() const {
        return std::chrono::floor<std::chrono::seconds>(clock_.now());
    }
    static server::RepositoryOptions repository_options();

    /// As after a SIGKILL: everything in memory is gone.
    void restart();

    /// Enrols `per_ring` devices of three tenants in each of canary, early and broad.
    void enrol(int per_ring);

    /// A release of stream yara that passed all checks.
    server::NewRelease release(std::int64_t counter);
    void start(std::int64_t counter);

    static health::Report report(SimulatedDevice& device, health::Kind kind, std::int64_t counter);
    Result<server::ReportAnswer> send(SimulatedDevice& device, health::Kind kind,
                                      std::int64_t counter);
    Result<void> steer(server::Steering steering, const std::string& reason,
                       std::int64_t counter = 1);

    const rollout::Rollout& rollout() const { return *driver_->live().front(); }
    std::int64_t log_sequence();

    /// Runs the fleet until the rollout is in `phase`. @returns the seconds it took; 0: never.
    int run_until(rollout::Phase phase, Fate fate, int seconds_max = 600);
    void run_one_second(Fate fate);

    /// rings/yara.json as a client would see it.
    trust::RingPointer published_pointer() const;

    FakeClock clock_;
    std::optional<Log> log_;
    MemoryFileStore files_;
    std::unique_ptr<server::Store> inner_store_;
    std::optional<FaultyStore> store_;
    std::optional<Vendor> vendor_;
    std::optional<server::Repository> repository_;
    std::optional<server::Driver> driver_;
    std::vector<Bytes> bundles_;
    std::vector<SimulatedDevice> fleet_;
    std::optional<server::DrillRules> drill_{};  ///< From the next restart() on.
    std::int64_t unconfirmed_max_ = 0;           ///< Seen in any ring by run_until().

private:
    void live_one_second(SimulatedDevice& device, Fate fate);
};

}  // namespace firebreak::test
