#pragma once

#include <span>
#include <string_view>

#include "sensor/sigma/events/field_type.hpp"

namespace firebreak::sigma {

struct SuppliedField {
    std::string_view name;
    FieldType type = FieldType::kText;
};

struct SuppliedContract {
    std::string_view contract;  ///< "process_creation_windows/v1".
    std::span<const SuppliedField> fields;
};

/// What the integration of this build really supplies: for each contract, the fields that
/// map_event() fills, in order. Made from the same rows that map_event() runs on, and not from the
/// contracts, so that an engine's manifest tells the truth even where a contract says otherwise.
/// By contract id. A file of its own without JSON, YAML or exceptions: the engine links it.
std::span<const SuppliedContract> supplied_contracts();

}  // namespace firebreak::sigma
