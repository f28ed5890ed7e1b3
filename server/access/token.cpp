#include "server/access/token.hpp"

#include <sodium.h>

#include <algorithm>
#include <array>

#include "core/base/encoding.hpp"
#include "core/base/errc.hpp"

namespace firebreak::server {
namespace {

constexpr std::size_t kIdBytes = 8;
constexpr std::size_t kSecretBytes = 32;
constexpr std::size_t kSecretCharacters = 43;  // base64url of 32 bytes, without padding.

constexpr unsigned long long kPasses = 2;
constexpr std::size_t kMemoryBytes = 19U << 20U;

bool is_hex(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

bool is_base64url(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
           c == '_';
}

}  // namespace

TokenText make_token(Random& random) {
    return {hex_encode(random.bytes(kIdBytes)), base64url_encode(random.bytes(kSecretBytes))};
}

std::string format_token(std::string_view prefix, const TokenText& token) {
    return std::string(prefix) + "_" + token.id + "_" + token.secret;
}

std::optional<TokenText> parse_token(std::string_view prefix, std::string_view text) {
    const std::size_t id_begin = prefix.size() + 1;
    const std::size_t secret_begin = id_begin + 2 * kIdBytes + 1;
    if (text.size() != secret_begin + kSecretCharacters) return std::nullopt;
    if (!text.starts_with(prefix) || text[prefix.size()] != '_' || text[secret_begin - 1] != '_') {
        return std::nullopt;
    }
    const std::string_view id = text.substr(id_begin, 2 * kIdBytes);
    const std::string_view secret = text.substr(secret_begin);
    if (!std::ranges::all_of(id, is_hex) || !std::ranges::all_of(secret, is_base64url)) {
        return std::nullopt;
    }
    return TokenText{std::string(id), std::string(secret)};
}

Result<std::string> hash_secret(std::string_view secret) {
    std::array<char, crypto_pwhash_STRBYTES> text{};
    if (crypto_pwhash_str(text.data(), secret.data(), secret.size(), kPasses, kMemoryBytes) != 0) {
        return fail(Errc::kUnavailable, "argon2id: out of memory");
    }
    return std::string(text.data());
}

bool secret_matches(const std::string& hash, std::string_view secret) {
    return crypto_pwhash_str_verify(hash.c_str(), secret.data(), secret.size()) == 0;
}

Sha256 VerifiedTokens::key_of(const TokenText& token, const std::string& hash) {
    // The stored hash is part of the key: a token whose row was replaced is a token never seen.
    return sha256(bytes_of(token.id + "_" + token.secret + "_" + hash));
}

bool VerifiedTokens::knows(const TokenText& token, const std::string& hash,
                           std::chrono::steady_clock::time_point now) {
    const Sha256 key = key_of(token, hash);
    const std::lock_guard lock(mutex_);
    const auto found = until_.find(key);
    return found != until_.end() && now < found->second;
}

void VerifiedTokens::remember(const TokenText& token, const std::string& hash,
                              std::chrono::steady_clock::time_point now) {
    const Sha256 key = key_of(token, hash);
    const std::lock_guard lock(mutex_);
    if (until_.size() >= kTokensMax) {
        std::erase_if(until_, [now](const auto& entry) { return entry.second <= now; });
        if (until_.size() >= kTokensMax) until_.clear();
    }
    until_[key] = now + lifetime_;
}

}  // namespace firebreak::server
