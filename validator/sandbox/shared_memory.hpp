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

    /// Where the input of a batch goes: the end of the slot with that number. The slots are the
    /// first bytes of the area. @pre number < slots(), length <= BatchArea::kSlotBytes.
    std::span<std::uint8_t> slot(std::size_t number, std::size_t length) const;
    std::size_t slots() const noexcept;

    std::size_t capacity() const noexcept { return bytes_.size(); }
    int descriptor() const noexcept { return memory_.get(); }

private:
    InputArea(Descriptor memory, std::span<std::uint8_t> bytes)
        : memory_(std::move(memory)), bytes_(bytes) {}

    Descriptor memory_;
    std::span<std::uint8_t> bytes_;
};

/// Where a worker leaves what became of each input of a batch, one after the other (BatchEntry), so
/// that what was answered before a crash is not lost with it. A sealed memfd that the worker can
/// write to at any time: the supervisor takes one copy, and believes none of it.
class BatchArea {
public:
    /// One input of a batch is at most this long, and lies at the end of a slot of this size, which
    /// the worker maps with a page behind it that may not be touched.
    static constexpr std::size_t kSlotBytes = 64U << 10U;
    static constexpr std::size_t kSlots = 64;

    static constexpr std::size_t kHeaderBytes = 64;
    static constexpr std::size_t kBytes = 2U << 20U;

    /// @returns the area, or an errno.
    [[nodiscard]] static Result<BatchArea> make();

    BatchArea(BatchArea&& other) noexcept;
    BatchArea& operator=(BatchArea&&) = delete;
    ~BatchArea();

    /// Forgets what an earlier batch left.
    void clear() noexcept;

    /// How many inputs of the batch are done, as the worker says: any number.
    std::uint32_t finished() const noexcept;

    /// What the worker has written so far, at most kBytes: a copy.
    Bytes answers() const;

    int descriptor() const noexcept { return memory_.get(); }

private:
    BatchArea(Descriptor memory, std::span<std::uint8_t> bytes)
        : memory_(std::move(memory)), bytes_(bytes) {}

    Descriptor memory_;
    std::span<std::uint8_t> bytes_;
};

/// The worker's end of a BatchArea.
class BatchWriter {
public:
    BatchWriter() = default;
    /// @param bytes  The whole area, writable.
    explicit BatchWriter(std::span<std::uint8_t> bytes) : bytes_(bytes) {}

    /// Begins a batch.
    void clear() noexcept;
    bool has_room_for(std::size_t length) const noexcept;
    /// Adds what became of the next input. @pre has_room_for(entry.size()).
    void add(ByteView entry) noexcept;
    std::uint32_t finished() const noexcept { return finished_; }

private:
    std::span<std::uint8_t> bytes_;
    std::size_t used_ = 0;
    std::uint32_t finished_ = 0;
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
