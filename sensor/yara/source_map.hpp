#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace firebreak::yara {

enum class StringKind { kText, kHex, kRegex };

/// One string definition, as it stands in the source.
struct SourceString {
    std::string identifier;  ///< "$a"; "$" for an anonymous one.
    StringKind kind = StringKind::kText;
    std::string value;      ///< With its delimiters: "\"abc\"", "{ 4d 5a }", "/a+/i".
    std::string modifiers;  ///< "wide nocase", spaces between.
    std::uint32_t line = 0;
};

/// One line of a rule's `meta` section.
struct SourceMeta {
    std::string name;
    std::string value;  ///< As it stands there, with its quotes: "\"low\"", "3", "true".
    std::uint32_t line = 0;
};

struct SourceRule {
    std::string name;
    std::uint32_t line = 0;  ///< Of the name.
    bool is_global = false;
    bool is_private = false;
    std::vector<SourceMeta> metas{};
    std::vector<SourceString> strings{};
    std::string condition{};  ///< Its tokens with one space between, comments gone.
    /// The same, taken apart: "==" is two tokens, and so is "$a*".
    std::vector<std::string> condition_tokens{};
};

struct SourceImport {
    std::string module;
    std::uint32_t line = 0;
};

/// Where things stand in one file of YARA source.
struct SourceMap {
    std::vector<SourceRule> rules;
    std::vector<SourceImport> imports;
    bool whole = true;  ///< False when a comment, string or regex has no end.
};

/// Reads the outline of YARA source: rule names, metas, strings, conditions, imports, with lines.
///
/// libyara keeps none of this. It is also a second count of the rules, made without libyara's
/// grammar: where the two differ, one of them did not see a rule, and the content is refused.
/// Never fails: what it cannot read it skips, and libyara will say what is wrong.
///
/// Source: YARA 4.2 documentation, "Writing YARA rules"; token forms as libyara/lexer.l reads them.
SourceMap read_source(std::string_view text);

}  // namespace firebreak::yara
