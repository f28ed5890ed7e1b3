#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/content/attestation.hpp"

namespace firebreak::content {

/// What writing and reading a statement have in common. Not for others.

inline constexpr std::string_view kStatementType = "https://in-toto.io/Statement/v1";

/// "admitted".
std::string_view name_of(Verdict verdict);

/// The lists of the predicate. A reader that knows nothing of Firebreak may take a warned test for
/// a good one, so whatever is no pass is listed as failed; what was not run is not listed.
struct TestLists {
    std::vector<std::string> passed, warned, failed;
};

TestLists lists_of(const std::vector<AttestedStage>& stages);

/// "PASSED", "WARNED" or "FAILED".
std::string_view result_of(const Attestation& attestation);

}  // namespace firebreak::content
