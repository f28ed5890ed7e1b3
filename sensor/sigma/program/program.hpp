#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/bytes.hpp"
#include "core/base/error.hpp"

namespace firebreak::sigma {

/// What the compiler hands to the writer: the rules for one event contract, as questions about
/// fields (predicates, each stored once) and trees of and/or/not above them.
///
/// Text is compared byte by byte, with A-Z and a-z equal unless `cased`. Every value can be asked
/// as text: an integer in decimal, a boolean as "true" or "false". A field without a value answers
/// no to everything but kAbsent.

/// Stands for "any field of the event" (Sigma's keywords). Not with kAbsent, kPresent or kSameAs*.
constexpr std::uint16_t kAnyField = 0xFFFF;

enum class Op : std::uint8_t {
    kAbsent = 1,   ///< `field: null`, and exists: false.
    kPresent = 2,  ///< exists: true.
    kEquals = 3,   ///< text.
    kContains = 4,
    kStartsWith = 5,
    kEndsWith = 6,
    kGlob = 7,  ///< pieces: the texts between the asterisks; see Predicate.
    /// text: RE2 syntax, found anywhere; flags are in the text as (?ims). A pattern of ASCII alone,
    /// without \p, \P and \x{, is about bytes (. is one byte, whatever it is); any other about
    /// characters of UTF-8, and then bytes that are none match nothing.
    kRegex = 8,
    kCidr = 9,            ///< network, prefix_bits: the value, an IPv4 or IPv6 address, is inside.
    kIntegerEquals = 10,  ///< integer. A text value is read as decimal, or hexadecimal after 0x.
    kLess = 11,
    kLessOrEqual = 12,
    kGreater = 13,
    kGreaterOrEqual = 14,
    kSameAs = 15,     ///< other_field (fieldref): equal as text.
    kSameStart = 16,  ///< The value starts with that of other_field, which is present.
    kSameEnd = 17,
    kSameInside = 18,  ///< The value contains that of other_field.
};

/// One piece of a glob: literal bytes, in which each position of `any` stands for one character
/// (Sigma's ?; one byte).
struct GlobPiece {
    std::string text{};
    std::vector<std::uint16_t> any{};  ///< Ascending offsets into text; the byte there is 0.

    friend bool operator==(const GlobPiece&, const GlobPiece&) = default;
};

/// An operand that the op does not use keeps the value it has here; so does `cased` where the op
/// compares no text of its own (kAbsent, kPresent, kRegex, kCidr, and all about integers).
struct Predicate {
    std::uint16_t field = 0;  ///< Position in the contract, or kAnyField.
    Op op = Op::kPresent;
    bool cased = false;
    std::uint16_t other_field = 0;
    std::string text{};
    std::int64_t integer = 0;
    /// kGlob: at least one piece; "a*b?" is {"a", "b?"}. The first piece is at the value's start
    /// and the last at its end; "*a*" is {"", "a", ""}.
    std::vector<GlobPiece> pieces{};
    Bytes network{};  ///< kCidr: 4 or 16 bytes, with all bits past prefix_bits zero.
    std::uint8_t prefix_bits = 0;

    friend bool operator==(const Predicate&, const Predicate&) = default;
};

struct Node {
    enum class Kind : std::uint8_t { kPredicate = 1, kNot = 2, kAll = 3, kAny = 4 };

    Kind kind = Kind::kPredicate;
    std::uint32_t predicate = 0;  ///< kPredicate: its index in the program.
    /// Of this rule's nodes, each before its parent. kNot: one; kAll, kAny: at least one. A tree:
    /// each node but the last has exactly one parent.
    std::vector<std::uint32_t> children{};

    friend bool operator==(const Node&, const Node&) = default;
};

/// The levels of a rule, as the specification has them; the first says that none is given.
inline constexpr std::array<std::string_view, 6> kLevels = {"",       "informational", "low",
                                                            "medium", "high",          "critical"};

struct Rule {
    std::string id{};     ///< The Sigma id, a UUID; unique in the program. Visible ASCII.
    std::string title{};  ///< One line of UTF-8.
    std::string level{};  ///< One of kLevels.
    std::string file{};   ///< Where it was written, for describe() and messages. One line of UTF-8.
    std::uint32_t line = 0;
    std::vector<Node> nodes{};  ///< The last one is the condition.

    friend bool operator==(const Rule&, const Rule&) = default;
};

struct Program {
    std::string contract{};  ///< "process_creation_windows/v1".
    std::uint16_t arity =
        0;  ///< Fields that the contract has: what the rules were written against.
    std::vector<Predicate> predicates{};  ///< No two alike, and each used by a rule.
    std::vector<Rule> rules{};            ///< At least one; ascending by id.

    friend bool operator==(const Program&, const Program&) = default;
};

/// Limits of the format, checked by writer and reader alike.
struct ProgramLimits {
    std::size_t bytes_max = 64U << 20U;
    std::size_t rules_max = 100'000;
    std::size_t predicates_max = 1'000'000;
    std::size_t nodes_per_rule_max = 65'536;
    std::size_t text_bytes_max = 64U << 10U;  ///< Of one operand.
    std::size_t regex_bytes_max = 4U << 10U;
    std::size_t name_bytes_max = 1024;  ///< Of an id, title, file or contract.
};

/// Whether `program` keeps the rules above: what the writer asks before it writes, and the reader
/// before it hands out what it read.
///
/// @returns Errc::kTooLarge or Errc::kInvalid, with the rule's id or the predicate's number.
[[nodiscard]] Result<void> check_program(const Program& program, const ProgramLimits& limits = {});

/// Writes the binary rule file (docs/formats/sigma-rules.md). The same program gives the same
/// bytes.
///
/// @returns Errc::kTooLarge past a limit, Errc::kInvalid for a program that breaks a rule above
///   (field past the arity, a child not before its parent, an empty kAll, …), with the rule's id.
[[nodiscard]] Result<Bytes> write_program(const Program& program, const ProgramLimits& limits = {});

/// Reads one back, whole. Every offset, count and reference is checked, and so is that the bytes
/// are the ones write_program() would write: each program has one file. Takes at most
/// kReadBytesPerByte bytes of memory for each byte of the file.
///
/// @returns Errc::kMalformed, Errc::kUnsupported (a later version) or Errc::kTooLarge with the
///   offset and the reason, or what check_program() says.
inline constexpr std::size_t kReadBytesPerByte = 16;
[[nodiscard]] Result<Program> read_program(ByteView bytes, const ProgramLimits& limits = {});

}  // namespace firebreak::sigma
