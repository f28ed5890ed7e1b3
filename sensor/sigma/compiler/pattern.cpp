#include "sensor/sigma/compiler/pattern.hpp"

#include <algorithm>
#include <array>

#include "sensor/kit/text.hpp"

namespace firebreak::sigma {
namespace {

constexpr std::array<std::string_view, 5> kDashes = {"-", "/", "\u2013", "\u2014", "\u2015"};

bool is_dash(std::string_view character) {
    return std::ranges::find(kDashes, character) != kDashes.end();
}

/// A letter, a digit or an underscore; whatever is not ASCII counts as a letter.
bool is_word(std::string_view character) {
    if (character.empty() || is_dash(character)) return false;
    const char c = character.front();
    return character.size() > 1 || c == '_' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
           (c >= 'A' && c <= 'Z') || static_cast<unsigned char>(c) >= 0x80;
}

std::string_view character_at(std::string_view text, std::size_t at) {
    const std::string_view rest = text.substr(at);
    return rest.substr(0, std::max<std::size_t>(1, sensor_kit::utf8_sequence_length(rest)));
}

/// A stretch of a text in which dashes vary: the text before a dash, and whether one follows.
struct Stretch {
    std::string text;
    bool dash = false;
};

std::vector<Stretch> split_at_dashes(std::string_view text) {
    std::vector<Stretch> stretches(1);
    std::string_view before;
    for (std::size_t at = 0; at < text.size();) {
        const std::string_view character = character_at(text, at);
        const std::size_t next = at + character.size();
        const bool in_front = is_dash(character) && !is_word(before) && next < text.size() &&
                              is_word(character_at(text, next));
        if (in_front) {
            stretches.back().dash = true;
            stretches.emplace_back();
        } else {
            stretches.back().text += character;
        }
        before = character;
        at = next;
    }
    return stretches;
}

/// One piece of a glob out of the parts between two asterisks.
void add_to(GlobPiece& piece, const Pattern::Part& part) {
    if (part.kind == Pattern::Kind::kAnyCharacter) {
        piece.any.push_back(static_cast<std::uint16_t>(piece.text.size()));
        piece.text += '\0';
    } else {
        piece.text += part.text;
    }
}

std::vector<GlobPiece> pieces_of(const std::vector<Pattern::Part>& parts) {
    std::vector<GlobPiece> pieces(1);
    for (const Pattern::Part& part : parts) {
        if (part.kind == Pattern::Kind::kAnyText) {
            pieces.emplace_back();
        } else {
            add_to(pieces.back(), part);
        }
    }
    return pieces;
}

}  // namespace

Pattern Pattern::literal(std::string_view text) {
    Pattern pattern;
    pattern.add_text(text);
    return pattern;
}

Pattern Pattern::parse(std::string_view text) {
    Pattern pattern;
    std::string literal;
    const auto flush = [&] {
        pattern.add_text(literal);
        literal.clear();
    };
    for (std::size_t at = 0; at < text.size(); ++at) {
        const char c = text[at];
        const char next = at + 1 < text.size() ? text[at + 1] : '\0';
        if (c == '\\' && (next == '*' || next == '?' || next == '\\')) {
            literal += next;
            ++at;
        } else if (c == '*' || c == '?') {
            flush();
            pattern.add(c == '*' ? Kind::kAnyText : Kind::kAnyCharacter);
        } else {
            literal += c;
        }
    }
    flush();
    return pattern;
}

bool Pattern::has_wildcard() const {
    return std::ranges::any_of(parts_, [](const Part& part) { return part.kind != Kind::kText; });
}

bool Pattern::fits_everything() const {
    return parts_.size() == 1 && parts_.front().kind == Kind::kAnyText;
}

std::string Pattern::text() const {
    return parts_.empty() ? std::string() : parts_.front().text;
}

std::size_t Pattern::bytes() const {
    std::size_t sum = 0;
    for (const Part& part : parts_) sum += std::max<std::size_t>(1, part.text.size());
    return sum;
}

void Pattern::add_text(std::string_view text) {
    if (text.empty()) return;
    if (!parts_.empty() && parts_.back().kind == Kind::kText) {
        parts_.back().text += text;
    } else {
        parts_.push_back({Kind::kText, std::string(text)});
    }
}

void Pattern::add(Kind wildcard) {
    const bool repeated =
        wildcard == Kind::kAnyText && !parts_.empty() && parts_.back().kind == Kind::kAnyText;
    if (!repeated) parts_.push_back({wildcard, {}});
}

void Pattern::open_start() {
    if (!parts_.empty() && parts_.front().kind == Kind::kAnyText) return;
    parts_.insert(parts_.begin(), Part{Kind::kAnyText, {}});
}

void Pattern::open_end() {
    add(Kind::kAnyText);
}

void Pattern::ask(Predicate& predicate) const {
    const auto is = [this](std::initializer_list<Kind> kinds) {
        return std::ranges::equal(parts_, kinds, {}, &Part::kind);
    };
    using enum Kind;
    if (is({kAnyText})) {
        predicate.op = Op::kPresent;
        predicate.cased = false;
    } else if (is({}) || is({kText})) {
        predicate.op = Op::kEquals;
        predicate.text = text();
    } else if (is({kAnyText, kText, kAnyText})) {
        predicate.op = Op::kContains;
        predicate.text = parts_[1].text;
    } else if (is({kText, kAnyText})) {
        predicate.op = Op::kStartsWith;
        predicate.text = parts_[0].text;
    } else if (is({kAnyText, kText})) {
        predicate.op = Op::kEndsWith;
        predicate.text = parts_[1].text;
    } else {
        predicate.op = Op::kGlob;
        predicate.pieces = pieces_of(parts_);
    }
}

std::optional<std::vector<Pattern>> windash_variants(const Pattern& pattern,
                                                     std::size_t variants_max) {
    std::vector<Pattern> variants(1);
    for (const Pattern::Part& part : pattern.parts()) {
        if (part.kind != Pattern::Kind::kText) {
            for (Pattern& variant : variants) variant.add(part.kind);
            continue;
        }
        for (const Stretch& stretch : split_at_dashes(part.text)) {
            for (Pattern& variant : variants) variant.add_text(stretch.text);
            if (!stretch.dash) continue;
            if (variants.size() * kDashes.size() > variants_max) return std::nullopt;
            std::vector<Pattern> multiplied;
            multiplied.reserve(variants.size() * kDashes.size());
            for (const Pattern& variant : variants) {
                for (const std::string_view dash : kDashes) {
                    multiplied.push_back(variant);
                    multiplied.back().add_text(dash);
                }
            }
            variants = std::move(multiplied);
        }
    }
    return variants;
}

}  // namespace firebreak::sigma
