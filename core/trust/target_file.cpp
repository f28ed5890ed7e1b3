#include <array>

#include "core/trust/detail/vouched.hpp"
#include "core/trust/errc.hpp"
#include "core/trust/updater.hpp"

namespace firebreak::trust {

std::string consistent_target_path(const std::string& path, const TargetFile& file) {
    constexpr std::array kByPreference{"sha256", "sha512"};
    for (const char* algorithm : kByPreference) {
        const auto digest = file.hashes.find(algorithm);
        if (digest == file.hashes.end()) continue;
        const std::size_t slash = path.rfind('/');
        const std::size_t name = slash == std::string::npos ? 0 : slash + 1;
        return path.substr(0, name) + digest->second + "." + path.substr(name);
    }
    return path;  // No hash that verify_target could check: it will refuse whatever this fetches.
}

Result<void> verify_target(const TargetFile& file, ByteView bytes) {
    // parse_targets leaves none out; a TargetFile made by hand must not pass unchecked either.
    if (file.hashes.empty()) return fail(Errc::kHashMismatch, "target has no hash");
    return detail::verify_vouched(file.length, file.hashes, bytes);
}

}  // namespace firebreak::trust
