#include "validator/stages/needs.hpp"

#include <algorithm>
#include <charconv>
#include <set>

#include "sensor/sigma/program/capabilities.hpp"

namespace firebreak::validator {
namespace {

/// "process_creation/v1:21" taken apart; the arity is 0 where none is given.
std::pair<std::string, std::uint16_t> contract_of(std::string_view text) {
    const std::size_t colon = text.rfind(':');
    std::uint16_t arity = 0;
    if (colon != std::string_view::npos) {
        const std::string_view digits = text.substr(colon + 1);
        std::from_chars(digits.data(), digits.data() + digits.size(), arity);
    }
    return {std::string(text.substr(0, colon)), arity};
}

/// The highest field that `rule` reads, counted from one.
std::uint16_t fields_read(const sigma::Program& program, const sigma::Rule& rule) {
    std::uint16_t highest = 0;
    for (const sigma::Node& node : rule.nodes) {
        if (node.kind != sigma::Node::Kind::kPredicate) continue;
        const sigma::Predicate& predicate = program.predicates.at(node.predicate);
        // A keyword reads every field there is.
        const int last = predicate.field == sigma::kAnyField
                             ? program.arity - 1
                             : std::max(predicate.field, predicate.other_field);
        highest = std::max(highest, static_cast<std::uint16_t>(last + 1));
    }
    return highest;
}

void add_program(const sigma::Program& program, ContractNeed& need) {
    need.arity = std::max(need.arity, program.arity);
    for (const sigma::Rule& rule : program.rules) {
        const std::uint16_t read = fields_read(program, rule);
        if (read < need.fields_read) continue;
        if (read > need.fields_read) need.furthest.clear();
        need.fields_read = read;
        need.furthest.push_back({.file = rule.file, .line = rule.line, .rule = rule.id});
    }
}

}  // namespace

ContentNeeds needs_of(const content::Bundle& bundle) {
    const content::Manifest& manifest = bundle.manifest;
    ContentNeeds needs;
    for (const std::string& claimed : manifest.contracts) {
        const auto [name, arity] = contract_of(claimed);
        needs.contracts[name].arity = arity;
    }
    std::set<std::string> capabilities(manifest.capabilities.begin(), manifest.capabilities.end());
    std::set<std::string> unclaimed;
    for (const content::ContentFile& file : bundle.files) {
        needs.bytes += file.bytes.size();
        if (manifest.content_type != sigma::kContentType) continue;
        const Result<sigma::Program> program = sigma::read_program(file.bytes);
        if (!program) continue;
        needs.rules += program->rules.size();
        add_program(*program, needs.contracts[program->contract]);
        const std::string contract = sigma::contract_of(program->contract, program->arity);
        if (std::ranges::find(manifest.contracts, contract) == manifest.contracts.end()) {
            unclaimed.insert("contract " + contract + ", which " + file.name + " reads");
        }
        for (std::string& capability : sigma::capabilities_of(*program)) {
            if (capabilities.insert(capability).second) {
                unclaimed.insert("capability " + capability + ", which " + file.name + " uses");
            }
        }
    }
    needs.capabilities.assign(capabilities.begin(), capabilities.end());
    needs.unclaimed.assign(unclaimed.begin(), unclaimed.end());
    return needs;
}

}  // namespace firebreak::validator
