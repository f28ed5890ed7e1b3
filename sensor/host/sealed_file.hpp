#pragma once

#include <filesystem>

#include "core/base/bytes.hpp"
#include "core/base/digest.hpp"
#include "core/base/error.hpp"

namespace firebreak::sensor {

/// A file read once into anonymous memory that nobody can change any more, and hashed there: what
/// is mapped or executed from it are the very bytes of the digest, whatever happens on disk.
class SealedFile {
public:
    /// @returns Errc::kTooLarge past 256 MiB, Errc::kNotFound, or an errno.
    [[nodiscard]] static Result<SealedFile> read(const std::filesystem::path& path);

    ~SealedFile();
    SealedFile(SealedFile&& other) noexcept;
    SealedFile& operator=(SealedFile&& other) noexcept;

    const Sha256& digest() const { return digest_; }
    ByteView bytes() const { return bytes_; }
    int descriptor() const { return descriptor_; }

    /// Gives up the descriptor: it is the caller's to close, or to keep for ever.
    int release() noexcept;

    /// Forgets our own copy of the bytes; the memory file stays.
    void drop_bytes();

private:
    SealedFile(int descriptor, Bytes bytes, const Sha256& digest);

    int descriptor_;
    Bytes bytes_;
    Sha256 digest_;
};

}  // namespace firebreak::sensor
