#pragma once

#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>

namespace firebreak::sensor_kit {

/// Writes one JSON text (RFC 8259), for engines, which link no library of the host's.
///
/// The caller opens and closes in the right order and gives every member its key; commas come by
/// themselves. Text that is not UTF-8 byte by byte comes out as U+FFFD, so the result always parses.
class JsonWriter {
public:
    JsonWriter& open_object() { return open('{'); }
    JsonWriter& close_object() { return close('}'); }
    JsonWriter& open_array() { return open('['); }
    JsonWriter& close_array() { return close(']'); }

    JsonWriter& key(std::string_view name) {
        separate();
        quote(name);
        out_ += ':';
        first_ = true;
        return *this;
    }

    JsonWriter& value(std::string_view text) {
        separate();
        quote(text);
        return *this;
    }
    JsonWriter& value(const char* text) { return value(std::string_view(text)); }
    JsonWriter& value(std::int64_t number) { return raw(std::to_string(number)); }
    JsonWriter& value(std::uint64_t number) { return raw(std::to_string(number)); }
    JsonWriter& value(bool truth) { return raw(truth ? "true" : "false"); }

    const std::string& text() const { return out_; }

private:
    JsonWriter& open(char bracket) {
        separate();
        out_ += bracket;
        first_ = true;
        return *this;
    }

    JsonWriter& close(char bracket) {
        out_ += bracket;
        first_ = false;
        return *this;
    }

    JsonWriter& raw(std::string_view token) {
        separate();
        out_ += token;
        return *this;
    }

    void separate() {
        if (!first_) out_ += ',';
        first_ = false;
    }

    void quote(std::string_view text) {
        out_ += '"';
        while (!text.empty()) {
            const std::size_t length = sequence(text);
            if (length > 1) {
                out_ += text.substr(0, length);
            } else if (length == 1) {
                escape(text[0]);
            } else {
                out_ += "\xEF\xBF\xBD";
            }
            text.remove_prefix(length == 0 ? 1 : length);
        }
        out_ += '"';
    }

    void escape(char c) {
        if (c == '"' || c == '\\') {
            out_ += '\\';
            out_ += c;
        } else if (static_cast<unsigned char>(c) < 0x20) {
            char code[8];
            std::snprintf(code, sizeof code, "\\u%04x", static_cast<unsigned>(c));
            out_ += code;
        } else {
            out_ += c;
        }
    }

    /// The length of the well-formed UTF-8 sequence that `text` starts with, or 0 (Unicode 15,
    /// table 3-7: no overlong forms, no surrogates, nothing past U+10FFFF).
    static std::size_t sequence(std::string_view text) {
        const auto at = [text](std::size_t i) {
            return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U;
        };
        const auto tail = [&at](std::size_t i) { return (at(i) & 0xC0U) == 0x80U; };
        const unsigned lead = at(0);
        if (lead < 0x80) return 1;
        if (lead >= 0xC2 && lead <= 0xDF) return tail(1) ? 2 : 0;
        if ((lead & 0xF0U) == 0xE0U) {
            const bool bad = (lead == 0xE0 && at(1) < 0xA0) || (lead == 0xED && at(1) > 0x9F);
            return tail(1) && tail(2) && !bad ? 3 : 0;
        }
        if (lead >= 0xF0 && lead <= 0xF4) {
            const bool bad = (lead == 0xF0 && at(1) < 0x90) || (lead == 0xF4 && at(1) > 0x8F);
            return tail(1) && tail(2) && tail(3) && !bad ? 4 : 0;
        }
        return 0;
    }

    std::string out_;
    bool first_ = true;
};

}  // namespace firebreak::sensor_kit
