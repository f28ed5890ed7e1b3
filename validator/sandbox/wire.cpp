#include "validator/sandbox/wire.hpp"

#include <limits>

#include "core/base/check.hpp"

namespace firebreak::validator {
namespace {

template <class Integer>
void append(Bytes& bytes, Integer value) {
    for (std::size_t index = 0; index < sizeof(value); ++index) {
        bytes.push_back(static_cast<std::uint8_t>((value >> (8 * index)) & 0xFFU));
    }
}

template <class Integer>
Integer integer_of(ByteView bytes) {
    Integer value = 0;
    for (std::size_t index = 0; index < bytes.size(); ++index) {
        value |= static_cast<Integer>(static_cast<Integer>(bytes[index]) << (8 * index));
    }
    return value;
}

}  // namespace

std::size_t frame_length(ByteView header) {
    return integer_of<std::uint32_t>(header.first(kFrameHeaderBytes));
}

WireWriter::WireWriter(MessageType type) : bytes_(kFrameHeaderBytes) {
    bytes_.push_back(static_cast<std::uint8_t>(type));
}

void WireWriter::u64(std::uint64_t value) {
    append(bytes_, value);
}

void WireWriter::u32(std::uint32_t value) {
    append(bytes_, value);
}

void WireWriter::text(std::string_view value) {
    FIREBREAK_CHECK(value.size() <= std::numeric_limits<std::uint32_t>::max());
    u32(static_cast<std::uint32_t>(value.size()));
    const ByteView bytes = bytes_of(value);
    bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
}

const Bytes& WireWriter::frame() {
    const std::size_t length = bytes_.size() - kFrameHeaderBytes;
    FIREBREAK_CHECK(length <= std::numeric_limits<std::uint32_t>::max());
    for (std::size_t index = 0; index < kFrameHeaderBytes; ++index) {
        bytes_[index] = static_cast<std::uint8_t>((length >> (8 * index)) & 0xFFU);
    }
    return bytes_;
}

WireReader::WireReader(ByteView body) : rest_(body) {
    const ByteView type = take(1);
    if (!type.empty()) type_ = static_cast<MessageType>(type[0]);
}

std::uint64_t WireReader::u64() {
    return integer_of<std::uint64_t>(take(8));
}

std::uint32_t WireReader::u32() {
    return integer_of<std::uint32_t>(take(4));
}

std::string_view WireReader::text(std::size_t bytes_max) {
    const std::size_t length = u32();
    if (length > bytes_max) spoiled_ = true;
    return text_of(take(length));
}

std::size_t WireReader::count(std::size_t element_bytes_min) {
    const std::size_t elements = u32();
    if (elements > rest_.size() / element_bytes_min) spoiled_ = true;
    return spoiled_ ? 0 : elements;
}

ByteView WireReader::take(std::size_t bytes) {
    if (spoiled_ || bytes > rest_.size()) {
        spoiled_ = true;
        return {};
    }
    const ByteView taken = rest_.first(bytes);
    rest_ = rest_.subspan(bytes);
    return taken;
}

}  // namespace firebreak::validator
