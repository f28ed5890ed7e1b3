#include "client/platform/folder_lock.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <sys/file.h>
#include <utility>

#include "core/base/errc.hpp"

namespace firebreak::client {

Result<FolderLock> FolderLock::take(const std::filesystem::path& folder) {
    const std::filesystem::path path = folder / "lock";
    const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (descriptor < 0) return fail({errno, std::generic_category()}, path.string());
    if (::flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
        const int error = errno;
        ::close(descriptor);
        if (error == EWOULDBLOCK) {
            return fail(Errc::kConflict, folder.string() + ": another agent uses this folder");
        }
        return fail({error, std::generic_category()}, path.string());
    }
    return FolderLock(descriptor);
}

FolderLock::~FolderLock() {
    if (descriptor_ >= 0) ::close(descriptor_);
}

FolderLock::FolderLock(FolderLock&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)) {}

}  // namespace firebreak::client
