#pragma once

#include <set>
#include <string>

#include "core/net/http.hpp"
#include "tests/simulation/server_host.hpp"
#include "tests/simulation/thief.hpp"
#include "tests/simulation/trace.hpp"

namespace firebreak::simulation {

/// A mirror of the vendor's files that an attacker runs: all that its captives see of them. What
/// they say to the server, and it to them, goes by another way, and is not his to change.
class Mirror {
public:
    Mirror(const Timeline& timeline, Trace& trace, Truth& truth, ServerHost& server,
           std::uint64_t seed)
        : trace_(trace), server_(server), dice_(seed), thief_(timeline, truth, dice_.number()) {}

    std::set<std::string> captives;
    bool holds(const std::string& who) const { return captives.contains(who); }

    /// Settles on what to do until it is called again.
    void think();
    net::Response answer(const std::string& target);

    Dice& dice() { return dice_; }
    Thief& thief() { return thief_; }

private:
    enum class Plan {
        kForges,     ///< Says what the thief signed.
        kFreezes,    ///< Stays at one old timestamp.
        kGoesBack,   ///< Another old timestamp each time.
        kMixes,      ///< Of some files, an older version by the newer one's name.
        kMisplaces,  ///< Some files by the names of others.
        kCuts,       ///< Half of some files.
        kFloods,     ///< Files without an end.
        kLoses,      ///< Some files are not there.
        kSilences,   ///< Asks to be left alone for as long as agents may be asked.
    };

    std::string old_timestamp();
    std::string any_file();
    std::string older_version(const std::string& path, std::string body) const;
    net::Response spoilt(const std::string& path, net::Response honest);

    Trace& trace_;
    ServerHost& server_;
    Dice dice_;
    Thief thief_;
    Plan plan_ = Plan::kFreezes;
    Thief::Files forged_;
    std::string frozen_;
};

}  // namespace firebreak::simulation
