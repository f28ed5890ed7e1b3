#include "validator/generate/regex_sampler.hpp"

#include <algorithm>
#include <limits>

#include "core/base/errc.hpp"
#include "validator/generate/character_classes.hpp"

namespace firebreak::validator {
namespace {

constexpr std::size_t kPatternBytesMax = 16U << 10U;
constexpr std::uint32_t kDepthMax = 100;
constexpr std::size_t kPartsMax = 20'000;
constexpr std::uint32_t kUnbounded = std::numeric_limits<std::uint32_t>::max();
constexpr std::uint32_t kRepeatsMax = 65'535;

/// How often more than it must be an unbounded repetition is taken.
constexpr std::uint32_t kMoreSome = 3;
constexpr std::uint32_t kMoreMost = 40;

int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

}  // namespace

/// Recursive descent over one pattern. The first thing that goes wrong is kept in error_, and
/// everything after it does nothing.
class RegexParser {
public:
    RegexParser(std::string_view pattern, RegexOptions options)
        : pattern_(pattern), options_(options) {}

    Result<RegexSampler> parse() {
        if (pattern_.size() > kPatternBytesMax) return fail(Errc::kTooLarge, "regex");
        alternation(0);
        if (!error_ && at_ < pattern_.size()) refuse("a bracket that nothing opened");
        if (error_) return fail(*error_);
        return std::move(sampler_);
    }

private:
    using Part = RegexSampler::Part;
    using Kind = RegexSampler::Kind;

    bool more() const { return !error_ && at_ < pattern_.size(); }
    char peek(std::size_t ahead = 0) const {
        return at_ + ahead < pattern_.size() ? pattern_[at_ + ahead] : '\0';
    }
    bool take(std::string_view text) {
        if (!pattern_.substr(at_).starts_with(text)) return false;
        at_ += text.size();
        return true;
    }

    std::uint32_t refuse(const std::string& why) {
        if (!error_) {
            error_ = Error(Errc::kMalformed, "regex at " + std::to_string(at_) + ": " + why);
        }
        return 0;
    }

    std::uint32_t add(Part part) {
        if (sampler_.parts_.size() >= kPartsMax) {
            if (!error_) error_ = Error(Errc::kTooLarge, "regex: too many parts");
            return 0;
        }
        sampler_.parts_.push_back(std::move(part));
        return static_cast<std::uint32_t>(sampler_.parts_.size() - 1);
    }
    std::uint32_t one_of(const ByteSet& set) { return add({.kind = Kind::kOneOf, .bytes = set}); }

    std::uint32_t alternation(std::uint32_t depth) {
        if (depth > kDepthMax) return refuse("groups too deep");
        Part choice{.kind = Kind::kAlternation};
        do choice.children.push_back(sequence(depth));
        while (more() && take("|"));
        return add(std::move(choice));
    }

    std::uint32_t sequence(std::uint32_t depth) {
        Part parts{.kind = Kind::kSequence};
        while (more() && peek() != '|' && peek() != ')') {
            const std::uint32_t atom = this->atom(depth);
            parts.children.push_back(repeated(atom));
        }
        return add(std::move(parts));
    }

    std::uint32_t atom(std::uint32_t depth) {
        const char c = peek();
        if (c == '(') return group(depth);
        if (c == '[') return bracket();
        if (c == '\\') return escape();
        ++at_;
        switch (c) {
            case '.': return one_of(options_.dot_all ? ~ByteSet() : ~one('\n'));
            case '^':
            case '$': return add({});
            case '*':
            case '+':
            case '?': return refuse("nothing to repeat");
            default: return literal(c);
        }
    }

    /// One character. In UTF-8 that may be several bytes, which a repetition takes together.
    std::uint32_t literal(char c) {
        const auto first = static_cast<std::uint8_t>(c);
        Bytes text{first};
        const std::size_t rest = first >= 0xF0 ? 3 : first >= 0xE0 ? 2 : first >= 0xC0 ? 1 : 0;
        if (options_.dialect == RegexDialect::kRe2) {
            for (std::size_t i = 0; i < rest && (peek() & 0xC0) == 0x80; ++i) {
                text.push_back(static_cast<std::uint8_t>(pattern_[at_++]));
            }
        }
        return add({.kind = Kind::kText, .text = std::move(text)});
    }

