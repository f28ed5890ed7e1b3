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
/// apply. An object of nothing but "contract" (its id) and "fields" says itself what it is.
///
/// A value that JSON has as null, or not at all, is absent. A field of type integer is given as an
/// integer wherever its value is one, in decimal or as 0x hexadecimal, and as text elsewhere ("-").
///
/// Limits: EventLimits in event_values.hpp.
/// @returns one element for each contract that fits, by contract id; none: no contract is for it.
///   Errc::kInvalid for JSON that is no event (not an object), with what to do; Errc::kTooLarge.
[[nodiscard]] Result<std::vector<MappedEvent>> map_event(const json::value& event);

/// Takes an event for one of `contract`, whatever it looks like: each field by its own name.
///
/// @returns Errc::kInvalid for what is not an object, Errc::kTooLarge.
[[nodiscard]] Result<MappedEvent> map_event_as(const EventContract& contract,
                                               const json::value& event);

/// @returns the contract of an id such as "process_creation_windows/v1" (or a name alone: its
///   newest version), or nullptr.
const EventContract* contract_named(std::string_view id);

}  // namespace firebreak::sigma
