#pragma once

#include <functional>

#include "core/base/random.hpp"
#include "validator/generate/regex_sampler.hpp"
#include "validator/generate/yara_rules.hpp"

namespace firebreak::validator {

/// A file made for a rule.
struct YaraSample {
    std::string name;  ///< "made/rule_name/pe-1", for messages.
    Bytes bytes;
};

/// Limits of what is made for one rule.
struct SampleCaps {
    std::size_t string_bytes_max = 64U << 10U;
    std::size_t file_bytes_max = 1U << 20U;
};

/// Files that the rule should match: all of its strings, in each kind of file its condition does
/// not rule out (Windows program, ELF, no header), where and as often as the condition says; first
/// with the shortest strings, then with longer ones.
///
/// Best effort: what could not be made is left out, and whether a file matches the engine says.
/// Deterministic: the same for the same rule and seed.
/// Tests: tests/unit/validator/yara_samples_test.cpp, tests/fuzz/yara_samples_fuzz.cpp.
std::vector<YaraSample> matching_samples(const YaraRule& rule, std::uint64_t seed,
                                         const SampleCaps& caps = {});

/// The same one after the other, each made when it is wanted, until `take` says false.
void each_matching_sample(const YaraRule& rule, std::uint64_t seed, const SampleCaps& caps,
                          const std::function<bool(YaraSample)>& take);

/// The first of those with one byte of one string changed: one file for each string, at most
/// `count`.
std::vector<YaraSample> near_misses(const YaraRule& rule, std::uint64_t seed, std::size_t count,
                                    const SampleCaps& caps = {});

/// The strings of a rule by themselves, short: what amplifiers repeat and dictionaries hold.
std::vector<Bytes> sampled_strings(const YaraRule& rule, std::uint64_t seed, Repeats repeats,
                                   std::size_t bytes_max);

}  // namespace firebreak::validator
