#include "sensor/host/shared_library.hpp"

#include <dlfcn.h>
#include <elf.h>
#include <link.h>
#include <unistd.h>

#include <cstring>
#include <string>

#include "core/base/errc.hpp"
#include "sensor/host/sealed_file.hpp"

namespace firebreak::sensor {
namespace {

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
    Result<SealedFile> file = SealedFile::read(path);
    if (!file) return fail(file.error());
    if (const Result<void> complete = check_complete(file->bytes()); !complete) {
        return fail(complete.error().seen_from(path.string()));
    }
    return SharedLibrary(std::make_unique<Image>(file->release()), file->digest());
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
