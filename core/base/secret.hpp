#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "core/base/bytes.hpp"

namespace firebreak {

/// Key material and passphrases. Lives in guarded, locked memory (sodium_malloc), is wiped when it
/// goes, cannot be copied and has no way to a stream or a log.
class SecretBytes {
public:
    /// `size` zero bytes.
    explicit SecretBytes(std::size_t size);

    /// Takes over the contents of `bytes` and wipes them there.
    static SecretBytes take(std::span<std::uint8_t> bytes);

    std::span<std::uint8_t> writable() noexcept { return {data_.get(), size_}; }
    ByteView view() const noexcept { return {data_.get(), size_}; }
    std::size_t size() const noexcept { return size_; }

private:
    struct Free {
        void operator()(std::uint8_t* data) const noexcept;
    };
    std::unique_ptr<std::uint8_t, Free> data_;
    std::size_t size_;
};

/// Overwrites `bytes` in a way that no compiler removes.
void wipe(std::span<std::uint8_t> bytes) noexcept;

}  // namespace firebreak
