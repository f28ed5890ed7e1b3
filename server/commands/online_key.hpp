#pragma once

#include "core/signing/key_file.hpp"
#include "server/config.hpp"

namespace firebreak::server {

/// The key of rollout, snapshot and timestamp, opened with its passphrase file.
[[nodiscard]] Result<signing::Ed25519Signer> open_online_key(const FileStore& files,
                                                             const Config& config);

/// The keys that attestations are checked with. Public keys, or key files' public halves.
[[nodiscard]] Result<std::vector<trust::Key>> read_validator_keys(const FileStore& files,
                                                                  const Config& config);

}  // namespace firebreak::server
