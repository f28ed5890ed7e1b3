#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "validator/stages/lint/rule_facts.hpp"

namespace firebreak::validator::lint {

/// What a YARA condition can speak of.
struct ConditionNames {
    /// In the order of the source; several may be called "$".
    std::vector<std::pair<std::string, Demand>> strings;
    /// Rules before this one in its file.
    const std::map<std::string, Demand, std::less<>>& rules;
};

/// How much of a file `tokens` (SourceRule::condition_tokens) pins down before it is true.
///
/// Understood are and, or, not, brackets, strings and their counts, "of", and what only looks at
/// the file's size or its first bytes. Everything else counts as kDemandUnknown: a condition that
/// cannot be weighed is never called empty.
///
/// Limits: brackets 64 deep; past that kDemandUnknown.
Demand demand_of_condition(const std::vector<std::string>& tokens, const ConditionNames& names);

}  // namespace firebreak::validator::lint
