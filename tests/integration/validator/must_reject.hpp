#pragma once

#include <functional>
#include <string>
#include <vector>

#include "tests/integration/validator/judged_bundle.hpp"

namespace firebreak::validator::test {

/// A bundle that one rule of the validator, and in its stage that rule alone, rejects.
struct MustReject {
    std::string id;  ///< Of the finding.
    std::function<RunRequest(const Bench&)> request;
};

/// At least one for every finding of level error that judges a bundle.
std::vector<MustReject> must_reject_cases();

/// The stage that a finding id belongs to, by its hundreds: "FB502" and load.
std::string stage_of_finding(std::string_view id);

}  // namespace firebreak::validator::test
