#include "core/base/file_store.hpp"

#include <fcntl.h>
#include <sodium.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <sys/stat.h>

#include "core/base/encoding.hpp"
#include "core/base/errc.hpp"

namespace firebreak {
namespace {

namespace fs = std::filesystem;

/// Marks our temporaries: list() leaves them out, and the next write to a path does not care
/// about one that a power cut left behind.
constexpr std::string_view kTemporaryMark = ".firebreak-tmp-";

class Descriptor {
public:
    explicit Descriptor(int fd) : fd_(fd) {}
    ~Descriptor() {
        if (fd_ >= 0) ::close(fd_);
    }
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;

    int get() const { return fd_; }
    bool ok() const { return fd_ >= 0; }

private:
    int fd_;
};

tl::unexpected<Error> fail_errno(const fs::path& path, const char* doing) {
    const int number = errno;
    if (number == ENOENT) return fail(Errc::kNotFound, path.string());
    return fail({number, std::generic_category()}, path.string() + ": " + doing);
}

Result<void> write_all(int fd, ByteView bytes, const fs::path& path) {
    while (!bytes.empty()) {
        const ssize_t written = ::write(fd, bytes.data(), bytes.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return fail_errno(path, "write");
        bytes = bytes.subspan(static_cast<std::size_t>(written));
    }
    return {};
}

Result<void> sync_folder(const fs::path& folder) {
    const Descriptor fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!fd.ok() || ::fsync(fd.get()) != 0) return fail_errno(folder, "fsync");
    return {};
}

fs::path folder_of(const fs::path& path) {
    return path.has_parent_path() ? path.parent_path() : fs::path(".");
}

fs::path temporary_beside(const fs::path& path) {
    std::array<std::uint8_t, 8> suffix{};
    randombytes_buf(suffix.data(), suffix.size());
    return folder_of(path) /
           ("." + path.filename().string() + std::string(kTemporaryMark) + hex_encode(suffix));
}

}  // namespace

Result<Bytes> PosixFileStore::read(const fs::path& path, std::uint64_t bytes_max) const {
    const Descriptor fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    if (!fd.ok()) return fail_errno(path, "open");
    struct stat status {};
    if (::fstat(fd.get(), &status) != 0) return fail_errno(path, "stat");
    if (!S_ISREG(status.st_mode)) return fail(Errc::kInvalid, path.string() + ": not a file");
    const auto too_large = [&] {
        return fail(Errc::kTooLarge,
                    path.string() + ": more than " + std::to_string(bytes_max) + " bytes");
    };
    if (static_cast<std::uint64_t>(status.st_size) > bytes_max) return too_large();

    // One byte more than it should have, so that a file which grows meanwhile is noticed.
    Bytes bytes(static_cast<std::size_t>(status.st_size) + 1);
    std::size_t filled = 0;
    for (;;) {
        const ssize_t got = ::read(fd.get(), bytes.data() + filled, bytes.size() - filled);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return fail_errno(path, "read");
        if (got == 0) break;
        filled += static_cast<std::size_t>(got);
        if (filled > bytes_max) return too_large();
        if (filled == bytes.size()) bytes.resize(bytes.size() * 2);
    }
    bytes.resize(filled);
    return bytes;
}

Result<void> PosixFileStore::write(const fs::path& path, ByteView bytes, FileMode mode) {
    const fs::path temporary = temporary_beside(path);
    const auto permissions = static_cast<mode_t>(mode);
    {
        const Descriptor fd(::open(
            temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, permissions));
        if (!fd.ok()) return fail_errno(path, "create");
        Result<void> written = write_all(fd.get(), bytes, path);
        // fchmod: the mode must not depend on the caller's umask.
        if (written && ::fchmod(fd.get(), permissions) != 0) written = fail_errno(path, "chmod");
        if (written && ::fsync(fd.get()) != 0) written = fail_errno(path, "fsync");
        if (!written) {
            ::unlink(temporary.c_str());
            return written;
        }
    }
    if (::rename(temporary.c_str(), path.c_str()) != 0) {
        const auto failed = fail_errno(path, "rename");
        ::unlink(temporary.c_str());
        return failed;
    }
    return sync_folder(folder_of(path));
}

Result<void> PosixFileStore::remove(const fs::path& path) {
    if (::unlink(path.c_str()) != 0) {
        if (errno == ENOENT) return {};
        return fail_errno(path, "unlink");
    }
    return sync_folder(folder_of(path));
}

Result<void> PosixFileStore::make_folder(const fs::path& folder, FileMode mode) {
    const mode_t permissions = mode == FileMode::kPublic ? 0755 : 0700;
    fs::path so_far;
    for (const fs::path& part : folder) {
        so_far /= part;
        if (::mkdir(so_far.c_str(), permissions) == 0) {
            if (const Result<void> synced = sync_folder(folder_of(so_far)); !synced) return synced;
            continue;
        }
        std::error_code ignored;
        if (errno != EEXIST || !fs::is_directory(so_far, ignored)) {
            return fail_errno(so_far, "mkdir");
        }
    }
    return {};
}

Result<std::vector<std::string>> PosixFileStore::list(const fs::path& folder) const {
    std::error_code code;
    fs::directory_iterator entries(folder, code);
    std::vector<std::string> names;
    for (const fs::directory_iterator end; !code && entries != end; entries.increment(code)) {
        std::string name = entries->path().filename().string();
        if (name.find(kTemporaryMark) == std::string::npos) names.push_back(std::move(name));
    }
    if (code == std::errc::no_such_file_or_directory) {
        return fail(Errc::kNotFound, folder.string());
    }
    if (code) return fail(code, folder.string());
    std::ranges::sort(names);
    return names;
}

}  // namespace firebreak