    std::uint32_t group(std::uint32_t depth) {
        take("(");
        if (take("?")) {
            if (take("P<") || (peek() == '<' && peek(1) != '=' && peek(1) != '!' && take("<"))) {
                while (more() && peek() != '>') ++at_;
                if (!take(">")) return refuse("a name without an end");
            } else if (!flags()) {
                return refuse("a kind of group that no text can be made for");
            } else if (take(")")) {
                return add({});  // (?i) alone: for what follows.
            } else if (!take(":")) {
                return refuse("flags without an end");
            }
        }
        const bool dot_all = options_.dot_all;
        const std::uint32_t inside = alternation(depth + 1);
        options_.dot_all = dot_all;
        if (!take(")")) return refuse("a group without an end");
        return inside;
    }

    /// "ims-U". @returns false for anything else, look-around above all.
    bool flags() {
        bool on = true;
        for (; more() && peek() != ')' && peek() != ':'; ++at_) {
            switch (peek()) {
                case '-': on = false; break;
                case 's': options_.dot_all = on; break;
                case 'i':
                case 'm':
                case 'U': break;
                default: return false;
            }
        }
        return true;
    }

    std::uint32_t escape() {
        take("\\");
        if (!more()) return refuse("a backslash at the end");
        const char c = peek();
        if (const std::optional<ByteSet> set = perl_class(c)) {
            ++at_;
            return one_of(*set);
        }
        if (take("b") || take("B") || take("A") || take("z") || take("Z")) return add({});
        if (take("Q")) return quoted();
        if (c == 'p' || c == 'P') return unicode_class();
        if (c >= '1' && c <= '9') return refuse("a back reference");
        const std::optional<std::uint32_t> point = escaped_character();
        if (!point) return refuse("an unknown escape");
        return add({.kind = Kind::kText, .text = encoded(*point)});
    }

    Bytes encoded(std::uint32_t point) const {
        if (options_.dialect == RegexDialect::kRe2) return utf8(point);
        return {static_cast<std::uint8_t>(point)};
    }

    /// \Q...\E
    std::uint32_t quoted() {
        Part text{.kind = Kind::kText};
        while (more() && !take("\\E")) {
            text.text.push_back(static_cast<std::uint8_t>(pattern_[at_++]));
        }
        return add(std::move(text));
    }

    /// \pL, \p{Greek}: an ASCII character stands in for its kind, as far as there is one.
    std::uint32_t unicode_class() {
        const bool negated = peek() == 'P';
        at_ += 1;
        std::string_view name = pattern_.substr(at_, 1);
        if (take("{")) {
            const std::size_t end = std::min(pattern_.find('}', at_), pattern_.size());
            name = pattern_.substr(at_, end - at_);
            at_ = std::min(end + 1, pattern_.size());
        } else {
            at_ += name.size();
        }
        if (name.empty()) return refuse("a class without a name");
        ByteSet set = letters();
        if (name == "Lu") set = range('A', 'Z');
        if (name == "Ll") set = range('a', 'z');
        if (name[0] == 'N') set = digits();
        if (name[0] == 'Z') set = one(' ');
        if (name[0] == 'P') set = one('!') | one(',') | one('.');
        if (name[0] == 'S') set = one('+') | one('$');
        return one_of(negated ? range(' ', '~') & ~set : set);
    }

    /// The character after a backslash that is not a class or an assertion.
    std::optional<std::uint32_t> escaped_character() {
        const char c = pattern_[at_++];
        switch (c) {
            case 'n': return '\n';
            case 't': return '\t';
            case 'r': return '\r';
            case 'f': return '\f';
            case 'v': return '\v';
            case 'a': return '\a';
            case '0': return octal();
            case 'x': return hexadecimal();
            default: break;
        }
        const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        // YARA takes the backslash away from whatever it does not know.
        if (plain && options_.dialect == RegexDialect::kRe2) return std::nullopt;
        return static_cast<std::uint8_t>(c);
    }

