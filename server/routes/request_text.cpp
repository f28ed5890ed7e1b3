#include "server/routes/request_text.hpp"

#include <algorithm>

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
    if (text && (!std::ranges::all_of(*text, is_name_character) || text->front() == '.')) {
        return fail(Errc::kInvalid, "body." + std::string(name) +
                                        ": may hold letters, digits, '.', '_' and '-', and must "
                                        "not begin with '.'");
    }
    return text;
}

}  // namespace firebreak::server
