#include "validator/stages/coverage.hpp"

#include <algorithm>
#include <map>
#include <tuple>

#include "core/base/errc.hpp"
#include "sensor/sigma/program/capabilities.hpp"

namespace firebreak::validator {
namespace {

using Key = std::tuple<std::string, std::int64_t, std::string>;  ///< Rule, position, op.

constexpr std::int64_t kAnyPosition = -1;

Key key_of(const UsedField& used) {
    const std::int64_t at =
        used.field == sigma::kAnyField ? kAnyPosition : std::int64_t{used.field};
    return {used.place.rule, at, std::string(sigma::name_of(used.op))};
}

}  // namespace

std::string UsedField::name() const {
    const std::string which =
        field == sigma::kAnyField ? "any field" : "field " + std::to_string(field + 1);
    return which + " of " + contract + ", " + std::string(sigma::name_of(op));
}

std::vector<UsedField> used_fields(const std::vector<sigma::Program>& programs) {
    std::vector<UsedField> all;
    for (const sigma::Program& program : programs) {
        for (const sigma::Rule& rule : program.rules) {
            const std::size_t first = all.size();
            for (const sigma::Node& node : rule.nodes) {
                if (node.kind != sigma::Node::Kind::kPredicate) continue;
                const sigma::Predicate& predicate = program.predicates.at(node.predicate);
                const bool known =
                    std::any_of(all.begin() + static_cast<std::ptrdiff_t>(first), all.end(),
                                [&predicate](const UsedField& used) {
                                    return used.field == predicate.field && used.op == predicate.op;
                                });
                if (known) continue;
                all.push_back({.place = {.file = rule.file, .line = rule.line, .rule = rule.id},
                               .contract = program.contract,
                               .field = predicate.field,
                               .op = predicate.op});
            }
        }
    }
    return all;
}

Result<void> mark_read(const json::value& coverage, std::vector<UsedField>& used) {
    const Result<JsonObject> object = JsonObject::of(coverage, "coverage");
    if (!object) return fail(object.error());
    const Result<const json::array*> rules = object->array("rules");
    if (!rules) return fail(rules.error());
    std::map<Key, UsedField*> by_key;
    for (UsedField& field : used) by_key.emplace(key_of(field), &field);
    for (const json::value& element : **rules) {
        const Result<JsonObject> rule = JsonObject::of(element, "coverage.rules");
        if (!rule) return fail(rule.error());
        const Result<std::string> name = rule->string("name");
        if (!name) return fail(name.error());
        const Result<const json::array*> reads = rule->array("reads");
        if (!reads) return fail(reads.error());
        for (const json::value& one : **reads) {
            const Result<JsonObject> read = JsonObject::of(one, "coverage.rules.reads");
            if (!read) return fail(read.error());
            std::int64_t position = kAnyPosition;
            if (read->has("position")) {
                const auto at = read->integer("position", 0, sigma::kAnyField);
                if (!at) return fail(at.error());
                position = *at;
            }
            const Result<std::string> op = read->string("op");
            const Result<bool> met = read->boolean("met");
            const Result<bool> missed = read->boolean("missed");
            if (!op || !met || !missed) return fail(Errc::kInvalid, "coverage.rules.reads");
            const auto found = by_key.find({*name, position, *op});
            if (found == by_key.end()) continue;
            found->second->met |= *met;
            found->second->missed |= *missed;
        }
    }
    return {};
}

FieldCoverage summary_of(std::string build, std::uint64_t rules, std::uint64_t unsatisfied,
                         const std::vector<UsedField>& used) {
    FieldCoverage summary{.build = std::move(build),
                          .rules = rules,
                          .rules_matched = rules - unsatisfied,
                          .uses = used.size()};
    for (const UsedField& field : used) {
        if (field.met || field.missed) ++summary.read;
        if (field.met && field.missed) ++summary.both;
    }
    return summary;
}

}  // namespace firebreak::validator
