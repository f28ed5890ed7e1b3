#include "validator/sandbox/shared_memory.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <sys/mman.h>

#include "core/base/check.hpp"

// From kernel 5.1; glibc names it only with _GNU_SOURCE in <linux/fcntl.h>.
#ifndef F_SEAL_FUTURE_WRITE
#define F_SEAL_FUTURE_WRITE 0x0010
#endif

namespace firebreak::validator {
namespace {

tl::unexpected<Error> fail_errno(const char* doing) {
    return fail({errno, std::generic_category()}, doing);
}

Result<Descriptor> sized_memory(const char* name, std::uint64_t bytes) {
    Descriptor memory(::memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING));
    if (!memory.ok()) return fail_errno("memfd_create");
    if (::ftruncate(memory.get(), static_cast<off_t>(bytes)) != 0) return fail_errno("ftruncate");
    return memory;
}

}  // namespace

Result<InputArea> InputArea::make(std::uint64_t bytes_max) {
    const auto page = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
    const std::uint64_t capacity = (std::max<std::uint64_t>(bytes_max, 1) + page - 1) / page * page;
    Result<Descriptor> memory = sized_memory("firebreak-input", capacity);
    if (!memory) return fail(memory.error());
    void* address = ::mmap(nullptr, capacity, PROT_READ | PROT_WRITE, MAP_SHARED, memory->get(), 0);
    if (address == MAP_FAILED) return fail_errno("mapping the input area");
    InputArea area(*std::move(memory), {static_cast<std::uint8_t*>(address), capacity});
    // The mapping above stays writable; nobody can make another one.
    const int seals = F_SEAL_FUTURE_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;
    if (::fcntl(area.descriptor(), F_ADD_SEALS, seals) != 0) {
        return fail_errno("sealing the input area");
    }
    return area;
}

InputArea::InputArea(InputArea&& other) noexcept
    : memory_(std::move(other.memory_)), bytes_(std::exchange(other.bytes_, {})) {}

InputArea::~InputArea() {
    if (!bytes_.empty()) ::munmap(bytes_.data(), bytes_.size());
}

std::span<std::uint8_t> InputArea::last(std::size_t length) const {
    FIREBREAK_CHECK(length <= bytes_.size());
    return bytes_.last(length);
}

Result<ContentImage> ContentImage::make(const std::vector<FileView>& files) {
    ContentImage image;
    for (const FileView& file : files) {
        image.entries_.push_back({std::string(file.name), image.size_, file.bytes.size()});
        image.size_ += file.bytes.size();
    }
    Result<Descriptor> memory = sized_memory("firebreak-content", image.size_);
    if (!memory) return fail(memory.error());
    image.memory_ = *std::move(memory);
    for (std::size_t index = 0; index < files.size(); ++index) {
        ByteView rest = files[index].bytes;
        auto offset = static_cast<off_t>(image.entries_[index].offset);
        while (!rest.empty()) {
            const ssize_t written = ::pwrite(image.descriptor(), rest.data(), rest.size(), offset);
            if (written < 0 && errno == EINTR) continue;
            if (written <= 0) return fail_errno("writing the content image");
            rest = rest.subspan(static_cast<std::size_t>(written));
            offset += written;
        }
    }
    const int seals = F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;
    if (::fcntl(image.descriptor(), F_ADD_SEALS, seals) != 0) {
        return fail_errno("sealing the content image");
    }
    return image;
}

}  // namespace firebreak::validator
