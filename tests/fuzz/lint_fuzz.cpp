// Any bytes as YARA source, as a Sigma rule file and as a regular expression, through the lint's
// readers. Property: they end, and whatever they weigh has a weight that they know.

#include <cstdint>

#include "core/base/check.hpp"
#include "validator/stages/lint/regex_tree.hpp"
#include "validator/stages/lint/rule_facts.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace firebreak;
    using namespace firebreak::validator::lint;
    for (const char* type : {"yara-source", "sigma-binary"}) {
        content::Bundle bundle;
        bundle.manifest.content_type = type;
        bundle.files.push_back({"a", Bytes(data, data + size)});
        const ContentFacts facts = read_facts(bundle);
        FIREBREAK_CHECK(facts.understood);
        for (const RuleFacts& rule : facts.rules) {
            FIREBREAK_CHECK(rule.demand <= kDemandUnknown || rule.demand == kNeverTrue);
            FIREBREAK_CHECK(!rule.criteria.empty());
            for (const RegexFact& regex : rule.regexes) {
                if (const auto tree = parse_regex(regex.source)) (void)backtracking_risk(*tree);
            }
        }
    }
    if (const auto tree = parse_regex(text_of({data, size}))) {
        FIREBREAK_CHECK(demanded_bytes(*tree) <= kDemandUnknown);
        (void)backtracking_risk(*tree);
    }
    return 0;
}
