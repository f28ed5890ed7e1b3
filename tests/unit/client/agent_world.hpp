#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "client/agent.hpp"
#include "core/base/random.hpp"
#include "core/health/report.hpp"
#include "tests/support/fake_clock.hpp"
#include "tests/support/memory_file_store.hpp"
#include "tests/support/repository_simulator.hpp"

namespace firebreak::client::test {

/// Thrown at a point where the device dies: unwinds the agent as a kill would stop it. What it had
/// done to the disk and to the server until then stays done.
struct Killed {};

/// Every point at which an agent touches the world outside it, counted; the device can be made to
/// die
/// at any one of them.
class KillSwitch {
public:
    int points = 0;   ///< Passed so far.
    int kill_at = 0;  ///< From 1; 0: never.

    void point() {
        if (++points == kill_at) throw Killed{};
    }
};

/// A disk in memory on which one can die before and after each change, and which can be full.
class MortalStore final : public FileStore {
public:
    explicit MortalStore(KillSwitch& kill) : kill_(kill) {}

    firebreak::test::MemoryFileStore memory;

    Result<Bytes> read(const std::filesystem::path& path, std::uint64_t bytes_max) const override {
        return memory.read(path, bytes_max);
    }
    Result<void> write(const std::filesystem::path& path, ByteView bytes, FileMode mode) override {
        kill_.point();
        Result<void> written = memory.write(path, bytes, mode);
        kill_.point();
        return written;
    }
    Result<void> remove(const std::filesystem::path& path) override {
        kill_.point();
        return memory.remove(path);
    }
    Result<void> make_folder(const std::filesystem::path& path, FileMode mode) override {
        return memory.make_folder(path, mode);
    }
    Result<std::vector<std::string>> list(const std::filesystem::path& folder) const override {
        return memory.list(folder);
    }

private:
    KillSwitch& kill_;
};

/// firebreakd, as far as a device can tell: a TUF repository and an ear for reports.
class ScriptedServer final : public net::Transport {
public:
    ScriptedServer(firebreak::test::RepositorySimulator& repository, KillSwitch& kill)
        : repository_(repository), kill_(kill) {}

    bool offline = false;
    bool reports_offline = false;
    bool may_activate = true;
    unsigned report_status = 200;
    std::map<std::string, Bytes> tampered;  ///< Served in place of what is at that target path.
    std::optional<net::Response> instead;   ///< The answer to everything.
    std::function<void(const std::string& target)> before;  ///< Called with each request's path.

    std::vector<health::Report> reports;  ///< Each once, in the order of arrival.
    std::map<std::int64_t, std::string> by_sequence;
    int duplicates = 0;
    int contradictions = 0;  ///< Two different reports under one number.
    std::vector<std::string> requests;

    boost::asio::awaitable<Result<net::Response>> exchange(net::Request request,
                                                           std::uint64_t body_bytes_max) override;

    std::vector<health::Kind> kinds(std::int64_t counter) const;

private:
    net::Response answer(const net::Request& request);
    net::Response answer_report(const net::Request& request);

    firebreak::test::RepositorySimulator& repository_;
    KillSwitch& kill_;
};

/// A sensor that does with each content what the test says.
class ScriptedSensor final : public LiveSensor {
public:
    explicit ScriptedSensor(KillSwitch& kill) : kill_(kill) {}

    std::set<std::int64_t> dies_loading;
    std::set<std::int64_t> refuses;
    std::set<std::int64_t> unwell;                                ///< Loads, and does not answer.
    std::map<std::int64_t, std::size_t> matches;                  ///< Of each file.
    std::map<std::int64_t, std::chrono::milliseconds> takes_for;  ///< Each file.
    std::vector<std::int64_t> loaded;
    Sha256 engine_build = sha256(bytes_of("the engine build of this test"));

