#pragma once

#include <filesystem>

#include "core/base/error.hpp"
#include "core/base/file_store.hpp"
#include "core/base/random.hpp"
#include "core/base/secret.hpp"

namespace firebreak::server {

/// Where things are below the state folder.
struct StateFolder {
    std::filesystem::path root;

    std::filesystem::path database() const { return root / "server.db"; }
    std::filesystem::path blobs() const { return root / "blobs"; }
    std::filesystem::path repository() const { return root / "repository"; }
    std::filesystem::path mac_secret() const { return root / "mac-secret"; }
    std::filesystem::path lock() const { return root / "lock"; }
};

/// Keeps a second server away from a state folder, for as long as it lives. The kernel lets go of
/// it
/// when the process dies, however it dies (flock).
class StateLock {
public:
    /// @returns the lock; Errc::kConflict when another process has it; Errc::kNotFound without the
    ///   folder; or an errno.
    [[nodiscard]] static Result<StateLock> take(const StateFolder& folder);

    ~StateLock();
    StateLock(StateLock&& other) noexcept;
    StateLock& operator=(StateLock&&) = delete;

private:
    explicit StateLock(int descriptor) : descriptor_(descriptor) {}

    int descriptor_;
};

/// The secret that device MAC keys are derived from: 32 bytes, readable by the owner alone, as safe
/// as the database beside it. A backup must hold both: without it every device has to enrol anew.
[[nodiscard]] Result<SecretBytes> read_mac_secret(const FileStore& files,
                                                  const StateFolder& folder);

/// Makes it, unless it is there.
[[nodiscard]] Result<void> make_mac_secret(FileStore& files, const StateFolder& folder,
                                           Random& random);

}  // namespace firebreak::server
