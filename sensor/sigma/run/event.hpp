#pragma once

#include <array>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sensor/sensor.h"

namespace firebreak::sigma {

/// `c`, with A-Z as a-z; every other byte as it is.
constexpr char fold(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
}

/// `text` folded into `out`, which is as long.
void fold_into(std::string_view text, char* out);

/// The fields of one event, as far as rules may look: the only way in the interpreter to a field.
///
/// Whoever asks for a field past those taken gets one that is absent. (The verifier refuses rules
/// that would, and take() events that are short; this is the third lock on the door.)
///
/// All memory is taken by the constructor. Views last until the next take().
class Event {
public:
    /// Room for events of up to `fields_max` fields, of `bytes_max` bytes together.
    Event(std::size_t fields_max, std::size_t bytes_max);

    /// Checks `fields` and holds on to them; they must stay where they are.
    ///
    /// @returns FB_REFUSED for a field whose type or pointer breaks sensor.h, FB_LIMIT past a bound
    ///   of the constructor. The event is then without fields.
    fb_status take(std::span<const fb_field> fields);

    std::size_t field_count() const { return taken_; }
    bool present(std::size_t field) const { return value(field).present; }

    /// The value as text: an integer in decimal, a boolean as "true" or "false"; empty when absent.
    std::string_view text(std::size_t field) const { return value(field).text; }
    /// text(), folded. Folds at the first call for a field.
    std::string_view folded(std::size_t field);
    /// The value as an integer, where it is one or can be read as one.
    std::optional<std::int64_t> integer(std::size_t field) const;

    /// What this object takes, in bytes.
    std::size_t memory_bytes() const;

private:
    struct Value {
        bool present = false;
        bool is_integer = false;
        bool folded = false;
        std::int64_t integer = 0;
        std::string_view text;
        std::size_t begin = 0;  ///< Where in buffer_ the folded text has its place.
        std::array<char, 24> digits{};
    };

    static const Value kAbsent;

    const Value& value(std::size_t field) const {
        return field < taken_ ? values_[field] : kAbsent;
    }
    fb_status take_field(const fb_field& field, Value& value);

    std::vector<Value> values_;
    std::vector<char> buffer_;
    std::size_t bytes_max_;
    std::size_t taken_ = 0;
};

/// Decimal digits with an optional minus, or hexadecimal digits after 0x: all of `text`, and in the
/// range of the type.
std::optional<std::int64_t> parse_integer(std::string_view text);

}  // namespace firebreak::sigma
