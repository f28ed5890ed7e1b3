#pragma once

#include <string>
#include <vector>

#include "sensor/sensor.h"
#include "sensor/sigma/program/reference.hpp"
#include "sensor/sigma/run/rule_set.hpp"

namespace firebreak::sigma::test {

inline fb_field text_field(std::string_view text) {
    return {FB_FIELD_TEXT, 0, 0, reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

/// `event` as a sensor gives it. Points into it.
inline std::vector<fb_field> fields_of(const ReferenceEvent& event) {
    std::vector<fb_field> fields;
    for (const ReferenceValue& value : event) {
        fb_field field{};
        if (const auto* text = std::get_if<std::string>(&value)) field = text_field(*text);
        if (const auto* integer = std::get_if<std::int64_t>(&value)) {
            field.type = FB_FIELD_INTEGER;
            field.integer = *integer;
        }
        if (const auto* boolean = std::get_if<bool>(&value)) {
            field.type = FB_FIELD_BOOLEAN;
            field.integer = *boolean ? 1 : 0;
        }
        fields.push_back(field);
    }
    return fields;
}

inline Budget long_budget() {
    return {std::chrono::hours(1), &std::chrono::steady_clock::now};
}

/// What the interpreter matches: rule ids, or the status when it is not FB_OK.
inline std::vector<std::string> run_rules(RuleSet& rules, const ReferenceEvent& event) {
    const std::vector<fb_field> fields = fields_of(event);
    Event taken(fields.size(), 1U << 20U);
    if (const fb_status status = taken.take(fields); status != FB_OK) {
        return {"take: " + std::to_string(status)};
    }
    std::vector<std::string> ids;
    const auto on_match = [&ids](const RuleMatch& match) {
        ids.push_back(match.rule.id);
        return true;
    };
    Budget budget = long_budget();
    const fb_status status = rules.evaluate(taken, budget, on_match);
    if (status != FB_OK) return {"evaluate: " + std::to_string(status)};
    return ids;
}

}  // namespace firebreak::sigma::test
