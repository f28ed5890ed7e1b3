#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "core/base/digest.hpp"
#include "core/base/error.hpp"
#include "core/content/bundle.hpp"
#include "validator/sandbox/executor.hpp"

namespace firebreak::validator {

/// What an input may take, where the finding is that it takes more.
struct ReproducedCost {
    /// The same from 2 KiB of repetitions on, doubled each time; the input itself comes last.
    std::vector<Bytes> smaller{};
    std::chrono::milliseconds cpu_max{};
    std::uint64_t memory_bytes_max = 0;

    static constexpr std::size_t kSmallerMax = 16;
};

/// One misbehaviour, in one self-contained file: content, input, and what is to be expected. JSON
/// with base64 inside; docs/findings.md describes it.
struct Reproducer {
    std::string finding;  ///< "FB502".
    Sha256 engine;        ///< The build it was seen in.
    std::vector<content::ContentFile> files{};
    bool evaluates = false;  ///< Load and then scan `input`, rather than only load.
    std::string input_name{};
    Bytes input{};
    Outcome expected = Outcome::kAccepted;
    std::int32_t expected_signal = 0;  ///< Of a crash; 0: any.
    /// The finding is that memory grows when the last step (evaluating, or loading and unloading)
    /// is made over and over.
    bool grows = false;
    /// The finding is what evaluating costs, and not how it ends.
    std::optional<ReproducedCost> cost{};
    std::string expected_rule{};  ///< Where the finding is a match: the rule that must match again.
    /// Its input shows it as a whole only, and cannot be made smaller. Not part of the file.
    bool whole = false;
    std::string missed_rule{};  ///< Where it is none: the rule that must not match again.

    /// Expects what was seen, a crash by its signal.
    void expect(const Verdict& seen) {
        expected = seen.outcome;
        expected_signal = seen.outcome == Outcome::kCrashed ? seen.detail : 0;
    }
};

/// Whether a run of the reproducer's last step is what it expects.
///
/// @param costs  Whether it cost as much again, where the reproducer is about that (grows, cost).
bool shows(const Reproducer& reproducer, const EvaluateRun& run, bool costs);

inline constexpr std::uint64_t kReproducerBytesMax = 128U << 20U;

Bytes serialize(const Reproducer& reproducer);

/// @returns the reproducer; Errc::kMalformed with the member's path; Errc::kUnsupported for another
///   format version; Errc::kTooLarge.
[[nodiscard]] Result<Reproducer> parse_reproducer(ByteView bytes);

}  // namespace firebreak::validator
