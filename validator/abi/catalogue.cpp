#include <algorithm>

#include "validator/abi/check.hpp"

namespace firebreak::validator {

std::string_view to_string(CheckResult::Kind kind) {
    switch (kind) {
        case CheckResult::Kind::kKept: return "kept";
        case CheckResult::Kind::kBroken: return "broken";
        case CheckResult::Kind::kNotPossible: return "not-possible";
        case CheckResult::Kind::kNotApplicable: return "not-applicable";
    }
    return "not-possible";
}

const std::vector<AbiCheck>& abi_checks() {
    static const std::vector<AbiCheck> checks{
        {"version", "speaks the versions it says and no other", false, false, &check_version},
        {"info", "gives the same manifest each time", false, false, &check_info},
        {"inputs", "supplies what its manifest declares, and nothing else", false, false,
         &check_inputs},
        {"load", "loads good content, whole", false, false, &check_load},
        {"describe", "describes its content: JSON, unique names, the same each time", true, false,
         &check_describe},
        {"evaluate", "answers every input that a sensor meets", true, false, &check_evaluate},
        {"whole", "refuses damaged content whole, and lives on", true, false, &check_whole},
        {"rules-max", "honours rules_max", true, false, &check_rules_max},
        {"memory-max", "honours memory_bytes_max, if it accounts memory", true, false,
         &check_memory_max},
        {"matches-max", "honours matches_max, and stops when told to", true, false,
         &check_matches_max},
        {"timeout", "stops when no time is left", true, false, &check_timeout},
        {"kinds", "refuses a kind of input that it does not know", true, false, &check_kinds},
        {"struct-size", "reads and writes nothing beyond a struct_size", true, false,
         &check_struct_size},
        {"exact-bytes", "reads nothing beyond a length, and takes NULL with length 0", true, false,
         &check_exact_bytes},
        {"event-arrays", "reads no field that an event does not have", true, false,
         &check_event_arrays},
        {"reproducible", "gives the same results for the same input, in every process", true, true,
         &check_reproducible},
        {"independent", "keeps contents apart", true, false, &check_independent},
        {"reset", "forgets earlier inputs on reset", true, false, &check_reset},
        {"unload", "gives everything back", true, false, &check_unload},
        {"process", "leaves the process as it was", true, false, &check_process},
        {"allocator", "uses the host's allocator, and survives its refusals", true, false,
         &check_allocator},
        {"coverage", "measures what its rules read, and changes no result by it", true, false,
         &check_coverage},
    };
    return checks;
}

const AbiCheck* find_abi_check(std::string_view id) {
    const auto found = std::ranges::find(abi_checks(), id, &AbiCheck::id);
    return found == abi_checks().end() ? nullptr : &*found;
}

}  // namespace firebreak::validator
