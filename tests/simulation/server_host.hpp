#pragma once

#include <boost/asio/io_context.hpp>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "core/base/log.hpp"
#include "server/http/dispatch.hpp"
#include "server/routes/routes.hpp"
#include "tests/simulation/disk.hpp"
#include "tests/simulation/mortal_store.hpp"
#include "tests/simulation/network.hpp"
#include "tests/simulation/timeline.hpp"
#include "tests/simulation/trace.hpp"
#include "tests/simulation/truth.hpp"
#include "tests/unit/server/vendor.hpp"

namespace firebreak::simulation {

struct ServerFaults {
    DiskFaults disk;
    StoreFaults store;
    std::uint64_t crash_per_mille = 0;  ///< Between any two steps of any request.
};

/// Of the second release manager: two of them go on with what the evidence held.
std::string second_manager_token();

/// The one server: a store and a disk that last, and on them the real routes, driver and
/// repository, all on one thread, in turns that the seed decides.
class ServerHost {
public:
    ServerHost(Timeline& timeline, Trace& trace, Truth& truth, std::uint64_t seed);
    ~ServerHost();
    ServerHost(const ServerHost&) = delete;

    /// What `firebreakd init` does, with `vendor`'s ceremony.
    void initialise(const test::Vendor& vendor, std::chrono::seconds timestamp_lifetime);
    void add_device(const Machine& machine);

    /// Opens everything, as `firebreakd serve` does; tries again later when it cannot.
    void start();
    /// Everything stops at once; starts again after `down`.
    void crash(milliseconds down, const std::string& why);

    /// Takes a request, and responds when its turn comes. @returns false when it is down.
    bool handle(const net::Request& request, Responded respond);
    /// What a web server in front of the files answers; up when the server is down.
    net::Response serve_file(const std::string& target);

    void set_faults(const ServerFaults& faults);
    bool up() const { return process_ != nullptr; }
    /// nullptr while it is down.
    const server::Driver* driver() const;
    server::Store& durable() { return *inner_store_; }
    MortalStore& store() { return *store_; }
    Disk& disk() { return disk_; }
    /// Every timestamp that was ever on the disk, by version: what somebody may have kept.
    const std::map<std::int64_t, Bytes>& timestamps() const { return timestamps_; }

    milliseconds beat_every{15'000};
    milliseconds cache_age{0};  ///< How old a timestamp.json the web server may still give out.
    bool answers_yes = false;   ///< A planted bug: every announcement may activate.
    bool answers_no = false;    ///< Another: none may, whatever was decided.
    bool takes_one_for_two = false;  ///< Another: who orders a resume twice is two people.

private:
    struct Process;

    bool open(Process& process);
    void add_tokens();
    void turn();
    void beat(std::uint64_t life);
    void die();
    void settle();
    void note_write(const std::string& path, const Bytes& bytes);
    void note_answer(const net::Request& request, net::Response& response);
    void note_arrival(const net::Request& request);
    void note_rollouts();
    void note_harm_bound(const rollout::Rollout& rollout, Ruling& ruling);
    void note_ends_below(std::int64_t counter);
    void note_recalls();

    Timeline& timeline_;
    Trace& trace_;
    Truth& truth_;
    Dice dice_;
    ServerFaults faults_;
    Disk disk_;
    std::unique_ptr<server::Store> inner_store_;
    std::optional<MortalStore> store_;
    signing::Ed25519Signer online_;
    std::vector<trust::Key> validators_;
    SecretBytes mac_secret_;
    SeededRandom random_;
    Log log_;
    std::chrono::seconds timestamp_lifetime_{3'600};
    std::uint64_t life_ = 0;
    std::unique_ptr<Process> process_;
    bool dying_ = false;
    milliseconds down_{0};
    std::map<std::int64_t, Bytes> timestamps_;
    std::string cached_timestamp_;
    Instant cached_at_{};
};

}  // namespace firebreak::simulation
