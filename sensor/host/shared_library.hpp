#pragma once

#include <filesystem>
#include <memory>

#include "core/base/digest.hpp"
#include "core/base/error.hpp"

namespace firebreak::sensor {

/// A shared library whose mapped bytes are exactly the bytes that were hashed.
///
/// dlopen() takes a path, and whoever can write to that path, or to the file behind it, can change
/// the code between a check and the mapping, and even afterwards, because a mapped file shows later
/// writes. So the file is read once into an anonymous memory file, which is sealed against any
/// change, hashed, and mapped from there. Nothing that happens on disk matters after the read.
///
/// The memory file stays open as long as the library is mapped: the loader recognises libraries by
/// their path ("/proc/self/fd/7"), and a second image under a number used again would silently be
/// the first one. A library that refuses to go (it may be marked so) keeps its descriptor for the
/// life of the process, for the same reason.
class SharedLibrary {
public:
    /// Reads and seals; does not map, so none of its code has run.
    ///
    /// @returns Errc::kInvalid for a file that is no shared library, or not all of one;
    ///   Errc::kTooLarge past 256 MiB, Errc::kNotFound, or an errno.
    [[nodiscard]] static Result<SharedLibrary> read(const std::filesystem::path& path);

    ~SharedLibrary();
    SharedLibrary(SharedLibrary&&) noexcept;
    SharedLibrary& operator=(SharedLibrary&&) noexcept;

    const Sha256& digest() const { return digest_; }

    /// Maps it: all symbols bound now, none visible to other libraries. Constructors run.
    ///
    /// @returns Errc::kInvalid with the loader's reason.
    [[nodiscard]] Result<void> map();

    /// @returns nullptr when there is none, or map() has not succeeded.
    void* symbol(const char* name) const;

private:
    class Image;
    SharedLibrary(std::unique_ptr<Image> image, const Sha256& digest);

    std::unique_ptr<Image> image_;
    Sha256 digest_;
};

}  // namespace firebreak::sensor
