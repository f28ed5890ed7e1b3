#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/base/bytes.hpp"
#include "core/base/json.hpp"

namespace firebreak::validator {

enum class YaraStringKind : std::uint8_t { kText, kHex, kRegex };

/// One string of a rule, as describe() gives it (docs/sensor-abi.md).
struct YaraString {
    std::string id;  ///< "$a".
    YaraStringKind kind = YaraStringKind::kText;
    std::string source;     ///< With its delimiters.
    std::string modifiers;  ///< "wide nocase xor(0x01-0xff)".
};

struct YaraRule {
    std::string name;
    std::string file;
    std::uint32_t line = 0;
    std::vector<YaraString> strings;
    std::string condition;  ///< Tokens with a space between; may be empty.
    bool is_private = false;
};

/// The rules in a description of content of type yara-source.
///
/// @returns Errc::kMalformed when it is not what docs/sensor-abi.md says: an engine's description
///   is bytes from outside.
[[nodiscard]] Result<std::vector<YaraRule>> yara_rules(const json::value& description);

/// Bytes that must stand at a place.
struct FixedBytes {
    std::uint64_t offset = 0;
    Bytes bytes;
};

/// What a certificate in a signed program must say.
struct SignatureHints {
    std::string subject;
    std::string issuer;
    std::string serial;  ///< "05:e2:e6".

    bool any() const { return !subject.empty() || !issuer.empty() || !serial.empty(); }
};

/// What can be read off a condition without understanding it: each comparison by itself, "and" and
/// "or" alike. Wrong hints make a sample that does not match, and nothing worse.
struct ConditionHints {
    std::vector<FixedBytes> fixed;                 ///< uint16(0) == 0x5A4D
    std::map<std::string, std::uint64_t> offsets;  ///< $a at 0x40, $a in (64..100)
    std::vector<std::string> at_entry_point;       ///< $a at pe.entry_point
    std::vector<std::string> left_out;             ///< not $a
    std::map<std::string, std::uint64_t> counts;   ///< #a > 3
    std::uint64_t size_min = 0;                    ///< filesize > 10KB
    std::optional<std::uint64_t> size_max{};       ///< filesize < 10MB
    SignatureHints signature;                      ///< pe.signatures[i].serial == "05:e2"
    bool pe = false;                               ///< It asks for a Windows program,
    bool elf = false;                              ///< or for an ELF file.
};

ConditionHints hints_of(const std::string& condition);

/// A YARA text between its quotes, without its escapes.
Bytes unescaped(std::string_view quoted);

}  // namespace firebreak::validator
