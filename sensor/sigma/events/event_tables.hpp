#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "sensor/sigma/events/field_type.hpp"

// The rows that make_tables.cpp writes at build time, out of schemas/events and schemas/mappings.
namespace firebreak::sigma {

struct ContractFieldRow {
    std::string_view name;
    FieldType type = FieldType::kText;
};

struct LogSourceRow {
    std::string_view product;
    std::string_view category;
    std::string_view service;
};

struct ContractRow {
    std::string_view name;
    std::uint32_t version = 1;
    std::span<const LogSourceRow> log_sources;
    std::span<const ContractFieldRow> fields;
};

/// By id.
std::span<const ContractRow> contract_rows();

enum class ConditionKind : std::uint8_t { kIs, kStarts, kNot, kPresent, kMissing };

struct ConditionRow {
    std::string_view field;
    ConditionKind kind = ConditionKind::kIs;
    std::span<const std::string_view> values;
};

struct ValueRow {
    std::string_view is;
    std::string_view means;
};

/// Where one field comes from; a field without such a row comes from the value of its own name.
struct SourceRow {
    std::uint16_t field = 0;
    std::span<const std::string_view> from;
    std::span<const ValueRow> values;
};

struct RouteRow {
    std::uint16_t supplied = 0;  ///< Its contract: position in supplied_contracts().
    std::span<const ConditionRow> when;
    std::span<const SourceRow> sources;  ///< By field.
};

enum class EventForm : std::uint8_t { kWindows, kJson };

struct MappingRow {
    std::string_view name;
    EventForm form = EventForm::kJson;
    std::span<const RouteRow> routes;
};

/// By name.
std::span<const MappingRow> mapping_rows();

}  // namespace firebreak::sigma
