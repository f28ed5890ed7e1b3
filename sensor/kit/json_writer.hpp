#pragma once

#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>

#include "sensor/kit/text.hpp"

namespace firebreak::sensor_kit {

/// Writes one JSON text (RFC 8259), for engines, which link no library of the host's.
///
/// The caller opens and closes in the right order and gives every member its key; commas come by
/// themselves. Text that is not UTF-8 byte by byte comes out as U+FFFD, so the result always
/// parses.
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
            const std::size_t length = utf8_sequence_length(text);
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

    std::string out_;
    bool first_ = true;
};

}  // namespace firebreak::sensor_kit
