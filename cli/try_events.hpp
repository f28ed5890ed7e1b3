#pragma once

#include <functional>
#include <string>

#include "core/base/error.hpp"
#include "core/base/json.hpp"

namespace firebreak::cli {

/// One event of a file.
struct TriedEvent {
    std::string place;       ///< "events.jsonl:3", by its line; "events.json:1[2]" in an array.
    std::size_t number = 0;  ///< Of all events, from 1.
    json::value value;
};

/// Reads a file of events: JSON objects, or arrays of them, one after the other, on a line each or
/// not. Calls `visit` for each in order, until it fails.
///
/// @param number  The number of the last event before, and afterwards.
/// @returns Errc::kBadInput with "file:line:column: reason" for what is not JSON.
[[nodiscard]] Result<void> each_event(const std::string& name, std::string_view text,
                                      std::size_t& number,
                                      const std::function<Result<void>(const TriedEvent&)>& visit);

}  // namespace firebreak::cli
