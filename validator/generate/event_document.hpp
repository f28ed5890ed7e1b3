#pragma once

#include <optional>
#include <string_view>

#include "core/base/bytes.hpp"
#include "sensor/sigma/program/reference.hpp"

namespace firebreak::validator {

/// `event` as an input of an event engine: the form by position that read_event() takes. Where this
/// build's own table knows the contract, numbers are given as the table says, text or integer.
///
/// @param supplied  What the engine's build supplies: values past it are left out, as they are on a
///                  device.
/// @param fields    How many fields to give, where that is to be another number.
Bytes event_document(std::string_view contract, const sigma::ReferenceEvent& event,
                     std::size_t supplied, std::optional<std::size_t> fields = std::nullopt);

}  // namespace firebreak::validator
