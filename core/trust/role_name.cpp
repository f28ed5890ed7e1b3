#include "core/trust/role_name.hpp"

namespace firebreak::trust {

std::string encode_role_name(std::string_view name) {
    constexpr std::string_view kSafe =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-~";
    constexpr std::string_view kHex = "0123456789ABCDEF";
    std::string encoded;
    for (const char c : name) {
        if (kSafe.find(c) != std::string_view::npos) {
            encoded += c;
            continue;
        }
        const auto byte = static_cast<unsigned char>(c);
        encoded += '%';
        encoded += kHex[byte >> 4U];
        encoded += kHex[byte & 0xFU];
    }
    return encoded;
}

std::string metadata_file_name(std::string_view role, std::optional<Version> version) {
    const std::string prefix = version ? std::to_string(*version) + "." : std::string();
    return prefix + encode_role_name(role) + ".json";
}

}  // namespace firebreak::trust