    std::uint32_t octal() {
        std::uint32_t value = 0;
        for (int i = 0; i < 2 && peek() >= '0' && peek() <= '7'; ++i) {
            value = value * 8 + static_cast<std::uint32_t>(pattern_[at_++] - '0');
        }
        return value;
    }

    std::optional<std::uint32_t> hexadecimal() {
        const bool braced = take("{");
        std::uint32_t value = 0;
        std::size_t count = 0;
        for (; count < (braced ? 6U : 2U) && hex_digit(peek()) >= 0; ++count) {
            value = value * 16 + static_cast<std::uint32_t>(hex_digit(pattern_[at_++]));
        }
        if (count == 0 || (braced && !take("}")) || value > 0x10FFFF) return std::nullopt;
        return value;
    }

    std::uint32_t bracket() {
        take("[");
        const bool negated = take("^");
        ByteSet set;
        // What lies outside ASCII, where a character is a code point: one stands in for all.
        std::optional<std::uint32_t> wide;
        for (bool first = true; more() && (first || peek() != ']'); first = false) {
            bracket_item(set, wide);
        }
        if (!take("]")) return refuse("a class without an end");
        if (negated) set = ~set;
        const bool by_code_point = options_.dialect == RegexDialect::kRe2;
        if (by_code_point) set &= range(0, 0x7F);
        if (set.none() && wide) return add({.kind = Kind::kText, .text = utf8(*wide)});
        if (set.none()) return refuse("a class that nothing is in");
        return one_of(set);
    }

    void bracket_item(ByteSet& set, std::optional<std::uint32_t>& wide) {
        if (peek() == '[' && peek(1) == ':') {
            const std::size_t end = pattern_.find(":]", at_);
            if (end != std::string_view::npos) {
                std::string_view name = pattern_.substr(at_ + 2, end - at_ - 2);
                const bool negated = name.starts_with('^');
                if (negated) name.remove_prefix(1);
                if (const std::optional<ByteSet> known = posix_class(name)) {
                    at_ = end + 2;
                    set |= negated ? ~*known : *known;
                    return;
                }
            }
        }
        if (peek() == '\\') {
            if (const std::optional<ByteSet> known = perl_class(peek(1))) {
                at_ += 2;
                set |= *known;
                return;
            }
        }
        const std::uint32_t first = bracket_character();
        std::uint32_t last = first;
        if (peek() == '-' && peek(1) != ']' && at_ + 1 < pattern_.size()) {
            take("-");
            last = bracket_character();
        }
        if (last < first) {
            refuse("a range that is upside down");
            return;
        }
        if (last > 0xFF || (last > 0x7F && options_.dialect == RegexDialect::kRe2)) wide = last;
        if (first <= 0xFF) set |= range(first, std::min(last, 0xFFU));
    }

    std::uint32_t bracket_character() {
        if (take("\\")) {
            if (!more()) return refuse("a backslash at the end");
            if (take("b")) return '\b';
            const std::optional<std::uint32_t> point = escaped_character();
            return point ? *point : refuse("an unknown escape");
        }
        const auto byte = static_cast<std::uint8_t>(peek());
        ++at_;
        if (options_.dialect == RegexDialect::kYara || byte < 0xC0) return byte;
        const std::size_t rest = byte >= 0xF0 ? 3 : byte >= 0xE0 ? 2 : 1;
        std::uint32_t point = byte & (0x3FU >> rest);
        for (std::size_t i = 0; i < rest && (peek() & 0xC0) == 0x80; ++i) {
            point = point << 6U | (static_cast<std::uint8_t>(pattern_[at_++]) & 0x3FU);
        }
        return point;
    }

    /// `part` with the repetitions that stand behind it.
    std::uint32_t repeated(std::uint32_t part) {
        while (more()) {
            std::uint32_t least = 0;
            std::uint32_t most = kUnbounded;
            if (take("+")) {
                least = 1;
            } else if (take("?")) {
                most = 1;
            } else if (!take("*") && !counted(least, most)) {
                break;
            }
            take("?");  // Lazy: the same texts.
            if (most < least) return refuse("a repetition that is upside down");
            part =
                add({.kind = Kind::kRepetition, .children = {part}, .least = least, .most = most});
        }
        return part;
    }

