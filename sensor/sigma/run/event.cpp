#include "sensor/sigma/run/event.hpp"

#include <charconv>
#include <cstring>

namespace firebreak::sigma {
namespace {

/// An integer in decimal, a sign included, is no longer than this.
constexpr std::size_t kDigitsMax = 24;

}  // namespace

void fold_into(std::string_view text, char* out) {
    // By blocks of a fixed size, which compilers have vector instructions for.
    std::array<char, 16> block{};
    while (text.size() >= block.size()) {
        std::memcpy(block.data(), text.data(), block.size());
        for (char& c : block) c = fold(c);
        std::memcpy(out, block.data(), block.size());
        text.remove_prefix(block.size());
        out += block.size();
    }
    for (const char c : text) *out++ = fold(c);
}

const Event::Value Event::kAbsent{};

Event::Event(std::size_t fields_max, std::size_t bytes_max)
    : values_(fields_max), buffer_(bytes_max + fields_max * kDigitsMax), bytes_max_(bytes_max) {}

fb_status Event::take(std::span<const fb_field> fields) {
    taken_ = 0;
    if (fields.size() > values_.size()) return FB_LIMIT;
    std::size_t begin = 0;
    std::size_t bytes_left = bytes_max_;
    for (std::size_t i = 0; i < fields.size(); ++i) {
        Value& value = values_[i];
        if (const fb_status status = take_field(fields[i], value); status != FB_OK) return status;
        const bool own = value.text.data() == value.digits.data();
        if (!own && value.text.size() > bytes_left) return FB_LIMIT;
        if (!own) bytes_left -= value.text.size();
        value.begin = begin;
        begin += value.text.size();
    }
    taken_ = fields.size();
    return FB_OK;
}

fb_status Event::take_field(const fb_field& field, Value& value) {
    value.present = field.type != FB_FIELD_ABSENT;
    value.is_integer = field.type == FB_FIELD_INTEGER;
    value.folded = false;
    value.integer = field.integer;
    value.text = {};
    switch (field.type) {
        case FB_FIELD_ABSENT: return FB_OK;
        case FB_FIELD_BOOLEAN:
            if (field.integer != 0 && field.integer != 1) return FB_REFUSED;
            value.text = field.integer == 1 ? "true" : "false";
            return FB_OK;
        case FB_FIELD_INTEGER: {
            char* const begin = value.digits.data();
            const auto end = std::to_chars(begin, begin + kDigitsMax, field.integer).ptr;
            value.text = {begin, static_cast<std::size_t>(end - begin)};
            return FB_OK;
        }
        case FB_FIELD_TEXT:
        case FB_FIELD_BYTES:
            if (field.length == 0) return FB_OK;
            if (field.data == nullptr) return FB_REFUSED;
            value.text = {reinterpret_cast<const char*>(field.data), field.length};
            return FB_OK;
        default: return FB_REFUSED;
    }
}

std::string_view Event::folded(std::size_t field) {
    if (field >= taken_) return {};
    Value& value = values_[field];
    char* const begin = buffer_.data() + value.begin;
    if (!value.folded) fold_into(value.text, begin);
    value.folded = true;
    return {begin, value.text.size()};
}

std::optional<std::int64_t> Event::integer(std::size_t field) const {
    const Value& found = value(field);
    if (found.is_integer) return found.integer;
    return parse_integer(found.text);
}

std::size_t Event::memory_bytes() const {
    return values_.capacity() * sizeof(Value) + buffer_.capacity();
}

std::optional<std::int64_t> parse_integer(std::string_view text) {
    int base = 10;
    if (text.starts_with("0x") || text.starts_with("0X")) {
        text.remove_prefix(2);
        base = 16;
        if (text.starts_with('-')) return std::nullopt;
    }
    std::int64_t value = 0;
    const char* const end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, value, base);
    if (error != std::errc{} || stop != end) return std::nullopt;
    return value;
}

}  // namespace firebreak::sigma
