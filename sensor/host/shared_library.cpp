#include "sensor/host/shared_library.hpp"

#include <dlfcn.h>
#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <sys/mman.h>

#include "core/base/errc.hpp"
#include "core/base/file_store.hpp"

namespace firebreak::sensor {
namespace {

constexpr std::uint64_t kImageBytesMax = 256U << 20U;
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

/// A library whose end is missing passes the loader's checks, and kills the process with SIGBUS
/// when the loader touches what is not there. So every part that will be mapped must be in the
/// file.
///
/// Source: System V ABI, "ELF Header" and "Program Header".
Result<void> check_complete(ByteView file) {
    ElfW(Ehdr) header;
    if (file.size() < sizeof header || std::memcmp(file.data(), ELFMAG, SELFMAG) != 0) {
        return fail(Errc::kInvalid, "not a shared library");
    }
    std::memcpy(&header, file.data(), sizeof header);
    const std::uint64_t table_bytes = std::uint64_t{header.e_phnum} * sizeof(ElfW(Phdr));
    if (header.e_phentsize != sizeof(ElfW(Phdr)) || header.e_phoff > file.size() ||
        table_bytes > file.size() - header.e_phoff) {
        return fail(Errc::kInvalid, "not a shared library for this machine, or cut short");
    }
    for (std::size_t i = 0; i < header.e_phnum; ++i) {
        ElfW(Phdr) segment;
        const std::size_t at = header.e_phoff + i * sizeof segment;
        std::memcpy(&segment, file.data() + at, sizeof segment);
        if (segment.p_type != PT_NULL &&
            (segment.p_offset > file.size() || segment.p_filesz > file.size() - segment.p_offset)) {
            return fail(Errc::kInvalid, "a shared library that is cut short");
        }
    }
    return {};
}

/// The loader says "/proc/self/fd/7: invalid ELF header"; the number helps nobody.
std::string loader_reason(const std::string& image_path) {
    const char* said = dlerror();
    std::string reason = said != nullptr ? said : "no reason given";
    if (reason.starts_with(image_path + ": ")) reason.erase(0, image_path.size() + 2);
    return reason;
}

}  // namespace

class SharedLibrary::Image {
public:
    explicit Image(int descriptor) : descriptor_(descriptor) {}
    Image(const Image&) = delete;
    Image& operator=(const Image&) = delete;

    ~Image() {
        bool gone = true;
        if (handle_ != nullptr) {
            dlclose(handle_);
            void* still = dlopen(path().c_str(), RTLD_NOLOAD | RTLD_LAZY);
            gone = still == nullptr;
            if (!gone) dlclose(still);
        }
        if (gone) ::close(descriptor_);
    }

    std::string path() const { return "/proc/self/fd/" + std::to_string(descriptor_); }
    int descriptor() const { return descriptor_; }
    void* handle() const { return handle_; }
    void set_handle(void* handle) { handle_ = handle; }

private:
    int descriptor_;
    void* handle_ = nullptr;
};

SharedLibrary::SharedLibrary(std::unique_ptr<Image> image, const Sha256& digest)
    : image_(std::move(image)), digest_(digest) {}
SharedLibrary::~SharedLibrary() = default;
SharedLibrary::SharedLibrary(SharedLibrary&&) noexcept = default;
SharedLibrary& SharedLibrary::operator=(SharedLibrary&&) noexcept = default;

Result<SharedLibrary> SharedLibrary::read(const std::filesystem::path& path) {
    const Result<Bytes> bytes = PosixFileStore().read(path, kImageBytesMax);
    if (!bytes) return fail(bytes.error());
    if (const Result<void> complete = check_complete(*bytes); !complete) {
        return fail(complete.error().seen_from(path.string()));
    }

    const int descriptor = memfd_create("firebreak-engine", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (descriptor < 0) return fail(last_errno("memfd_create"));
    auto image = std::make_unique<Image>(descriptor);
    if (const Result<void> written = write_all(descriptor, *bytes); !written) {
        return fail(written.error());
    }
    if (fcntl(descriptor, F_ADD_SEALS, kSeals) != 0) return fail(last_errno("sealing the engine"));
    return SharedLibrary(std::move(image), sha256(*bytes));
}

Result<void> SharedLibrary::map() {
    void* handle = dlopen(image_->path().c_str(), RTLD_NOW | RTLD_LOCAL);
    if (handle == nullptr) return fail(Errc::kInvalid, loader_reason(image_->path()));
    image_->set_handle(handle);
    return {};
}

void* SharedLibrary::symbol(const char* name) const {
    return image_->handle() != nullptr ? dlsym(image_->handle(), name) : nullptr;
}

}  // namespace firebreak::sensor
