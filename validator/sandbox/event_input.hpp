#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/bytes.hpp"
#include "core/base/error.hpp"
#include "sensor/sensor.h"

namespace firebreak::validator {

/// One event in the shape of one contract. Owns what its fields point to.
struct EventInput {
    std::string contract;
    std::vector<fb_field> fields;
    std::vector<std::unique_ptr<std::string>> storage;
};

/// Reads an input of an event engine: one JSON object. Either an event as its source wrote it,
/// which is mapped to every contract it fits as a sensor would do it (event_reader.hpp), or an
/// event of any contract, known to us or not, by position:
///
///     {"contract": "ipc_template/v1", "values": ["text", 7, true, null]}
///
/// @returns no element when it fits no contract; Errc::kMalformed or Errc::kInvalid for what is no
///   event.
[[nodiscard]] Result<std::vector<EventInput>> read_event(ByteView document);

/// The second form, with one value.
Bytes event_with(std::string_view contract, std::string_view value);

/// Where the fields of an event stand while an engine looks at them: right before a page that may
/// not be touched, so that reading one too many is a crash here and not on a device.
class FieldArea {
public:
    static constexpr std::size_t kFieldsMax = 4096;

    /// @returns an errno when there is no memory for it.
    [[nodiscard]] static Result<FieldArea> make();

    FieldArea() = default;

    /// `count` fields: those given, then absent ones. @pre fields.size() <= count <= kFieldsMax.
    std::span<const fb_field> place(std::span<const fb_field> fields, std::size_t count);

private:
    fb_field* end_ = nullptr;  ///< The page. Never unmapped: a worker has one area.
};

}  // namespace firebreak::validator
