#pragma once

#include <array>
#include <filesystem>
#include <string>

#include "core/base/bytes.hpp"
#include "core/base/error.hpp"
#include "core/base/file_store.hpp"
#include "core/base/random.hpp"
#include "core/base/secret.hpp"

namespace firebreak::client {

/// The Ed25519 key that a device makes for itself before it enrols, and that never leaves it. It
/// proves possession at enrolment and signs nothing else: the agent cannot make TUF signatures,
/// whose room it is not linked with.
class DeviceKey {
public:
    using PublicKey = std::array<std::uint8_t, 32>;
    using Signature = std::array<std::uint8_t, 64>;

    static DeviceKey generate(Random& random);

    /// @returns the key; Errc::kNotFound; or Errc::kCorrupt for a file that is not one.
    [[nodiscard]] static Result<DeviceKey> load(const FileStore& store,
                                                const std::filesystem::path& path);

    /// Writes the seed, for this user alone (0600).
    [[nodiscard]] Result<void> save(FileStore& store, const std::filesystem::path& path) const;

    const PublicKey& public_key() const noexcept { return public_key_; }

    /// RFC 8032.
    Signature sign(ByteView message) const;

private:
    explicit DeviceKey(SecretBytes seed);

    SecretBytes seed_;
    SecretBytes secret_key_;
    PublicKey public_key_{};
};

/// What the server gave this device when it enrolled.
struct Identity {
    std::string device;  ///< Id: [a-z0-9-], at most 64.
    std::string tenant;
    std::string ring;
    SecretBytes mac_key;  ///< Signs reports.
};

/// identity.json. @returns the identity; Errc::kNotFound before enrolment; Errc::kCorrupt.
[[nodiscard]] Result<Identity> load_identity(const FileStore& store,
                                             const std::filesystem::path& path);

/// Writes it for this user alone (0600).
[[nodiscard]] Result<void> save_identity(FileStore& store, const std::filesystem::path& path,
                                         const Identity& identity);

/// Reads {"device", "tenant", "ring", "mac_key"}, from the disk or from the server.
[[nodiscard]] Result<Identity> parse_identity(std::string_view text);

}  // namespace firebreak::client
