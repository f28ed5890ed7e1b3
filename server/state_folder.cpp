#include "server/state_folder.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <sys/file.h>
#include <utility>

#include "core/base/errc.hpp"

namespace firebreak::server {
namespace {

constexpr std::size_t kSecretBytes = 32;

}  // namespace

Result<StateLock> StateLock::take(const StateFolder& folder) {
    const std::string path = folder.lock().string();
    const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (descriptor < 0) {
        const int number = errno;
        if (number == ENOENT) return fail(Errc::kNotFound, folder.root.string());
        return fail({number, std::generic_category()}, path);
    }
    StateLock lock(descriptor);
    if (::flock(descriptor, LOCK_EX | LOCK_NB) == 0) return lock;
    const int number = errno;
    if (number == EWOULDBLOCK) {
        return fail(Errc::kConflict,
                    folder.root.string() + ": another firebreakd is using this state folder");
    }
    return fail({number, std::generic_category()}, path);
}

StateLock::~StateLock() {
    if (descriptor_ >= 0) ::close(descriptor_);
}

StateLock::StateLock(StateLock&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)) {}

Result<SecretBytes> read_mac_secret(const FileStore& files, const StateFolder& folder) {
    Result<Bytes> bytes = files.read(folder.mac_secret(), kSecretBytes);
    if (!bytes) return fail(bytes.error());
    if (bytes->size() != kSecretBytes) {
        return fail(Errc::kCorrupt, folder.mac_secret().string() + ": must have 32 bytes");
    }
    return SecretBytes::take(*bytes);
}

Result<void> make_mac_secret(FileStore& files, const StateFolder& folder, Random& random) {
    const Result<SecretBytes> there = read_mac_secret(files, folder);
    if (there) return {};
    if (there.error() != Errc::kNotFound) return fail(there.error());
    SecretBytes secret(kSecretBytes);
    random.fill(secret.writable());
    return files.write(folder.mac_secret(), secret.view(), FileMode::kPrivate);
}

}  // namespace firebreak::server
