#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/error.hpp"
#include "core/base/json.hpp"
#include "sensor/sensor.h"
#include "sensor/sigma/events/event_contract.hpp"

namespace firebreak::sigma {

/// One event in the shape of one contract: what an engine is given. Owns the bytes that the fields
/// point to.
struct MappedEvent {
    const EventContract* contract = nullptr;
    std::vector<fb_field> fields;  ///< As many as this build supplies for the contract.
    std::vector<std::unique_ptr<std::string>> storage;
};

/// Maps an event as its source writes it to the contracts it fits, by the mapping files in
/// schemas/mappings/: Windows events as JSON (Event.System and Event.EventData, as converters of
/// EVTX write them, and the flat form of log shippers), and flat or nested JSON of other sources.
/// A Sysmon registry event fits registry_set_windows and registry_event_windows, say: rules of both
/// apply.
///
/// @returns one element for each contract that fits, by contract id; none: no contract is for it.
///   Errc::kInvalid for JSON that is no event (not an object), with what to do.
[[nodiscard]] Result<std::vector<MappedEvent>> map_event(const json::value& event);

}  // namespace firebreak::sigma
