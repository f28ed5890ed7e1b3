#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "core/content/bundle.hpp"
#include "validator/report/finding.hpp"

namespace firebreak::validator {

/// How far into an event contract the content reaches.
struct ContractNeed {
    std::uint16_t arity = 0;  ///< Fields that the rules were written against; 0: nobody says.
    /// For each rule that reads the highest field of any: nothing says more about where a build
    /// that supplies fewer will break.
    std::vector<Place> furthest{};
    std::uint16_t fields_read = 0;  ///< The highest field read, counted from one; 0: none is.
};

/// What a bundle needs of an engine build: what its manifest claims, and what its files say where
/// this validator can read them itself, without the engine.
struct ContentNeeds {
    std::map<std::string, ContractNeed, std::less<>> contracts;
    std::vector<std::string> capabilities;  ///< Sorted, none twice.
    std::uint64_t bytes = 0;
    std::uint64_t rules = 0;  ///< 0: the engine alone knows.

    /// What the files need and the manifest does not claim, in words; empty when it is true.
    std::vector<std::string> unclaimed;
};

/// Reads `bundle`. A rule file that cannot be read adds nothing: to refuse it is the engine's part.
ContentNeeds needs_of(const content::Bundle& bundle);

}  // namespace firebreak::validator
