#pragma once

#include "cli/command.hpp"
#include "core/signing/key_file.hpp"

namespace firebreak::cli {

struct KeyGenerateOptions {
    std::string out;  ///< The key file to make; must not exist.
    std::string passphrase_file;
    bool quick = false;  ///< Cheaper argon2id: for test and demo keys.
};

/// Makes an Ed25519 key file.
[[nodiscard]] Result<Output> generate_key(const Context& context,
                                          const KeyGenerateOptions& options);

/// The public half of `key_file`, as a TUF key object; also written to `out` unless that is empty.
[[nodiscard]] Result<Output> show_key(const Context& context, const std::string& key_file,
                                      const std::string& out);

/// Opens `path` with its passphrase.
[[nodiscard]] Result<signing::Ed25519Signer> open_signer(const Context& context,
                                                         const std::string& path,
                                                         const std::string& passphrase_file);

/// A public key from either form: a key file, or a TUF key object as show_key writes it.
[[nodiscard]] Result<trust::Key> read_public_key(const Context& context, const std::string& path);

}  // namespace firebreak::cli
