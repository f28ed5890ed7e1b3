#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tests/simulation/endpoint.hpp"
#include "tests/simulation/invariants.hpp"
#include "tests/simulation/mirror.hpp"
#include "tests/simulation/release_desk.hpp"
#include "tests/simulation/server_host.hpp"

namespace firebreak::simulation {

/// A bug put into a world on purpose, to see that an invariant finds it.
enum class Planted {
    kNone,
    kGrantsEverybody,     ///< The server lets in whoever asks.
    kLosesCommits,        ///< Some commits that the store confirmed are not there.
    kForgetsHalts,        ///< A restart of the server folds the log without its halts.
    kLetsNobodyIn,        ///< The server says no to every machine, from the storm on.
    kForgetsQuarantine,   ///< The agents' disks lose what was quarantined.
    kAttemptsNotCounted,  ///< The agents' disks say yes to their state and lose it in a power cut.
    kIgnoresRecalls,      ///< Sensors stay on what they run.
    kTakesOneForTwo,      ///< The server mistakes one person for two.
    kLiesAboutBuild,      ///< Engines of one build say that they are another.
    kTakesAnySignature,   ///< The agents take every signature for a right one.
    kOfflineKeysStolen,   ///< The thief has the content role's keys as well.
    kForgetsTimestamps,   ///< The agents' disks never have the last timestamp.
    kForgetsVersions,     ///< The server's disk never has the note of the timestamps' versions.
};

struct WorldOptions {
    std::uint64_t seed = 0;
    bool trace = false;
    Planted planted = Planted::kNone;
    std::string only;  ///< One invariant; empty: all.
    /// After each event, at all of every invariant, whatever changed: many times slower.
    bool looks_at_all = false;
};

struct Outcome {
    std::optional<std::string> broken;  ///< "window: …", with the time.
    std::string trace;
    std::uint64_t events = 0;
    milliseconds lasted{0};
    std::int64_t releases = 0;
    std::int64_t halts = 0;
    std::int64_t harmed = 0;  ///< Machines, summed over the contents.
    std::int64_t deaths = 0;
};

/// A server, its desk and a fleet, from one seed: a calm beginning in which everybody gets a first
/// good content, a time in which everything fails, and a calm end in which all must come right.
class World {
public:
    explicit World(WorldOptions options);
    ~World();
    World(const World&) = delete;

    Outcome run();

private:
    struct Weather;
    enum class Stage { kBeginning, kStorm, kEnd, kOver };

    void make_fleet();
    Broken look();
    void trace_log();
    void plant();
    void suit_the_bug(Order& order) const;
    void suit_the_bug(ServerFaults& faults) const;
    rollout::Plan quick_plan() const;
    rollout::Plan careful_plan();
    Order random_order();

    void begin();
    void storm();
    void calm_down();
    void wait_for_good(std::int64_t counter, Instant until, std::function<void()> then);
    void finish();

    // What goes wrong, each scheduling its next.
    void storm_machines();
    void storm_network();
    void storm_server();
    void storm_desk();
    void storm_mirror();
    void release_next();
    void look_after_rollouts();
    void every(milliseconds least, milliseconds most, std::function<void()> action);

    bool everybody_runs(std::int64_t counter) const;
    std::optional<std::string> at_the_end();

    WorldOptions options_;
    Dice dice_;
    Timeline timeline_;
    Trace trace_;
    Truth truth_;
    Network network_;
    boost::asio::io_context context_;
    ServerHost server_;
    ReleaseDesk desk_;
    Mirror mirror_;
    std::vector<std::string> rings_;
    std::vector<Sha256> builds_;
    std::vector<std::unique_ptr<Endpoint>> fleet_;
    Stage stage_ = Stage::kBeginning;
    std::int64_t last_release_ = 0;  ///< The one after the storm; 0: not yet.
    std::optional<std::string> stuck_;
};

/// Runs one world; a broken FIREBREAK_CHECK in it names the seed.
Outcome run_world(const WorldOptions& options);

}  // namespace firebreak::simulation