    /// "{2}", "{2,}", "{,5}", "{2,5}"; anything else in braces is text.
    bool counted(std::uint32_t& least, std::uint32_t& most) {
        const std::size_t start = at_;
        if (!take("{")) return false;
        const std::optional<std::uint32_t> first = number();
        std::optional<std::uint32_t> last = first;
        const bool comma = take(",");
        if (comma) last = number();
        // RE2 takes "{,5}" for text.
        const bool needs_first = options_.dialect == RegexDialect::kRe2 || !comma;
        if (!take("}") || (!first && needs_first)) {
            at_ = start;
            return false;
        }
        least = first.value_or(0);
        most = last.value_or(kUnbounded);
        return true;
    }

    std::optional<std::uint32_t> number() {
        std::optional<std::uint32_t> value;
        while (peek() >= '0' && peek() <= '9') {
            const auto digit = static_cast<std::uint32_t>(pattern_[at_++] - '0');
            value = std::min(value.value_or(0) * 10 + digit, kRepeatsMax);
        }
        return value;
    }

    std::string_view pattern_;
    RegexOptions options_;
    std::size_t at_ = 0;
    std::optional<Error> error_;
    RegexSampler sampler_;
};

/// A text that is being written. A pattern of nested repetitions can ask for more parts than there
/// are atoms: `steps_left` bounds the time, `room` the text.
struct RegexSampler::Writing {
    Random& random;
    Repeats repeats;
    std::size_t room;
    std::uint64_t steps_left;
    Bytes text{};
};

Result<RegexSampler> RegexSampler::parse(std::string_view pattern, RegexOptions options) {
    return RegexParser(pattern, options).parse();
}

std::optional<Bytes> RegexSampler::sample(Random& random, Repeats repeats,
                                          std::size_t bytes_max) const {
    Writing writing{random, repeats, bytes_max, 16 * (std::uint64_t{bytes_max} + parts_.size())};
    if (!write(parts_.back(), writing)) return std::nullopt;
    return std::move(writing.text);
}

bool RegexSampler::write(const Part& part, Writing& writing) const {
    if (writing.steps_left == 0) return false;
    --writing.steps_left;
    switch (part.kind) {
        case Kind::kNothing: return true;
        case Kind::kOneOf: {
            // What a person can read, where the set has it.
            ByteSet set = part.bytes & range('!', '~');
            if (set.none()) set = part.bytes;
            if (writing.text.size() >= writing.room) return false;
            std::uint64_t skip = writing.random.below(set.count());
            std::size_t byte = 0;
            while (!set.test(byte) || skip-- > 0) ++byte;
            writing.text.push_back(static_cast<std::uint8_t>(byte));
            return true;
        }
        case Kind::kText:
            if (writing.text.size() + part.text.size() > writing.room) return false;
            writing.text.insert(writing.text.end(), part.text.begin(), part.text.end());
            return true;
        case Kind::kSequence:
            return std::ranges::all_of(
                part.children, [&](std::uint32_t child) { return write(parts_[child], writing); });
        case Kind::kAlternation:
            return write(parts_[part.children[writing.random.below(part.children.size())]],
                         writing);
        case Kind::kRepetition: return write_repeated(part, writing);
    }
    return false;
}

bool RegexSampler::write_repeated(const Part& part, Writing& writing) const {
    std::uint64_t more = 0;
    if (writing.repeats != Repeats::kFewest) {
        const bool most = writing.repeats == Repeats::kMost;
        more = std::min(part.most - part.least, most ? kMoreMost : kMoreSome);
        if (!most) more = writing.random.below(more + 1);
    }
    for (std::uint64_t i = 0; i < part.least + more; ++i) {
        const std::size_t before = writing.text.size();
        if (write(parts_[part.children[0]], writing)) continue;
        if (i < part.least || writing.steps_left == 0) return false;
        writing.text.resize(before);  // What need not be there is left out where there is no room.
        return true;
    }
    return true;
}

}  // namespace firebreak::validator
