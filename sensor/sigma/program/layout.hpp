#pragma once

#include <array>
#include <cstdint>

/// The bytes of a binary rule file (docs/formats/sigma-rules.md), shared by writer and reader.
namespace firebreak::sigma::layout {

inline constexpr std::array<std::uint8_t, 8> kMagic = {0x89, 'F', 'B', 'S', 0x0D, 0x0A, 0x1A, 0x0A};
inline constexpr std::uint32_t kVersion = 1;

// Sizes of the fixed parts, in bytes.
inline constexpr std::size_t kHeader = 56;
inline constexpr std::size_t kRule = 44;
inline constexpr std::size_t kPredicate = 32;
inline constexpr std::size_t kPiece = 16;
inline constexpr std::size_t kNode = 12;
inline constexpr std::size_t kChild = 4;
inline constexpr std::size_t kAny = 2;

/// How many records each section has, in the order of the sections, which is the order in which
/// the header states them. No offsets: each section starts where the one before it ends.
struct Counts {
    std::uint32_t rules = 0;
    std::uint32_t predicates = 0;
    std::uint32_t pieces = 0;
    std::uint32_t nodes = 0;
    std::uint32_t children = 0;
    std::uint32_t any = 0;
    std::uint32_t text_bytes = 0;

    /// The length of the whole file. Cannot overflow: seven 32-bit numbers times 44.
    std::uint64_t file_bytes() const {
        return kHeader + std::uint64_t{rules} * kRule + std::uint64_t{predicates} * kPredicate +
               std::uint64_t{pieces} * kPiece + std::uint64_t{nodes} * kNode +
               std::uint64_t{children} * kChild + std::uint64_t{any} * kAny + text_bytes;
    }
};

}  // namespace firebreak::sigma::layout
