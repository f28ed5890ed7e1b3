#include "cli/try_events.hpp"

#include <algorithm>

#include "cli/command.hpp"

namespace firebreak::cli {
namespace {

constexpr JsonLimits kEventLimits{.bytes_max = 16U << 20U, .depth_max = 32};
constexpr JsonLimits kFileLimits{.bytes_max = 256U << 20U, .depth_max = 33};

std::size_t line_of_offset(std::string_view text, std::size_t offset) {
    const std::string_view before = text.substr(0, offset);
    return static_cast<std::size_t>(std::ranges::count(before, '\n')) + 1;
}

/// Parses the JSON text `part` of a file, which starts at `start` in `text`.
Result<json::value> parse(const std::string& name, std::string_view text, std::size_t start,
                          std::string_view part, JsonLimits limits) {
    std::size_t failed_at = 0;
    Result<json::value> value = parse_json(part, limits, failed_at);
    if (value) return value;
    const std::size_t offset = std::min(start + failed_at, text.size());
    const std::size_t line_start = text.substr(0, offset).rfind('\n');
    const std::size_t column = offset - (line_start == std::string_view::npos ? 0 : line_start + 1);
    return fail(Errc::kBadInput, name + ":" + std::to_string(line_of_offset(text, offset)) + ":" +
                                     std::to_string(column + 1) +
                                     ": no JSON: " + value.error().context());
}

bool is_blank(char c) {
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/// The length of the JSON value at the start of `text`: up to the bracket that closes it, or, when
/// it does not start with one, up to the end of its line. Says nothing about whether it is JSON.
std::size_t value_length(std::string_view text) {
    if (!text.starts_with('{') && !text.starts_with('[')) {
        return std::min(text.find('\n'), text.size());
    }
    std::size_t depth = 0;
    bool in_text = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (in_text && c == '\\') {
            ++i;
        } else if (c == '"') {
            in_text = !in_text;
        } else if (in_text) {
            continue;
        } else if (c == '{' || c == '[') {
            ++depth;
        } else if ((c == '}' || c == ']') && --depth == 0) {
            return i + 1;
        }
    }
    return text.size();
}

Result<void> each_element(const std::string& name, json::array& list, std::size_t& number,
                          const std::function<Result<void>(const TriedEvent&)>& visit) {
    for (std::size_t i = 0; i < list.size(); ++i) {
        const std::string place = name + "[" + std::to_string(i) + "]";
        const Result<void> visited = visit({place, ++number, std::move(list[i])});
        if (!visited) return visited;
    }
    return {};
}

}  // namespace

Result<void> each_event(const std::string& name, std::string_view text, std::size_t& number,
                        const std::function<Result<void>(const TriedEvent&)>& visit) {
    if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
    std::size_t line = 1;
    std::size_t counted = 0;  // `line` is that of this offset.
    for (std::size_t at = 0; at < text.size();) {
        if (is_blank(text[at])) {
            ++at;
            continue;
        }
        const std::string_view part = text.substr(at, value_length(text.substr(at)));
        const bool list = part.starts_with('[');
        Result<json::value> value = parse(name, text, at, part, list ? kFileLimits : kEventLimits);
        if (!value) return fail(value.error());
        line += line_of_offset(text.substr(counted), at - counted) - 1;
        counted = at;
        const std::string place = name + ":" + std::to_string(line);
        const Result<void> visited = list ? each_element(place, value->as_array(), number, visit)
                                          : visit({place, ++number, std::move(*value)});
        if (!visited) return visited;
        at += part.size();
    }
    return {};
}

}  // namespace firebreak::cli
