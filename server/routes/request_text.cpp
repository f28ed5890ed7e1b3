#include "server/routes/request_text.hpp"

#include <algorithm>
#include <set>

#include "core/base/errc.hpp"

namespace firebreak::server {
namespace {

Result<std::string> member(const json::value& body, std::string_view name, std::size_t bytes_max) {
    const Result<JsonObject> object = JsonObject::of(body, "body");
    if (!object) return fail(object.error());
    Result<std::string> text = object->string(name);
    if (!text) return text;
    if (text->empty() || text->size() > bytes_max) {
        return fail(Errc::kInvalid, object->path_to(name) + ": must have 1 to " +
                                        std::to_string(bytes_max) + " bytes");
    }
    return text;
}

bool is_control(char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 || byte == 0x7F;
}

bool is_name_character(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
}

bool is_name(std::string_view text) {
    return !text.empty() && text.front() != '.' && std::ranges::all_of(text, is_name_character);
}

}  // namespace

Result<std::string> printable_member(const json::value& body, std::string_view name,
                                     std::size_t bytes_max) {
    Result<std::string> text = member(body, name, bytes_max);
    if (text && std::ranges::any_of(*text, is_control)) {
        return fail(Errc::kInvalid,
                    "body." + std::string(name) + ": must not hold control characters");
    }
    return text;
}

Result<std::string> name_member(const json::value& body, std::string_view name,
                                std::size_t bytes_max) {
    Result<std::string> text = member(body, name, bytes_max);
    if (text && !is_name(*text)) {
        return fail(Errc::kInvalid, "body." + std::string(name) +
                                        ": may hold letters, digits, '.', '_' and '-', and must "
                                        "not begin with '.'");
    }
    return text;
}

Result<std::vector<std::string>> names_member(const json::value& body, std::string_view name,
                                              std::size_t count_max, std::size_t bytes_max) {
    const Result<JsonObject> object = JsonObject::of(body, "body");
    if (!object) return fail(object.error());
    if (!object->has(name)) return std::vector<std::string>{};
    Result<std::vector<std::string>> names = object->strings(name);
    if (!names) return names;
    const std::string path = object->path_to(name);
    if (names->size() > count_max) {
        return fail(Errc::kInvalid, path + ": has more than " + std::to_string(count_max));
    }
    std::set<std::string> seen;
    for (const std::string& text : *names) {
        if (!is_name(text) || text.size() > bytes_max || !seen.insert(text).second) {
            return fail(Errc::kInvalid, path + ": must hold names of 1 to " +
                                            std::to_string(bytes_max) +
                                            " letters, digits, '.', "
                                            "'_' and '-', each once, none beginning with '.'");
        }
    }
    return names;
}

}  // namespace firebreak::server
