#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/base/digest.hpp"
#include "core/rollout/plan.hpp"
#include "core/rollout/rollout.hpp"
#include "core/trust/ring_rule.hpp"
#include "tests/simulation/timeline.hpp"

namespace firebreak::simulation {

inline constexpr const char* kStream = "yara";

/// What content does to a machine that loads it.
enum class Kind {
    kGood,
    kCrashesOnLoad,
    kFreezesOnLoad,  ///< Until somebody presses the button; no black box tells why.
    kCrashesLater,
    kUnwell,   ///< Loads, and answers nothing.
    kCutsOff,  ///< Loads, and with it the machine loses its network.
};

const char* name_of(Kind kind);

/// One bundle, as it really is.
struct Content {
    std::int64_t counter = 0;
    Sha256 sha256;
    Kind kind = Kind::kGood;
    milliseconds crashes_after{0};  ///< Of kCrashesLater.
    bool trial_catches = false;     ///< A load that may die of it shows what it does.
    std::set<Sha256> driven_in;     ///< Builds that the validator drove it in.
    std::vector<trust::CeilingStep> ceiling;
    rollout::Plan plan;
};

/// One content as a machine names it.
struct Named {
    std::int64_t counter = 0;
    Sha256 sha256;
};

/// The versions of one metadata role that a machine has on its disk, having verified them.
struct Trusted {
    std::int64_t held = 0;
    std::int64_t newest = 0;  ///< That it ever held.
};

/// What one machine went through with one content.
struct Life {
    std::int64_t loads = 0;  ///< Live, and not confirmed then.
    std::int64_t harmed = 0;
    bool confirmed = false;
    bool given_up = false;  ///< It went back from it; it is not to come again.
};

/// One machine, as it really is: what the sensor runs, not what the agent says.
struct Machine {
    std::string id;
    std::string tenant;
    std::string ring;
    std::string system;
    Sha256 build;
    bool up = false;
    std::int64_t running = 0;   ///< Counter; 0: nothing.
    std::int64_t replaced = 0;  ///< Counter that `running` took the place of, in one process.
    std::optional<Named> runs;  ///< What was loaded last, signed or not.
    std::optional<Named> good;  ///< Its last-known-good, as its disk has it.
    Instant loaded{};
    std::map<std::int64_t, Life> lives;
    std::int64_t orderly_stops = 0;
    std::int64_t state_lost = 0;  ///< Times that the agent found its state gone bad.
    std::set<std::int64_t> quarantined;
    std::map<std::string, Trusted> trusted;  ///< By role. Nothing after its disk failed there.
    bool misled = false;                     ///< The timestamp that it holds is a thief's.
    // What it does next is judged by it:
    std::int64_t timestamp_seen = 0;  ///< The newest of the vendor's that it verified and wrote.
    std::string refreshed_before;     ///< Its agent's last refresh when it did.
    std::string refreshed;            ///< Its agent's last refresh now, when that is of interest.
};

/// A report that the server said yes to, as it was sent.
struct Acknowledged {
    std::string device;
    std::int64_t sequence = 0;
    std::string body;
};

/// What the server said about one counter, and what must hold of it for ever.
struct Ruling {
    std::set<std::string> let_in;     ///< Devices that got a yes.
    std::set<std::string> confirmed;  ///< Devices whose HEALTHY arrived.
    std::set<std::string> forgiven;   ///< Devices that were in flight when two people went on.
    std::int64_t resumes = 0;         ///< Of what the evidence held.
    bool held_by_evidence = false;
    std::set<std::string> for_going_on;  ///< People who ever ordered that, as they really are.
    std::int64_t window_most = 0;        ///< The widest window that was ever open.
    std::int64_t harm_bound_most = 0;    ///< W + k* - 1.
    std::optional<rollout::Phase> phase;
    bool published = false;  ///< Its publication was acknowledged.
    bool halted = false;
    std::optional<Instant> halted_at;
    /// The timestamp version from which on the repository says that it is recalled.
    std::optional<std::int64_t> recalled_from;
    std::optional<Instant> recalled_at;
};

/// Everything that really happened, written down by the world's parts as it happens, and read by
/// the invariants. Nothing of the programs under test reads it.
struct Truth {
    std::map<std::int64_t, Content> contents;  ///< By counter: all that the vendor ever signed.
    std::map<std::string, Machine> machines;   ///< By id.
    std::map<std::int64_t, Ruling> rulings;    ///< By counter.
    std::vector<Acknowledged> acknowledged;
    std::set<Bytes> forged_timestamps;  ///< Signed with the online key, and not by the vendor.
    std::vector<std::string> broken;    ///< Said by the parts themselves: what could never be.

    // What the invariants have yet to look at. Who writes above says so here.
    std::set<std::string> changed_machines;
    std::set<std::int64_t> changed_counters;

    void changed(const Machine& machine) { changed_machines.insert(machine.id); }
    void changed(std::int64_t counter) { changed_counters.insert(counter); }

    const Content* find(const Sha256& sha256) const {
        for (const auto& [counter, content] : contents) {
            if (content.sha256 == sha256) return &content;
        }
        return nullptr;
    }
};

}  // namespace firebreak::simulation
