#pragma once

#include <cstddef>

#include "core/base/bytes.hpp"

namespace firebreak::validator {

/// Memory that ends right before an inaccessible page: who reads or writes one byte past it dies
/// there. (Its start is aligned to what the length allows.) Lives as long as the object.
class GuardedMemory {
public:
    /// @pre memory is to be had; a worker that has none left is of no use.
    explicit GuardedMemory(std::size_t length);
    GuardedMemory(const GuardedMemory&) = delete;
    GuardedMemory& operator=(const GuardedMemory&) = delete;
    GuardedMemory(GuardedMemory&& other) noexcept;
    GuardedMemory& operator=(GuardedMemory&&) = delete;
    ~GuardedMemory();

    std::uint8_t* data() const { return data_; }

private:
    void* base_;
    std::size_t mapped_;
    std::uint8_t* data_;
};

/// A copy of `bytes` in guarded memory.
GuardedMemory guarded(ByteView bytes);

}  // namespace firebreak::validator
