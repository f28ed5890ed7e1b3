#include "sensor/sigma/compiler/compiler.hpp"

#include <algorithm>
#include <map>
#include <tuple>

#include "sensor/sigma/compiler/rule_file.hpp"

namespace firebreak::sigma {
namespace {

std::string place_of(const Rule& rule) {
    return rule.file + ":" + std::to_string(rule.line);
}

/// Takes out the rules whose id another one has too: which of them was meant, only their authors
/// know. @pre `rules` is sorted by id.
void drop_duplicates(std::vector<CompiledRule>& rules, std::vector<CompileMessage>& messages) {
    std::vector<CompiledRule> kept;
    for (std::size_t at = 0; at < rules.size();) {
        std::size_t end = at + 1;
        while (end < rules.size() && rules[end].rule.id == rules[at].rule.id) ++end;
        if (end == at + 1) {
            kept.push_back(std::move(rules[at]));
        } else {
            for (std::size_t i = at; i < end; ++i) {
                const Rule& other = rules[i == at ? at + 1 : at].rule;
                messages.push_back({.file = rules[i].rule.file,
                                    .line = rules[i].rule.line,
                                    .reason = "duplicate-id",
                                    .text = "the id " + rules[i].rule.id + " is also that of " +
                                            place_of(other) + "; give one of them a new id"});
            }
        }
        at = end;
    }
    rules = std::move(kept);
}

/// @pre `rules` are those of one contract, sorted by id.
Program program_of(const EventContract& contract, std::vector<CompiledRule*>& rules) {
    Program program;
    program.contract = contract.id();
    program.arity = static_cast<std::uint16_t>(contract.fields.size());
    PredicateTable table;
    for (CompiledRule* compiled : rules) {
        compiled->rule.nodes = nodes_of(compiled->logic, table);
        program.rules.push_back(std::move(compiled->rule));
    }
    program.predicates = table.take();
    return program;
}

}  // namespace

Compiled compile_against(const std::vector<RuleSource>& sources,
                         const std::vector<EventContract>& contracts) {
    Compiled compiled;
    compiled.rules_seen = sources.size();
    std::vector<CompiledRule> rules;
    for (const RuleSource& source : sources) {
        std::optional<CompiledRule> rule = compile_rule(source, contracts, compiled.messages);
        if (rule) rules.push_back(std::move(*rule));
    }
    std::ranges::sort(rules, {},
                      [](const CompiledRule& one) { return std::tie(one.rule.id, one.rule.file); });
    drop_duplicates(rules, compiled.messages);
    compiled.rules_compiled = rules.size();

    std::map<std::string, std::vector<CompiledRule*>> by_contract;
    for (CompiledRule& rule : rules) by_contract[rule.contract->id()].push_back(&rule);
    for (auto& [id, members] : by_contract) {
        compiled.programs.push_back(program_of(*members.front()->contract, members));
    }
    std::ranges::stable_sort(compiled.messages, {}, [](const CompileMessage& message) {
        return std::tie(message.file, message.line, message.column, message.text);
    });
    return compiled;
}

Compiled compile(const std::vector<RuleSource>& sources) {
    return compile_against(sources, event_contracts());
}

}  // namespace firebreak::sigma
