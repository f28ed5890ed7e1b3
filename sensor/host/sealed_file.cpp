#include "sensor/host/sealed_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <sys/mman.h>
#include <utility>

#include "core/base/errc.hpp"
#include "core/base/file_store.hpp"

namespace firebreak::sensor {
namespace {

constexpr std::uint64_t kFileBytesMax = 256U << 20U;
constexpr int kSeals = F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL;

Error last_errno(const std::string& doing) {
    return {std::error_code(errno, std::system_category()), doing};
}

Result<void> write_all(int descriptor, ByteView bytes) {
    while (!bytes.empty()) {
        const ssize_t count = ::write(descriptor, bytes.data(), bytes.size());
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) return fail(last_errno("copying the engine into memory"));
        bytes = bytes.subspan(static_cast<std::size_t>(count));
    }
    return {};
}

}  // namespace

SealedFile::SealedFile(int descriptor, Bytes bytes, const Sha256& digest)
    : descriptor_(descriptor), bytes_(std::move(bytes)), digest_(digest) {}

SealedFile::~SealedFile() {
    if (descriptor_ >= 0) ::close(descriptor_);
}

SealedFile::SealedFile(SealedFile&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)),
      bytes_(std::move(other.bytes_)),
      digest_(other.digest_) {}

SealedFile& SealedFile::operator=(SealedFile&& other) noexcept {
    if (this != &other) {
        if (descriptor_ >= 0) ::close(descriptor_);
        descriptor_ = std::exchange(other.descriptor_, -1);
        bytes_ = std::move(other.bytes_);
        digest_ = other.digest_;
    }
    return *this;
}

int SealedFile::release() noexcept {
    return std::exchange(descriptor_, -1);
}

void SealedFile::drop_bytes() {
    bytes_ = {};
}

Result<SealedFile> SealedFile::read(const std::filesystem::path& path) {
    Result<Bytes> bytes = PosixFileStore().read(path, kFileBytesMax);
    if (!bytes) return fail(bytes.error());
    const int descriptor = memfd_create("firebreak-engine", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (descriptor < 0) return fail(last_errno("memfd_create"));
    const Sha256 digest = sha256(*bytes);
    SealedFile file(descriptor, *std::move(bytes), digest);
    if (const Result<void> written = write_all(descriptor, file.bytes()); !written) {
        return fail(written.error());
    }
    if (fcntl(descriptor, F_ADD_SEALS, kSeals) != 0) return fail(last_errno("sealing the engine"));
    return file;
}

}  // namespace firebreak::sensor
