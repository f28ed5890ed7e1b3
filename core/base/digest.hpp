#pragma once

#include <array>
#include <compare>
#include <memory>
#include <string>
#include <string_view>

#include "core/base/bytes.hpp"
#include "core/base/error.hpp"

namespace firebreak {

/// A SHA-256 digest (FIPS 180-4): the name of a bundle, an engine build, a target.
struct Sha256 {
    std::array<std::uint8_t, 32> bytes{};

    std::string hex() const;

    /// @returns the digest, or Errc::kMalformed unless `text` is 64 hexadecimal digits.
    [[nodiscard]] static Result<Sha256> from_hex(std::string_view text);

    friend auto operator<=>(const Sha256&, const Sha256&) = default;
};

/// The digest of `bytes`, by OpenSSL (SHA-NI: six times libsodium's speed on this data).
Sha256 sha256(ByteView bytes);

/// The same, for data that arrives in pieces.
class Sha256Stream {
public:
    Sha256Stream();
    ~Sha256Stream();
    Sha256Stream(Sha256Stream&&) noexcept;
    Sha256Stream& operator=(Sha256Stream&&) noexcept;

    void update(ByteView bytes);

    /// The digest of everything so far. Call it once; the stream is spent.
    Sha256 finish();

private:
    struct State;
    std::unique_ptr<State> state_;
};

/// HMAC-SHA-256 (RFC 2104). `key` of any length.
Sha256 hmac_sha256(ByteView key, ByteView message);

/// Compares in a time that depends on the lengths alone: for MACs, tokens and whatever else an
/// attacker may guess at byte by byte.
bool equal_in_constant_time(ByteView a, ByteView b) noexcept;

}  // namespace firebreak
