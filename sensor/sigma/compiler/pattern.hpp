#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sensor/sigma/program/program.hpp"

namespace firebreak::sigma {

/// A value of a rule: literal text with wildcards in it. No two parts of literal text, and no two
/// asterisks, stand side by side.
class Pattern {
public:
    enum class Kind { kText, kAnyCharacter, kAnyText };
    struct Part {
        Kind kind = Kind::kText;
        std::string text;  ///< kText: not empty.

        friend bool operator==(const Part&, const Part&) = default;
    };

    /// `text` without any wildcard.
    static Pattern literal(std::string_view text);
    /// `text` as an author writes it: * and ? are wildcards, \* \? and \\ stand for themselves, and
    /// any other backslash is a backslash (Sigma rules specification 2.0, "Escaping").
    static Pattern parse(std::string_view text);

    const std::vector<Part>& parts() const { return parts_; }
    bool empty() const { return parts_.empty(); }
    bool has_wildcard() const;
    /// Whether it fits any text at all: "*".
    bool fits_everything() const;
    /// Its literal text. @pre !has_wildcard().
    std::string text() const;
    std::size_t bytes() const;

    void add_text(std::string_view text);
    void add(Kind wildcard);
    void open_start();  ///< An asterisk in front, unless there is one.
    void open_end();

    /// Puts what the pattern asks for into `predicate`, as the simplest op that can ask it.
    void ask(Predicate& predicate) const;

private:
    std::vector<Part> parts_;
};

/// Every form of `pattern` in which each dash in front of a parameter is one of - / – — ―
/// (Sigma's windash): a dash between something that is no letter, digit or underscore, and
/// something that is. Just `pattern` when it has none.
///
/// @returns nothing for more than `variants_max` forms.
std::optional<std::vector<Pattern>> windash_variants(const Pattern& pattern,
                                                     std::size_t variants_max);

}  // namespace firebreak::sigma
