#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "core/base/bytes.hpp"
#include "core/base/error.hpp"

namespace firebreak {

enum class FileMode : std::uint32_t {
    kPrivate = 0600,  ///< Keys, tokens, state.
    kPublic = 0644,   ///< What a web server may serve.
};

/// The one seam to the disk. A write is there whole or not at all, and there after a power cut:
/// temporary file in the same folder, fsync, rename, fsync of the folder. tests/support has a
/// MemoryFileStore that fails at the n-th change.
///
/// Errors carry the errno and the path ("state.json: No space left on device").
/// Thread safety: any thread, as far as the paths differ.
class FileStore {
public:
    virtual ~FileStore() = default;

    /// @returns the whole file; Errc::kNotFound; Errc::kTooLarge past `bytes_max`, which is checked
    ///   before memory is taken; or an errno.
    [[nodiscard]] virtual Result<Bytes> read(const std::filesystem::path& path,
                                             std::uint64_t bytes_max) const = 0;

    /// Replaces `path` by `bytes`, atomically and durably. On failure the old file stands, and no
    /// temporary stays behind; but when the last step alone failed, the fsync of the folder, the
    /// new
    /// file is there, and a power cut may take it back.
    [[nodiscard]] virtual Result<void> write(const std::filesystem::path& path, ByteView bytes,
                                             FileMode mode) = 0;

    /// Succeeds when nothing is at `path` afterwards, also when nothing was.
    [[nodiscard]] virtual Result<void> remove(const std::filesystem::path& path) = 0;

    /// Makes `folder` and those above it, for the owner alone (0700) unless `mode` is kPublic
    /// (0755). Folders that exist keep their mode.
    [[nodiscard]] virtual Result<void> make_folder(const std::filesystem::path& folder,
                                                   FileMode mode) = 0;

    /// The names (not paths) in `folder`, sorted; temporaries of write() left out.
    [[nodiscard]] virtual Result<std::vector<std::string>> list(
        const std::filesystem::path& folder) const = 0;
};

/// The real disk, by POSIX calls: O_NOFOLLOW and O_EXCL on temporaries, O_CLOEXEC on all.
class PosixFileStore final : public FileStore {
public:
    Result<Bytes> read(const std::filesystem::path& path, std::uint64_t bytes_max) const override;
    Result<void> write(const std::filesystem::path& path, ByteView bytes, FileMode mode) override;
    Result<void> remove(const std::filesystem::path& path) override;
    Result<void> make_folder(const std::filesystem::path& folder, FileMode mode) override;
    Result<std::vector<std::string>> list(const std::filesystem::path& folder) const override;
};

}  // namespace firebreak
