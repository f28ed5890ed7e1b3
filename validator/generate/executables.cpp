#include "validator/generate/executables.hpp"

#include <algorithm>

namespace firebreak::validator {
namespace {

/// A file that is written front to back, in little-endian numbers.
class Image {
public:
    Image& u8(std::uint64_t value) { return number(value, 1); }
    Image& u16(std::uint64_t value) { return number(value, 2); }
    Image& u32(std::uint64_t value) { return number(value, 4); }
    Image& u64(std::uint64_t value) { return number(value, 8); }
    Image& text(std::string_view text) { return append(bytes_of(text)); }
    Image& append(ByteView more) {
        bytes_.insert(bytes_.end(), more.begin(), more.end());
        return *this;
    }
    Image& pad_to(std::size_t size) {
        bytes_.resize(std::max(bytes_.size(), size));
        return *this;
    }
    std::size_t size() const { return bytes_.size(); }

    /// The whole, with what must stand at its place.
    Bytes finish(const std::vector<FixedBytes>& fixed) && {
        constexpr std::uint64_t kReachMax = 1U << 20U;
        for (const FixedBytes& piece : fixed) {
            if (piece.offset > kReachMax) continue;
            const auto offset = static_cast<std::size_t>(piece.offset);
            pad_to(offset + piece.bytes.size());
            std::ranges::copy(piece.bytes, bytes_.begin() + static_cast<std::ptrdiff_t>(offset));
        }
        return std::move(bytes_);
    }

private:
    Image& number(std::uint64_t value, unsigned size) {
        for (unsigned i = 0; i < size; ++i) {
            bytes_.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
        }
        return *this;
    }

    Bytes bytes_;
};

constexpr std::size_t kAlignment = 0x200;

std::size_t aligned(std::size_t size, std::size_t to) {
    return (size + to - 1) / to * to;
}

/// The first place from `begin` on at which headers of `size` lie on nothing that is fixed.
std::size_t free_place(const std::vector<FixedBytes>& fixed, std::size_t begin, std::size_t size) {
    constexpr std::uint64_t kPlaceMax = 0x8000;
    std::vector<FixedBytes> ordered = fixed;
    std::ranges::sort(ordered, {}, &FixedBytes::offset);
    for (const FixedBytes& piece : ordered) {
        const std::uint64_t end = piece.offset + piece.bytes.size();
        const bool overlaps = piece.offset < begin + size && end > begin;
        if (overlaps && end < kPlaceMax) begin = aligned(static_cast<std::size_t>(end), 8);
    }
    return begin;
}

constexpr std::size_t kOptionalHeaderBytes = 224;
constexpr std::size_t kSecurityEntry = 4;
constexpr std::size_t kDirectoryEntries = 16;

/// COFF header, optional header and section table, as in the PE format's specification.
void pe_headers(Image& image, std::size_t raw, std::size_t raw_bytes,
                std::size_t certificate_bytes) {
    constexpr std::uint64_t kSectionStart = 0x1000;
    const std::uint64_t image_bytes = kSectionStart + aligned(raw_bytes, kSectionStart);
    image.text(std::string_view("PE\0\0", 4));
    image.u16(0x014C).u16(1).u32(0).u32(0).u32(0).u16(kOptionalHeaderBytes).u16(0x0102);
    image.u16(0x010B).u16(0).u32(raw_bytes).u32(0).u32(0);
    image.u32(kSectionStart).u32(kSectionStart).u32(0x2000);  // Entry point, code, data,
    image.u32(0x400000).u32(kSectionStart).u32(kAlignment);   // image base, alignments.
    image.u16(5).u16(0).u16(0).u16(0).u16(5).u16(0).u32(0);
    image.u32(image_bytes).u32(raw).u32(0).u16(2).u16(0);
    image.u32(0x100000).u32(0x1000).u32(0x100000).u32(0x1000).u32(0).u32(kDirectoryEntries);
    for (std::size_t entry = 0; entry < kDirectoryEntries; ++entry) {
        const bool here = entry == kSecurityEntry && certificate_bytes > 0;
        // Of this one entry alone the address is an offset in the file.
        image.u32(here ? raw + raw_bytes : 0).u32(here ? certificate_bytes : 0);
    }
    image.text(std::string_view(".text\0\0\0", 8));
    image.u32(raw_bytes).u32(kSectionStart).u32(raw_bytes).u32(raw);
    image.u32(0).u32(0).u32(0).u32(0x60000020);
}

}  // namespace

Bytes make_pe(const FileParts& parts) {
    constexpr std::size_t kHeaderBytes = 24 + kOptionalHeaderBytes + 40;
    constexpr std::size_t kCertificateHeaderBytes = 8;
    const std::size_t header = free_place(parts.fixed, 0x80, kHeaderBytes);
    const std::size_t raw = aligned(header + kHeaderBytes, kAlignment);
    const std::size_t raw_bytes = aligned(parts.entry.size() + parts.body.size() + 1, kAlignment);
    const std::size_t certificates =
        parts.certificates.empty()
            ? 0
            : aligned(parts.certificates.size() + kCertificateHeaderBytes, 8);
    Image image;
    image.text("MZ").pad_to(0x3C).u32(header).pad_to(header);
    pe_headers(image, raw, raw_bytes, certificates);
    image.pad_to(raw).append(parts.entry).append(parts.body).pad_to(raw + raw_bytes);
    if (certificates > 0) {
        image.u32(certificates).u16(0x0200).u16(0x0002).append(parts.certificates);
        image.pad_to(raw + raw_bytes + certificates);
    }
    return std::move(image).finish(parts.fixed);
}

Bytes make_elf(const FileParts& parts) {
    constexpr std::uint64_t kBase = 0x400000;
    constexpr std::size_t kHeaders = 64 + 56;
    const std::size_t begin = free_place(parts.fixed, kHeaders, parts.entry.size());
    const std::size_t size = begin + parts.entry.size() + parts.body.size();
    Image image;
    image.text(
        "\x7F"
        "ELF");
    image.u8(2).u8(1).u8(1).u8(0).u64(0);
    image.u16(2).u16(62).u32(1).u64(kBase + begin).u64(64).u64(0).u32(0);
    image.u16(64).u16(56).u16(1).u16(64).u16(0).u16(0);
    image.u32(1).u32(5).u64(0).u64(kBase).u64(kBase).u64(size).u64(size).u64(0x1000);
    image.pad_to(begin).append(parts.entry).append(parts.body);
    return std::move(image).finish(parts.fixed);
}

Bytes make_plain(const FileParts& parts) {
    Image image;
    image.append(parts.entry).append(parts.body);
    return std::move(image).finish(parts.fixed);
}

}  // namespace firebreak::validator
