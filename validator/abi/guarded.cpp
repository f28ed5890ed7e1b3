#include "validator/abi/guarded.hpp"

#include <unistd.h>

#include <algorithm>
#include <sys/mman.h>
#include <utility>

#include "core/base/check.hpp"

namespace firebreak::validator {

GuardedMemory::GuardedMemory(std::size_t length) {
    const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
    const std::size_t whole = (length + page - 1) / page * page;
    mapped_ = whole + page;
    base_ = ::mmap(nullptr, mapped_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    FIREBREAK_CHECK(base_ != MAP_FAILED);
    auto* end = static_cast<std::uint8_t*>(base_) + whole;
    FIREBREAK_CHECK(::mprotect(end, page, PROT_NONE) == 0);
    data_ = end - length;
}

GuardedMemory::GuardedMemory(GuardedMemory&& other) noexcept
    : base_(std::exchange(other.base_, nullptr)), mapped_(other.mapped_), data_(other.data_) {}

GuardedMemory::~GuardedMemory() {
    if (base_ != nullptr) ::munmap(base_, mapped_);
}

GuardedMemory guarded(ByteView bytes) {
    GuardedMemory memory(bytes.size());
    std::ranges::copy(bytes, memory.data());
    return memory;
}

}  // namespace firebreak::validator
