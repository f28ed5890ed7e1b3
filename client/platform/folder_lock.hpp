#pragma once

#include <filesystem>

#include "core/base/error.hpp"

namespace firebreak::client {

/// Keeps a second agent out of a state folder, for as long as it lives, or the process does.
class FolderLock {
public:
    /// @returns Errc::kConflict when somebody else holds it, or an errno. The folder must be there.
    [[nodiscard]] static Result<FolderLock> take(const std::filesystem::path& folder);

    ~FolderLock();
    FolderLock(FolderLock&& other) noexcept;
    FolderLock& operator=(FolderLock&&) = delete;

private:
    explicit FolderLock(int descriptor) : descriptor_(descriptor) {}

    int descriptor_;
};

}  // namespace firebreak::client
