#pragma once

#include <string>

#include "core/base/bytes.hpp"
#include "core/base/error.hpp"
#include "core/base/json.hpp"

namespace firebreak::trust {

/// A public key as TUF metadata carries it (specification 4.2).
///
/// A key of a type that this build does not know is kept, and can verify nothing: a vendor must be
/// able to introduce a new type without cutting off every older agent.
class Key {
public:
    /// @param value  {"keytype", "scheme", "keyval": {"public"}}, and whatever else it has.
    /// @returns Errc::kMalformed when those are missing, or a known type has a public value of the
    ///   wrong form. (An unknown type may have another keyval.)
    [[nodiscard]] static Result<Key> from_json(const json::value& value);

    /// @pre `public_key` has 32 bytes.
    static Key ed25519(ByteView public_key);

    /// Hexadecimal SHA-256 of the canonical JSON of the whole key object, unknown members included.
    const std::string& id() const noexcept { return id_; }

    /// What makes two keys the same key, whatever their ids and spellings: thresholds count these.
    const Bytes& identity() const noexcept { return identity_; }

    /// True when `signature` is this key's over `message`. A key of unknown type says false.
    bool verifies(ByteView message, ByteView signature) const;

    const json::value& to_json() const noexcept { return value_; }

private:
    enum class Type { kEd25519, kEcdsaP256, kRsaPss, kUnknown };

    Key() = default;

    json::value value_;
    std::string id_;
    Bytes identity_;
    Bytes public_;  ///< Raw for Ed25519, DER SubjectPublicKeyInfo for the others.
    Type type_ = Type::kUnknown;
};

}  // namespace firebreak::trust
