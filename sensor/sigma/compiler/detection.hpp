#pragma once

#include <map>
#include <optional>
#include <string>

#include "core/base/json.hpp"
#include "sensor/sigma/compiler/condition.hpp"
#include "sensor/sigma/compiler/reporter.hpp"
#include "sensor/sigma/compiler/term.hpp"
#include "sensor/sigma/events/event_contract.hpp"

namespace firebreak::sigma {

/// Caps on what one rule may become, whatever it is written as.
struct RuleLimits {
    std::size_t terms_max = ProgramLimits{}.nodes_per_rule_max / 2;
    std::size_t operand_bytes_max = 8U << 20U;
    std::size_t regexes_max = 1000;
    std::size_t detections_max = 1000;
};

/// Turns the detections of one rule into terms over the fields of one contract.
class DetectionCompiler {
public:
    DetectionCompiler(const EventContract& contract, Reporter& reporter)
        : contract_(contract), reporter_(reporter) {}

    /// The detection at `pointer`: a map (and), a list (or), or one keyword. @returns nothing after
    /// an error, which has been reported.
    std::optional<Term> compile(const json::value& detection, const std::string& pointer);

private:
    std::optional<Term> compile_map(const json::object& map, const std::string& pointer);
    std::optional<Term> compile_item(const FieldKey& key, const json::value& value,
                                     const std::string& pointer);
    std::optional<Term> compile_list(const FieldKey& key, const json::array& values,
                                     const std::string& pointer);
    std::optional<Term> compile_value(const FieldKey& key, const json::value& value,
                                      const std::string& pointer);
    std::optional<Term> compile_text(const FieldKey& key, std::string_view value,
                                     const std::string& pointer);
    std::optional<Term> compile_null(const FieldKey& key, const std::string& pointer);
    tl::expected<std::vector<Predicate>, Refusal> predicates_of(const FieldKey& key,
                                                                std::string_view value);
    tl::expected<std::vector<Predicate>, Refusal> text_predicates(const FieldKey& key,
                                                                  std::string_view value);
    tl::expected<Predicate, Refusal> typed_predicate(const FieldKey& key, std::string_view value);
    tl::expected<Predicate, Refusal> regex_predicate(const FieldKey& key, std::string_view value);
    tl::expected<Predicate, Refusal> reference(const FieldKey& key, std::string_view value);

    /// Counts what a value has become against the rule's limits.
    tl::expected<void, Refusal> account(const std::vector<Predicate>& predicates);
    Predicate question(const FieldKey& key) const;
    bool find_field(const FieldKey& key, const std::string& pointer);
    Refusal unknown_field(std::string_view name) const;

    const EventContract& contract_;
    Reporter& reporter_;
    RuleLimits limits_;
    std::size_t terms_ = 0;
    std::size_t operand_bytes_ = 0;
    std::size_t regexes_ = 0;
};

/// `condition` over the terms of the detections it names.
///
/// @returns nothing when it would have more than `nodes_max` nodes.
std::optional<Term> assembled(const Condition& condition, const std::map<std::string, Term>& terms,
                              std::size_t nodes_max);

}  // namespace firebreak::sigma
