#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/error.hpp"
#include "sensor/host/calls.hpp"

namespace firebreak::validator {

/// How one call into an engine ended, as seen from outside its process. The names (to_string) are
/// in reports and reproducers: add at the end, never rename.
enum class Outcome : std::uint8_t {
    kAccepted,       ///< Returned ok within every limit.
    kRefused,        ///< The engine looked and said no.
    kFailed,         ///< Returned another status, or gave up: an outage, never "no match".
    kCrashed,        ///< Killed by a signal; `detail` holds its number.
    kExited,         ///< Ended by itself without an answer; `detail` holds the exit code.
    kTimedOut,       ///< Still running at the CPU or the wall-clock limit.
    kOutOfMemory,    ///< Died at, or was killed past, the memory limit.
    kForbiddenCall,  ///< Made a system call outside the policy; `detail` holds its number, -1
                     ///< where the kernel did not say.
    kBrokenAnswer,   ///< Answered with something that is not the protocol, or too much of it.
    kNotRun,         ///< The sandbox could not be set up. Says nothing about the content.
};

std::string_view to_string(Outcome outcome);

/// @returns the outcome of that name, or Errc::kMalformed.
[[nodiscard]] Result<Outcome> outcome_of(std::string_view name);

/// The outcome that the end of an engine's program amounts to.
Outcome outcome_of(const sensor::ProgramEnd& end);

/// One call, as evidence.
struct Verdict {
    Outcome outcome = Outcome::kNotRun;
    std::int32_t detail = 0;          ///< Signal, exit code or system call; 0 where none applies.
    std::chrono::microseconds cpu{};  ///< User plus system time the worker spent on it.
    std::uint64_t memory_peak_bytes = 0;  ///< Of the worker so far; 0 when not measured.
    /// The engine's own words, made printable; or what the sandbox met. The same in every run that
    /// goes the same way: see steady_words().
    std::string message{};
    std::string measured{};  ///< Times that the outcome rests on, which no two runs share.
};

/// Only kAccepted lets content through. Everything else, kNotRun above all, holds it: a validator
/// that could not look has not approved.
constexpr bool passes(const Verdict& verdict) {
    return verdict.outcome == Outcome::kAccepted;
}

/// True when the worker is gone after this outcome.
constexpr bool ends_worker(Outcome outcome) {
    return outcome != Outcome::kAccepted && outcome != Outcome::kRefused &&
           outcome != Outcome::kFailed;
}

/// "crashed (SIGSEGV)", "forbidden call (socket)", "refused: rules.yar:3: …": for people. Without
/// what was measured.
std::string describe(const Verdict& verdict);

/// What a dying engine said, without what differs from run to run: addresses and process ids.
/// Places in a library ("+0x1139") stay.
std::string steady_words(std::string_view words);

}  // namespace firebreak::validator
