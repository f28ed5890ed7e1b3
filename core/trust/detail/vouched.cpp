#include "core/trust/detail/vouched.hpp"

#include <sodium.h>

#include <array>

#include "core/base/digest.hpp"
#include "core/base/encoding.hpp"
#include "core/trust/errc.hpp"

namespace firebreak::trust::detail {
namespace {

std::string sha512_hex(ByteView bytes) {
    std::array<std::uint8_t, crypto_hash_sha512_BYTES> digest{};
    crypto_hash_sha512(digest.data(), bytes.data(), bytes.size());
    return hex_encode(digest);
}

}  // namespace

Result<void> verify_vouched(const std::optional<std::uint64_t>& length,
                            const std::map<std::string, std::string>& hashes, ByteView bytes) {
    if (length && bytes.size() != *length) {
        return fail(Errc::kLengthMismatch,
                    std::to_string(bytes.size()) + " bytes instead of " + std::to_string(*length));
    }
    bool any_known = false;
    for (const auto& [algorithm, digest] : hashes) {
        std::string found;
        if (algorithm == "sha256") {
            found = sha256(bytes).hex();
        } else if (algorithm == "sha512") {
            found = sha512_hex(bytes);
        } else {
            continue;
        }
        any_known = true;
        if (found != digest) return fail(Errc::kHashMismatch, algorithm + " differs");
    }
    if (!any_known && !hashes.empty()) {
        return fail(Errc::kHashMismatch, "no hash of a known algorithm");
    }
    return {};
}

}  // namespace firebreak::trust::detail
