#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/base/bytes.hpp"
#include "sensor/host/engine.hpp"
#include "sensor/sigma/program/reference.hpp"
#include "validator/generate/yara_rules.hpp"

namespace firebreak::validator {

/// What is repeated, and what stands around it so that a rule gets as far as looking at it.
struct AmplifySeed {
    std::string rule{};   ///< The one it was made for; empty: none.
    std::string shown{};  ///< For messages: "\"abc\"", as far as it can be printed.
    Bytes unit{};
    Bytes head{};                      ///< Stands before the repetitions.
    std::size_t bytes_max = SIZE_MAX;  ///< Of repetitions: the rule takes no larger files.

    // Of events:
    std::string contract{};
    sigma::ReferenceEvent values{};  ///< What the other fields hold.
    std::size_t field = 0;           ///< Where head and repetitions stand.
    std::size_t fields_supplied = 0;
};

/// Which seeds, where there are more than a run has time for.
struct SeedDraw {
    std::uint64_t seed = 0;
    std::size_t count_max = SIZE_MAX;
};

struct AmplifySeeds {
    /// One that matches nothing, for what is usual; events: in the first contract. None when the
    /// build supplies no field of the content's events.
    std::vector<AmplifySeed> usual;
    /// The most telling kinds first; within a kind in an order that the draw decides.
    std::vector<AmplifySeed> all;
    std::uint64_t left_out = 0;
};

/// For scanners of files: bytes of every file, then for each rule a sample of it (what its
/// condition asks for) with all of its strings repeated, and each of them; then the strings alone,
/// their first halves and their first bytes.
/// Tests: tests/unit/validator/amplify_seeds_test.cpp.
AmplifySeeds file_seeds(const std::vector<YaraRule>& rules, const SeedDraw& draw);

/// For event engines: for each rule an event that matches it, in which what a text field holds goes
/// on, and goes on with what the rule looks for there; then letters in every text field, and what
/// rules look for alone, its first half and its first byte.
///
/// @param build  Says how many fields of each contract it supplies.
AmplifySeeds event_seeds(const std::vector<sigma::Program>& programs,
                         const sensor::CapabilityManifest& build, const SeedDraw& draw);

/// The input: head and unit, the latter repeated to `bytes` bytes.
Bytes amplified(const AmplifySeed& seed, std::size_t bytes);

}  // namespace firebreak::validator
