#include <algorithm>

#include "validator/stages/lint/regex_tree.hpp"

namespace firebreak::validator::lint {
namespace {

using Kind = RegexNode::Kind;

constexpr std::size_t kRegexBytesMax = 16U << 10U;
constexpr int kDepthMax = 64;
constexpr int kQuantifiersMax = 4;  ///< a+*? behind one another: each is a level of the tree.
constexpr std::uint32_t kCountMax = 1'000'000;

void add_range(ByteSet& set, unsigned first, unsigned last) {
    for (unsigned byte = first; byte <= last && byte < set.size(); ++byte) set.set(byte);
}

ByteSet digits() {
    ByteSet set;
    add_range(set, '0', '9');
    return set;
}

ByteSet word_bytes() {
    ByteSet set = digits();
    add_range(set, 'a', 'z');
    add_range(set, 'A', 'Z');
    set.set('_');
    return set;
}

ByteSet spaces() {
    ByteSet set;
    for (const char c : {' ', '\t', '\n', '\v', '\f', '\r'}) set.set(static_cast<unsigned char>(c));
    return set;
}

/// Letters match in both cases: `(?i)` and YARA's nocase only make sets larger, and a larger set on
/// both sides overlaps no less.
ByteSet one(unsigned char byte) {
    ByteSet set;
    set.set(byte);
    return set;
}

RegexNode set_node(const ByteSet& set) {
    return {.kind = Kind::kSet, .set = set};
}

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

int hex_value(char c) {
    if (is_digit(c)) return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

/// Recursive descent. `ok_` turns false for good at the first thing that cannot be read.
class Parser {
public:
    explicit Parser(std::string_view text) : text_(text) {}

    std::optional<RegexNode> parse() {
        RegexNode node = alternatives(0);
        if (!ok_ || at_ != text_.size()) return std::nullopt;
        return node;
    }

private:
    bool done() const { return at_ >= text_.size(); }
    char peek(std::size_t ahead = 0) const { return done_at(ahead) ? '\0' : text_[at_ + ahead]; }
    bool done_at(std::size_t ahead) const { return at_ + ahead >= text_.size(); }

    bool take(char c) {
        if (done() || text_[at_] != c) return false;
        ++at_;
        return true;
    }

    RegexNode alternatives(int depth) {
        RegexNode node{.kind = Kind::kAlternatives};
        node.children.push_back(sequence(depth));
        while (ok_ && take('|')) node.children.push_back(sequence(depth));
        return node.children.size() == 1 ? std::move(node.children.front()) : node;
    }

    RegexNode sequence(int depth) {
        RegexNode node{.kind = Kind::kSequence};
        while (ok_ && !done() && peek() != '|' && peek() != ')') {
            RegexNode part = repeated(depth);
            // A group is only brackets: its parts are neighbours of what stands around it.
            if (part.kind == Kind::kSequence) {
                std::ranges::move(part.children, std::back_inserter(node.children));
            } else {
                node.children.push_back(std::move(part));
            }
        }
        return node.children.size() == 1 ? std::move(node.children.front()) : node;
    }

    RegexNode repeated(int depth) {
        RegexNode node = atom(depth);
        std::uint32_t min = 0;
        std::uint32_t max = 0;
        for (int times = 0; ok_ && quantifier(min, max); ++times) {
            ok_ &= times < kQuantifiersMax;
            (void)take('?');
            RegexNode repeat{.kind = Kind::kRepeat, .min = min, .max = max};
            repeat.children.push_back(std::move(node));
            node = std::move(repeat);
        }
        return node;
    }

    bool quantifier(std::uint32_t& min, std::uint32_t& max) {
        if (take('*')) {
            min = 0;
            max = RegexNode::kUnbounded;
            return true;
        }
        if (take('+')) {
            min = 1;
            max = RegexNode::kUnbounded;
            return true;
        }
        if (take('?')) {
            min = 0;
            max = 1;
            return true;
        }
        return peek() == '{' && counted(min, max);
    }

    /// {n}, {n,}, {,m}, {n,m}. Anything else after a brace is the brace itself.
    bool counted(std::uint32_t& min, std::uint32_t& max) {
        const std::size_t start = at_;
        ++at_;
        const std::optional<std::uint32_t> low = number();
        min = low.value_or(0);
        max = min;
        bool range = false;
        if (take(',')) {
            range = true;
            max = number().value_or(RegexNode::kUnbounded);
        }
        if (take('}') && (low || range)) return true;
        at_ = start;
        return false;
    }

    std::optional<std::uint32_t> number() {
        if (!is_digit(peek())) return std::nullopt;
        std::uint32_t value = 0;
        while (is_digit(peek())) {
            value = std::min(kCountMax, value * 10 + static_cast<std::uint32_t>(peek() - '0'));
            ++at_;
        }
        return value;
    }

    RegexNode atom(int depth) {
        const char c = text_[at_++];
        switch (c) {
            case '(': return group(depth + 1);
            case '[': return set_node(bracket());
            case '.': return set_node(ByteSet().set());
            case '^':
            case '$': return {};
            case '\\': return escape();
            default: return set_node(one(static_cast<unsigned char>(c)));
        }
    }

    RegexNode group(int depth) {
        if (depth > kDepthMax) {
            ok_ = false;
            return {};
        }
        if (take('?')) {
            // (?:…), (?i), (?i:…), (?P<name>…), (?<name>…)
            if (take('P') || peek() == '<') {
                while (!done() && peek() != '>') ++at_;
                ok_ &= take('>');
            } else {
                while (!done() && peek() != ':' && peek() != ')') ++at_;
                if (take(')')) return {};
                ok_ &= take(':');
            }
        }
        RegexNode node = alternatives(depth);
        ok_ &= take(')');
        return node;
    }

    RegexNode escape() {
        if (done()) {
            ok_ = false;
            return {};
        }
        const char c = peek();
        if (c == 'b' || c == 'B' || c == 'A' || c == 'z' || c == 'Z') {
            ++at_;
            return {};
        }
        return set_node(escaped_set());
    }

    /// What stands behind a backslash, in a class or outside.
    ByteSet escaped_set() {
        const char c = text_[at_++];
        switch (c) {
            case 'd': return digits();
            case 'D': return ~digits();
            case 'w': return word_bytes();
            case 'W': return ~word_bytes();
            case 's': return spaces();
            case 'S': return ~spaces();
            case 'n': return one('\n');
            case 'r': return one('\r');
            case 't': return one('\t');
            case 'f': return one('\f');
            case 'v': return one('\v');
            case 'a': return one('\a');
            case 'p':
            case 'P': skip_class_name(); return {};
            case 'x': return hexadecimal();
            default: return one(static_cast<unsigned char>(c));
        }
    }

    void skip_class_name() {
        if (!take('{')) {
            if (!done()) ++at_;
            return;
        }
        while (!done() && peek() != '}') ++at_;
        ok_ &= take('}');
    }

    ByteSet hexadecimal() {
        if (peek() == '{') {
            skip_class_name();
            return {};
        }
        const int high = hex_value(peek());
        const int low = hex_value(peek(1));
        if (high < 0 || low < 0) {
            ok_ = false;
            return {};
        }
        at_ += 2;
        return one(static_cast<unsigned char>(high * 16 + low));
    }

    ByteSet bracket() {
        const bool negated = take('^');
        ByteSet set;
        bool first = true;
        while (ok_ && (first || peek() != ']')) {
            if (done()) {
                ok_ = false;
                return {};
            }
            first = false;
            set |= bracket_part();
        }
        ok_ &= take(']');
        return negated ? ~set : set;
    }

    ByteSet bracket_part() {
        if (peek() == '[' && peek(1) == ':') return posix_class();
        const ByteSet low = bracket_byte();
        if (peek() != '-' || peek(1) == ']' || done_at(1) || low.count() != 1) return low;
        ++at_;
        const ByteSet high = bracket_byte();
        if (high.count() != 1) return low | high | one('-');
        ByteSet range;
        add_range(range, first_of(low), first_of(high));
        return range;
    }

    static unsigned first_of(const ByteSet& set) {
        unsigned byte = 0;
        while (byte < set.size() && !set.test(byte)) ++byte;
        return byte;
    }

    ByteSet bracket_byte() {
        const char c = text_[at_++];
        if (c != '\\') return one(static_cast<unsigned char>(c));
        if (done()) {
            ok_ = false;
            return {};
        }
        if (peek() == 'b') {
            ++at_;
            return one('\b');
        }
        return escaped_set();
    }

    /// [:alpha:] and its like, as a word character at least.
    ByteSet posix_class() {
        const std::size_t end = text_.find(":]", at_);
        if (end == std::string_view::npos) {
            ok_ = false;
            return {};
        }
        const std::string_view name = text_.substr(at_ + 2, end - at_ - 2);
        at_ = end + 2;
        if (name == "digit") return digits();
        if (name == "space") return spaces();
        if (name == "alpha" || name == "alnum" || name == "word") return word_bytes();
        return {};
    }

    std::string_view text_;
    std::size_t at_ = 0;
    bool ok_ = true;
};

}  // namespace

std::optional<RegexNode> parse_regex(std::string_view text) {
    if (text.size() > kRegexBytesMax) return std::nullopt;
    return Parser(text).parse();
}

}  // namespace firebreak::validator::lint
