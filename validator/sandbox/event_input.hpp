#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/bytes.hpp"
#include "core/base/error.hpp"
#include "sensor/host/engine.hpp"
#include "sensor/sensor.h"

namespace firebreak::validator {

/// One event in the shape of one contract. Owns what its fields point to.
struct EventInput {
    std::string contract;
    std::vector<fb_field> fields;
    std::vector<std::unique_ptr<std::string>> storage;
    /// How many fields the engine is to be given; nullopt: as many as its build supplies.
    std::optional<std::size_t> field_count{};
};

/// Reads an input of an event engine: one JSON object. Either an event as its source wrote it,
/// which is mapped to every contract it fits as a sensor would do it (event_reader.hpp), or an
/// event of any contract, known to us or not, by position:
///
///     {"contract": "ipc_template/v1", "values": ["text", 7, true, null, {"hex": "ff00"}]}
///
/// {"hex": …} is text of any bytes, {"bytes": …} the same as FB_FIELD_BYTES. A third member,
/// "fields": 21, says how many fields the event has, absent ones behind the values, rather than as
/// many as the build supplies.
///
/// @returns no element when it fits no contract; Errc::kMalformed or Errc::kInvalid for what is no
///   event.
[[nodiscard]] Result<std::vector<EventInput>> read_event(ByteView document);

/// The second form, with one value.
Bytes event_with(std::string_view contract, std::string_view value);

/// How many fields of `contract` a build says that it supplies; 0: it does not supply it.
std::size_t fields_supplied(const sensor::CapabilityManifest& build, std::string_view contract);

/// Where the fields of an event stand while an engine looks at them: right before memory that may
/// not be touched, as far as any field number of 16 bits reaches, so that reading one too many is a
/// crash here and not on a device. What stands before the first of them is poison: text at an
/// address that no process has.
class FieldArea {
public:
    static constexpr std::size_t kFieldsMax = 4096;
    static constexpr std::size_t kFieldNumbers = 1U << 16U;

    /// @returns an errno when there is no memory for it.
    [[nodiscard]] static Result<FieldArea> make();

    FieldArea() = default;

    /// `count` fields: those given, then absent ones. @pre fields.size() <= count <= kFieldsMax.
    std::span<const fb_field> place(std::span<const fb_field> fields, std::size_t count);

private:
    fb_field* end_ = nullptr;  ///< The guard. Never unmapped: a worker has one area.
    std::size_t placed_ = 0;   ///< Fields placed last; all before them are poison.
};

}  // namespace firebreak::validator
