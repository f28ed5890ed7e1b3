#pragma once

#include <span>
#include <string>
#include <vector>

#include "core/base/bytes.hpp"
#include "core/base/error.hpp"
#include "validator/sandbox/descriptor.hpp"

namespace firebreak::validator {

/// The place where a supervisor puts one input after the other for a worker, which can only read
/// it. (A memfd, sealed against new writable mappings and against a change of size.)
///
/// Inputs are aligned to the *end*: the worker maps an inaccessible page behind it, so that an
/// engine which reads one byte past its input dies there instead of reading on unseen.
class InputArea {
public:
    /// @param bytes_max  Rounded up to whole pages. Memory is taken only as inputs are written.
    /// @returns the area, or an errno.
    [[nodiscard]] static Result<InputArea> make(std::uint64_t bytes_max);

    InputArea(InputArea&& other) noexcept;
    InputArea& operator=(InputArea&&) = delete;
    ~InputArea();

    /// Where an input of `length` bytes goes. @pre length <= capacity().
    std::span<std::uint8_t> last(std::size_t length) const;

    std::size_t capacity() const noexcept { return bytes_.size(); }
    int descriptor() const noexcept { return memory_.get(); }

private:
    InputArea(Descriptor memory, std::span<std::uint8_t> bytes)
        : memory_(std::move(memory)), bytes_(bytes) {}

    Descriptor memory_;
    std::span<std::uint8_t> bytes_;
};

/// One file of content, as it lies in a ContentImage.
struct ImageEntry {
    std::string name;
    std::uint64_t offset = 0;
    std::uint64_t length = 0;
};

/// A file of content by view.
struct FileView {
    std::string_view name;
    ByteView bytes;
};

/// A set of content files in sealed memory that any number of workers can map and none can change.
class ContentImage {
public:
    /// @returns the image, or an errno.
    [[nodiscard]] static Result<ContentImage> make(const std::vector<FileView>& files);

    const std::vector<ImageEntry>& entries() const noexcept { return entries_; }
    std::uint64_t size() const noexcept { return size_; }
    int descriptor() const noexcept { return memory_.get(); }

private:
    Descriptor memory_;
    std::vector<ImageEntry> entries_;
    std::uint64_t size_ = 0;
};

}  // namespace firebreak::validator
