#include "core/trust/canonical_json.hpp"

#include <algorithm>
#include <limits>
#include <string_view>
#include <vector>

#include "core/trust/errc.hpp"

namespace firebreak::trust {
namespace {

void append(Bytes& out, std::string_view text) {
    const ByteView bytes = bytes_of(text);
    out.insert(out.end(), bytes.begin(), bytes.end());
}

void append_string(Bytes& out, std::string_view text) {
    out.push_back('"');
    const auto is_escaped = [](char c) { return c == '"' || c == '\\'; };
    for (auto from = text.begin();;) {
        const auto escaped = std::find_if(from, text.end(), is_escaped);
        append(out, {from, escaped});
        if (escaped == text.end()) break;
        out.push_back('\\');
        out.push_back(static_cast<std::uint8_t>(*escaped));
        from = escaped + 1;
    }
    out.push_back('"');
}

Result<void> append_value(Bytes& out, const json::value& value);

Result<void> append_object(Bytes& out, const json::object& object) {
    std::vector<const json::key_value_pair*> members;
    members.reserve(object.size());
    for (const json::key_value_pair& member : object) members.push_back(&member);
    // char_traits<char> compares as unsigned char, so this is the order of the UTF-8 bytes, which
    // is the order of code points.
    std::ranges::sort(members, [](const auto* a, const auto* b) {
        return std::string_view(a->key()) < std::string_view(b->key());
    });

    out.push_back('{');
    for (const json::key_value_pair* member : members) {
        if (member != members.front()) out.push_back(',');
        append_string(out, member->key());
        out.push_back(':');
        if (auto written = append_value(out, member->value()); !written) return written;
    }
    out.push_back('}');
    return {};
}

Result<void> append_array(Bytes& out, const json::array& array) {
    out.push_back('[');
    for (std::size_t i = 0; i < array.size(); ++i) {
        if (i != 0) out.push_back(',');
        if (auto written = append_value(out, array[i]); !written) return written;
    }
    out.push_back(']');
    return {};
}

Result<void> append_value(Bytes& out, const json::value& value) {
    constexpr auto kMax = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
    switch (value.kind()) {
        case json::kind::null: append(out, "null"); return {};
        case json::kind::bool_: append(out, value.get_bool() ? "true" : "false"); return {};
        case json::kind::int64: append(out, std::to_string(value.get_int64())); return {};
        case json::kind::uint64:
            if (value.get_uint64() > kMax) break;
            append(out, std::to_string(value.get_uint64()));
            return {};
        case json::kind::double_: break;
        case json::kind::string: append_string(out, value.get_string()); return {};
        case json::kind::array: return append_array(out, value.get_array());
        case json::kind::object: return append_object(out, value.get_object());
    }
    return fail(Errc::kMalformed,
                "canonical JSON: a number must be an integer from -2^63 to 2^63-1");
}

}  // namespace

Result<Bytes> canonical_json(const json::value& value) {
    Bytes out;
    if (const auto written = append_value(out, value); !written) return fail(written.error());
    return out;
}

}  // namespace firebreak::trust
