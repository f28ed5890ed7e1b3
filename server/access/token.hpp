#pragma once

#include <chrono>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/digest.hpp"
#include "core/base/error.hpp"
#include "core/base/random.hpp"

namespace firebreak::server {

/// Tokens as people hold them: "fb_<id>_<secret>" for the API, "fbe_<id>_<secret>" for enrolment.
/// The id (16 hexadecimal digits) finds the row, the secret (256 random bits, base64url) proves it.
/// The prefix lets secret scanners find one that was committed by mistake.
inline constexpr std::string_view kApiTokenPrefix = "fb";
inline constexpr std::string_view kEnrolmentTokenPrefix = "fbe";

struct TokenText {
    std::string id;
    std::string secret;
};

TokenText make_token(Random& random);

/// "<prefix>_<id>_<secret>": shown once, never stored.
std::string format_token(std::string_view prefix, const TokenText& token);

/// @returns nullopt unless `text` has exactly the form above.
std::optional<TokenText> parse_token(std::string_view prefix, std::string_view text);

/// argon2id (libsodium crypto_pwhash_str) of an API token's secret.
///
/// Cost: 2 passes over 19 MiB (the least that OWASP recommends). The secret's 256 bits are what
/// nobody can
/// guess; more memory would only make a flood of wrong tokens dearer for us.
///
/// @returns Errc::kUnavailable when there is no memory for it.
[[nodiscard]] Result<std::string> hash_secret(std::string_view secret);

/// True when `hash` is hash_secret of `secret`. Takes some 20 ms: not on an I/O thread.
bool secret_matches(const std::string& hash, std::string_view secret);

/// Remembers for a minute which tokens were verified, so that argon2 does not run on every request.
/// Says nothing about revocation or expiry: those are looked up each time.
///
/// Thread safety: any thread.
class VerifiedTokens {
public:
    explicit VerifiedTokens(std::chrono::seconds lifetime = std::chrono::seconds{60})
        : lifetime_(lifetime) {}

    /// True when `token` was remembered for this `hash` within the lifetime.
    bool knows(const TokenText& token, const std::string& hash,
               std::chrono::steady_clock::time_point now);
    void remember(const TokenText& token, const std::string& hash,
                  std::chrono::steady_clock::time_point now);

private:
    static Sha256 key_of(const TokenText& token, const std::string& hash);

    static constexpr std::size_t kTokensMax = 1'024;

    std::chrono::seconds lifetime_;
    std::mutex mutex_;
    std::map<Sha256, std::chrono::steady_clock::time_point> until_;
};

}  // namespace firebreak::server
