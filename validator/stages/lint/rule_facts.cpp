#include "validator/stages/lint/rule_facts.hpp"

#include <algorithm>

#include "core/base/digest.hpp"

namespace firebreak::validator::lint {

Demand demand_of_all(Demand one, Demand other) {
    if (one == kNeverTrue || other == kNeverTrue) return kNeverTrue;
    return std::min(one + other, kDemandUnknown);
}

Demand demand_of_any(Demand one, Demand other) {
    return std::min(one, other);
}

Demand demand_of_not(Demand demand) {
    // What is true unless something is there asks for nothing. Only "not true" is false.
    return demand == 0 ? kDemandUnknown : 0;
}

std::uint64_t short_digest(std::string_view text) {
    const Sha256 digest = sha256(bytes_of(text));
    std::uint64_t value = 0;
    for (std::size_t index = 0; index < sizeof value; ++index) {
        value = value << 8U | digest.bytes.at(index);
    }
    return value;
}

std::vector<std::string> actions_of(const content::Manifest& manifest) {
    return manifest.actions.empty() ? std::vector<std::string>{"report"} : manifest.actions;
}

ContentFacts read_facts(const content::Bundle& bundle) {
    ContentFacts facts;
    const std::string& type = bundle.manifest.content_type;
    if (type != "yara-source" && type != "sigma-binary") return facts;
    facts.understood = true;
    const std::vector<std::string> actions = actions_of(bundle.manifest);
    for (const content::ContentFile& file : bundle.files) {
        if (type == "yara-source") {
            read_yara_file(file, actions, facts);
        } else {
            read_sigma_file(file, actions, facts);
        }
    }
    return facts;
}

}  // namespace firebreak::validator::lint
