#pragma once

#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/base/error.hpp"
#include "core/base/json.hpp"
#include "sensor/sigma/events/event_tables.hpp"

namespace firebreak::sigma {

/// What one event may cost.
struct EventLimits {
    std::size_t depth_max = 32;
    std::size_t values_max = 8192;
    std::size_t bytes_max = 16U << 20U;  ///< Of all values and their names.
};

/// A name as names are compared: in lower case, with _ for a space ("Threat Name" is threat_name).
std::string folded_name(std::string_view name);

/// The values of one event by name, whatever way its source nests and spells them.
///
/// Nested members have dots ("userIdentity.arn"); an object or a list of objects is there as its
/// JSON text too. Several values of one name are one text, with ", " between them.
class EventValues {
public:
    struct Value {
        std::string text;
        bool integer = false;  ///< `text` is what JSON wrote as an integer.
    };

    /// Reads an event of any source. Adds $program, the program that a log line says it is from,
    /// and $syscall_name, what the audit system calls a system call.
    /// @returns Errc::kTooLarge past a limit.
    [[nodiscard]] static Result<EventValues> of_json(const json::object& event,
                                                     const EventLimits& limits = {});

    /// Reads an event of Windows in any of the forms of docs/events.md. The parts of System are
    /// EventID, Provider_Name, Channel, …; those of EventData and UserData have their own names.
    /// Adds what values hold in themselves: the hashes in Hashes, the lines "Name=Value" of
    /// PowerShell's events, and $registry_value for the value that a Security event 4657 is about.
    /// @returns Errc::kTooLarge past a limit.
    [[nodiscard]] static Result<EventValues> of_windows(const json::object& event,
                                                        const EventLimits& limits = {});

    /// @param name  Folded. "$values" is every value of the event, "$data" those of EventData and
    ///   UserData, one a line.
    /// @returns nullptr when there is none, or it is null.
    const Value* find(const std::string& name) const;

    // For the readers of event forms in event_values.cpp and windows_values.cpp.

    /// Adds a scalar; another of the same name is joined to it. Null adds nothing.
    void add(std::string_view name, const json::value& value);
    void add_text(std::string_view name, std::string text);
    /// Adds `value` and everything below it.
    void add_tree(std::string_view name, const json::value& value, std::size_t depth);
    /// Adds a text to $data.
    void add_data(std::string_view text);
    /// Why this is not to be used: past a limit.
    bool too_large() const { return too_large_; }

private:
    explicit EventValues(const EventLimits& limits) : limits_(limits) {}
    bool spend(std::size_t bytes);
    void put(std::string_view name, std::string text, bool integer);

    EventLimits limits_;
    std::unordered_map<std::string, Value> values_;
    std::size_t bytes_ = 0;
    bool too_large_ = false;
};

/// Whether an event is one of Windows in a form that of_windows() reads.
bool is_windows_event(const json::object& event);

}  // namespace firebreak::sigma