    Result<void> load(const content::Bundle& bundle) override;
    void unload() override { running_.reset(); }
    const Sha256* running() const override { return running_ ? &running_->sha256 : nullptr; }
    Result<void> probe() override;
    Result<std::vector<sensor::Match>> scan(std::string_view, ByteView) override;
    bool takes(std::string_view, std::size_t) const override { return false; }
    Result<std::vector<sensor::Match>> evaluate(const fb_input&) override {
        return std::vector<sensor::Match>{};
    }
    const Sha256& build() const override { return engine_build; }
    std::uint64_t input_bytes_max() const override { return 1U << 20U; }
    std::chrono::nanoseconds processor_time() const override { return processor_time_; }

    std::int64_t running_counter() const { return running_ ? running_->counter : 0; }

private:
    KillSwitch& kill_;
    std::optional<ContentRef> running_;
    std::chrono::nanoseconds processor_time_{};
};

class ScriptedTrial final : public TrialRunner {
public:
    explicit ScriptedTrial(KillSwitch& kill) : kill_(kill) {}

    TrialVerdict verdict{.outcome = TrialVerdict::Outcome::kPassed, .reason = ""};
    int runs = 0;

    boost::asio::awaitable<TrialVerdict> run(std::filesystem::path, Sha256) override {
        kill_.point();
        ++runs;
        co_return verdict;
    }

private:
    KillSwitch& kill_;
};

/// Lets time pass at once.
class LeapingWaiter final : public Waiter {
public:
    LeapingWaiter(firebreak::test::FakeClock& clock, KillSwitch& kill)
        : clock_(clock), kill_(kill) {}

    boost::asio::awaitable<void> wait(std::chrono::milliseconds duration) override {
        kill_.point();
        clock_.advance(duration);
        co_return;
    }

private:
    firebreak::test::FakeClock& clock_;
    KillSwitch& kill_;
};

/// One device and all the world around it. The disk and the server outlive the agent: restart() is
/// what a supervisor does.
class AgentWorld {
public:
    AgentWorld();
    AgentWorld(const AgentWorld&) = delete;

    /// A world in which the device has confirmed bundle 1 and bundle 2 is on offer; made once and
    /// copied, for tests that need it at each of a hundred points.
    static std::unique_ptr<AgentWorld> on_one_offered_two();

    /// Puts a bundle on offer to this device's whole ring. Returns its digest.
    Sha256 offer(std::int64_t counter);
    /// The same, with the pointer or the terms changed before they are signed.
    Sha256 offer(std::int64_t counter, const std::function<void(trust::RingPointer&)>& change,
                 const std::function<void(trust::ContentTerms&)>& change_terms = {});
    /// Changes the pointer that is published.
    void repoint(const std::function<void(trust::RingPointer&)>& change);

    /// Ends the agent, if there is one, and starts another on the same disk.
    void restart(std::string_view crash = {});

    /// One update; starts the agent first if need be. False: the device died in it.
    bool update();
    /// Updates until `counter` runs confirmed, restarting what dies; false after `updates_max`.
    bool settle_on(std::int64_t counter, int updates_max = 20);

    const CycleState& cycle() const { return agent->cycle(); }
    std::int64_t running() const { return sensor.running_counter(); }
    std::int64_t known_good() const { return counter_of(cycle().last_known_good); }
    bool quarantined(std::int64_t counter) const;

    KillSwitch kill;
    firebreak::test::FakeClock clock;
    SeededRandom random{7};
    MortalStore store{kill};
    firebreak::test::RepositorySimulator repository;
    ScriptedServer server{repository, kill};
    ScriptedSensor sensor{kill};
    ScriptedTrial trial{kill};
    LeapingWaiter waiter{clock, kill};
    Log log;
    AgentConfig config;
    std::unique_ptr<Agent> agent;

private:
    Bytes bundle_bytes(std::int64_t counter) const;

    trust::RingPointer pointer_;
};

/// Runs `operation` to its end on an io_context of its own; what it throws comes out here.
void run(boost::asio::awaitable<void> operation);

}  // namespace firebreak::client::test
