#include "core/base/secret.hpp"

#include <sodium.h>

#include <algorithm>

#include "core/base/check.hpp"

namespace firebreak {

SecretBytes::SecretBytes(std::size_t size) : size_(size) {
    FIREBREAK_CHECK(sodium_init() >= 0);
    data_.reset(static_cast<std::uint8_t*>(sodium_malloc(size == 0 ? 1 : size)));
    FIREBREAK_CHECK(data_);
    std::ranges::fill(writable(), std::uint8_t{0});
}

SecretBytes SecretBytes::take(std::span<std::uint8_t> bytes) {
    SecretBytes secret(bytes.size());
    std::ranges::copy(bytes, secret.writable().begin());
    wipe(bytes);
    return secret;
}

void SecretBytes::Free::operator()(std::uint8_t* data) const noexcept {
    sodium_free(data);
}

void wipe(std::span<std::uint8_t> bytes) noexcept {
    sodium_memzero(bytes.data(), bytes.size());
}

}  // namespace firebreak
