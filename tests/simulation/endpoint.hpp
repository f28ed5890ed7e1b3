#pragma once

#include <boost/asio/io_context.hpp>
#include <exception>
#include <memory>
#include <string>

#include "client/agent.hpp"
#include "tests/simulation/disk.hpp"
#include "tests/simulation/network.hpp"
#include "tests/simulation/parking.hpp"
#include "tests/simulation/timeline.hpp"
#include "tests/simulation/trace.hpp"
#include "tests/simulation/truth.hpp"

namespace firebreak::simulation {

/// What every machine of a world shares.
struct Ground {
    Timeline& timeline;
    Trace& trace;
    Truth& truth;
    Network& network;
    boost::asio::io_context& context;
};

/// How often a machine fails by itself.
struct MachineFaults {
    DiskFaults disk;
    std::uint64_t trial_not_run_percent = 0;
};

/// Bugs that can be planted in a machine (planted.hpp).
struct PlantedInMachine {
    bool ignores_recalls = false;      ///< The sensor says yes to going back, and stays.
    bool takes_any_signature = false;  ///< The agent verifies nothing.
};

/// One machine: a disk that lasts, and the real agent on it, started again by a supervisor each
/// time it died.
class Endpoint {
public:
    /// @param machine  Its place in the truth.
    Endpoint(Ground ground, Machine& machine, std::uint64_t seed, Bytes shipped_root);
    ~Endpoint();
    Endpoint(const Endpoint&) = delete;

    /// Starts it, now.
    void boot(const std::string& crash);
    /// Everything stops at once; comes back after `down`.
    void cut_power(milliseconds down, const std::string& why);
    /// An orderly end of the process, as for an upgrade.
    void stop_in_order();
    void set_faults(const MachineFaults& faults);

    const client::Agent* agent() const { return agent_.get(); }
    bool up() const { return agent_ != nullptr; }
    const Machine& machine() const { return machine_; }
    Disk& disk() { return disk_; }
    SkewedClock& clock() { return clock_; }

    PlantedInMachine planted;
    /// What a planted sensor says that its build is.
    Sha256 claimed_build;

private:
    class Sensor;
    class Trial;
    class Waiter;
    class Transport;
    /// How a process ended, and what follows.
    struct End {
        std::string crash;
        bool power = false;
        milliseconds down{0};
    };

    [[noreturn]] void die(End end);
    void returned(const std::exception_ptr& thrown);
    void ended();
    void go_on(std::uint64_t ticket);
    void settle();
    void harmed_by(std::int64_t counter);
    void note_agent();
    void note_write(const std::string& path, const Bytes& bytes);
    void note_metadata(const std::string& file, const Bytes& bytes);
    void note_state();
    void runs_nothing();
    std::string last_refresh() const;
    const Content* running_content() const;
    void crash_of_content(std::int64_t counter, std::uint64_t life);
    void line(const std::string& what) { ground_.trace.line(machine_.id, what); }

    Ground ground_;
    Machine& machine_;
    Dice dice_;
    Disk disk_;
    SkewedClock clock_;
    Bytes shipped_root_;
    MachineFaults faults_;
    SeededRandom random_;
    Log log_;

    // One process; life_ counts them.
    std::uint64_t life_ = 0;
    std::unique_ptr<Parking> parking_;
    std::unique_ptr<Sensor> sensor_;
    std::unique_ptr<Trial> trial_;
    std::unique_ptr<Waiter> waiter_;
    std::unique_ptr<Transport> transport_;
    std::unique_ptr<client::Agent> agent_;
    std::optional<End> end_;
};

}  // namespace firebreak::simulation
