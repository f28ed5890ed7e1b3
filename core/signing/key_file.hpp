#pragma once

#include <memory>
#include <string>

#include "core/base/file_store.hpp"
#include "core/signing/signer.hpp"

namespace firebreak::signing {

/// How hard guessing the passphrase is (libsodium crypto_pwhash, argon2id13). Stored in the file,
/// so that old files open under new defaults.
struct KeyFileCost {
    std::uint64_t operations = 3;
    std::uint64_t memory_bytes = 256U << 20U;
};

/// A private key at rest: JSON with the public key in the clear, and the seed in a libsodium
/// secretbox (XSalsa20-Poly1305) under argon2id(passphrase, salt). Schema:
/// schemas/key-file.v1.json.
///
/// An empty passphrase is refused: a key file in the clear is not offered.
[[nodiscard]] Result<Bytes> seal_key(const Ed25519Signer& signer, const SecretBytes& passphrase,
                                     KeyFileCost cost, Random& random);

/// @returns the signer, or Errc::kDenied for a wrong passphrase (or a tampered file: the two cannot
///   be told apart), Errc::kMalformed, or Errc::kTooLarge for a cost past 1 GiB or 16 operations.
[[nodiscard]] Result<Ed25519Signer> open_key(ByteView file, const SecretBytes& passphrase);

/// The public half alone; needs no passphrase.
[[nodiscard]] Result<trust::Key> public_key_of(ByteView file);

/// The first line of `path`, without its line feed, as a passphrase.
///
/// @returns Errc::kDenied when others than the owner can read the file (mode & 077), or the errors
///   of FileStore::read.
[[nodiscard]] Result<SecretBytes> read_passphrase_file(const FileStore& files,
                                                       const std::filesystem::path& path);

}  // namespace firebreak::signing
