#pragma once

#include <gtest/gtest.h>
#include <string>
#include <string_view>
#include <vector>

#include "sensor/sigma/events/event_reader.hpp"

namespace firebreak::sigma {

inline std::vector<MappedEvent> mapped(std::string_view text) {
    const Result<json::value> event = parse_json(text);
    EXPECT_TRUE(event) << event.error().to_string();
    if (!event) return {};
    Result<std::vector<MappedEvent>> mapped = map_event(*event);
    EXPECT_TRUE(mapped) << mapped.error().to_string();
    return mapped ? std::move(*mapped) : std::vector<MappedEvent>{};
}

inline std::vector<std::string> contracts_of(const std::vector<MappedEvent>& events) {
    std::vector<std::string> names;
    for (const MappedEvent& event : events) names.push_back(event.contract->name);
    return names;
}

/// A field as a test reads it: its text, "#1" for an integer, "absent", "no such field".
inline std::string field(const MappedEvent& event, std::string_view name) {
    const std::optional<std::uint16_t> index = event.contract->find(name);
    if (!index) return "no such field";
    const fb_field& value = event.fields.at(*index);
    if (value.type == FB_FIELD_INTEGER) return "#" + std::to_string(value.integer);
    if (value.type != FB_FIELD_TEXT) return "absent";
    return std::string(reinterpret_cast<const char*>(value.data), value.length);
}

/// The field of the first event for a contract.
inline std::string field(const std::vector<MappedEvent>& events, std::string_view contract,
                         std::string_view name) {
    for (const MappedEvent& event : events) {
        if (event.contract->name == contract) return field(event, name);
    }
    return "not for this contract";
}

}  // namespace firebreak::sigma
