#include "validator/sandbox/shared_memory.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
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

std::size_t InputArea::slots() const noexcept {
    return std::min(BatchArea::kSlots, bytes_.size() / BatchArea::kSlotBytes);
}

std::span<std::uint8_t> InputArea::slot(std::size_t number, std::size_t length) const {
    FIREBREAK_CHECK(number < slots() && length <= BatchArea::kSlotBytes);
    return bytes_.subspan((number + 1) * BatchArea::kSlotBytes - length, length);
}

// ---- What a batch leaves behind -----------------------------------------------------------------

namespace {

/// The first words of a BatchArea. Each is read once and bounded: the other side may be hostile.
struct BatchHeader {
    std::atomic<std::uint32_t> finished;
    std::atomic<std::uint32_t> bytes;
};
static_assert(sizeof(BatchHeader) <= BatchArea::kHeaderBytes);
static_assert(std::atomic<std::uint32_t>::is_always_lock_free);

}  // namespace

Result<BatchArea> BatchArea::make() {
    Result<Descriptor> memory = sized_memory("firebreak-batch", kBytes);
    if (!memory) return fail(memory.error());
    // Whoever has it may write; nobody may make it shorter under the supervisor's mapping.
    const int seals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;
    if (::fcntl(memory->get(), F_ADD_SEALS, seals) != 0) return fail_errno("sealing a batch area");
    void* address = ::mmap(nullptr, kBytes, PROT_READ | PROT_WRITE, MAP_SHARED, memory->get(), 0);
    if (address == MAP_FAILED) return fail_errno("mapping a batch area");
    return BatchArea(*std::move(memory), {static_cast<std::uint8_t*>(address), kBytes});
}

BatchArea::BatchArea(BatchArea&& other) noexcept
    : memory_(std::move(other.memory_)), bytes_(std::exchange(other.bytes_, {})) {}

BatchArea::~BatchArea() {
    if (!bytes_.empty()) ::munmap(bytes_.data(), bytes_.size());
}

void BatchArea::clear() noexcept {
    auto* header = reinterpret_cast<BatchHeader*>(bytes_.data());
    header->finished.store(0, std::memory_order_release);
    header->bytes.store(0, std::memory_order_release);
}

std::uint32_t BatchArea::finished() const noexcept {
    const auto* header = reinterpret_cast<const BatchHeader*>(bytes_.data());
    return header->finished.load(std::memory_order_acquire);
}

Bytes BatchArea::answers() const {
    const auto* header = reinterpret_cast<const BatchHeader*>(bytes_.data());
    const std::size_t said = header->bytes.load(std::memory_order_acquire);
    return copy_of(bytes_.subspan(kHeaderBytes, std::min(said, kBytes - kHeaderBytes)));
}

void BatchWriter::clear() noexcept {
    used_ = 0;
    finished_ = 0;
    auto* header = reinterpret_cast<BatchHeader*>(bytes_.data());
    header->finished.store(0, std::memory_order_release);
    header->bytes.store(0, std::memory_order_release);
}

bool BatchWriter::has_room_for(std::size_t length) const noexcept {
    return length <= bytes_.size() - BatchArea::kHeaderBytes - used_;
}

void BatchWriter::add(ByteView entry) noexcept {
    std::memcpy(bytes_.data() + BatchArea::kHeaderBytes + used_, entry.data(), entry.size());
    used_ += entry.size();
    auto* header = reinterpret_cast<BatchHeader*>(bytes_.data());
    header->bytes.store(static_cast<std::uint32_t>(used_), std::memory_order_release);
    header->finished.store(++finished_, std::memory_order_release);
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
