#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/error.hpp"

namespace firebreak::validator {

class CheckBench;

/// What one check of an engine came to.
struct CheckResult {
    enum class Kind : std::uint8_t {
        kKept = 1,
        kBroken = 2,
        kNotPossible = 3,    ///< Something to check with was not given: no pass.
        kNotApplicable = 4,  ///< The rule does not concern this engine.
    };
    Kind kind = Kind::kNotPossible;
    std::string message{};   ///< What was seen, where it matters; one line.
    std::string evidence{};  ///< Of a check that must come out the same in another process.

    static CheckResult kept(std::string message = {}) { return {Kind::kKept, std::move(message)}; }
    static CheckResult broken(std::string message) { return {Kind::kBroken, std::move(message)}; }
    static CheckResult not_possible(std::string message) {
        return {Kind::kNotPossible, std::move(message)};
    }
    static CheckResult not_applicable(std::string message) {
        return {Kind::kNotApplicable, std::move(message)};
    }
};

std::string_view to_string(CheckResult::Kind kind);

/// One rule of the sensor ABI, and how it is looked at: inside a sealed worker that has just opened
/// the engine and does nothing else in its life.
struct AbiCheck {
    std::string_view id;    ///< In reports and docs/sensor-abi.md: never rename.
    std::string_view rule;  ///< What an engine does, in a few words.
    bool needs_content;     ///< Makes no sense where the check "load" failed.
    bool twice;             ///< Runs in two processes, whose evidence must agree.
    CheckResult (*run)(CheckBench& bench);
};

/// All of them, in the order in which they are run and reported. "open" is not among them: it is
/// what happens before any other can.
const std::vector<AbiCheck>& abi_checks();

/// @returns nullptr for an id that there is not.
const AbiCheck* find_abi_check(std::string_view id);

// The checks themselves, by what they are about.
CheckResult check_version(CheckBench& bench);
CheckResult check_info(CheckBench& bench);
CheckResult check_inputs(CheckBench& bench);
CheckResult check_load(CheckBench& bench);
CheckResult check_describe(CheckBench& bench);
CheckResult check_evaluate(CheckBench& bench);
CheckResult check_whole(CheckBench& bench);
CheckResult check_rules_max(CheckBench& bench);
CheckResult check_memory_max(CheckBench& bench);
CheckResult check_matches_max(CheckBench& bench);
CheckResult check_timeout(CheckBench& bench);
CheckResult check_kinds(CheckBench& bench);
CheckResult check_struct_size(CheckBench& bench);
CheckResult check_exact_bytes(CheckBench& bench);
CheckResult check_event_arrays(CheckBench& bench);
CheckResult check_reproducible(CheckBench& bench);
CheckResult check_independent(CheckBench& bench);
CheckResult check_reset(CheckBench& bench);
CheckResult check_unload(CheckBench& bench);
CheckResult check_process(CheckBench& bench);
CheckResult check_allocator(CheckBench& bench);
CheckResult check_coverage(CheckBench& bench);

}  // namespace firebreak::validator
