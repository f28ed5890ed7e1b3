#pragma once

#include <string>
#include <vector>

#include "core/base/digest.hpp"
#include "core/base/error.hpp"
#include "core/content/bundle.hpp"
#include "validator/sandbox/verdict.hpp"

namespace firebreak::validator {

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
    /// The finding is that memory grows when the last step (evaluating, or loading and unloading)
    /// is made over and over.
    bool grows = false;
    std::string expected_rule{};  ///< Where the finding is a match: the rule that must match again.
};

inline constexpr std::uint64_t kReproducerBytesMax = 128U << 20U;

Bytes serialize(const Reproducer& reproducer);

/// @returns the reproducer; Errc::kMalformed with the member's path; Errc::kUnsupported for another
///   format version; Errc::kTooLarge.
[[nodiscard]] Result<Reproducer> parse_reproducer(ByteView bytes);

}  // namespace firebreak::validator
