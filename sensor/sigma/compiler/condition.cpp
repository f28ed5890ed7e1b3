#include "sensor/sigma/compiler/condition.hpp"

#include <algorithm>
#include <array>

#include "core/content/printable.hpp"
#include "sensor/sigma/compiler/nearest.hpp"

namespace firebreak::sigma {
namespace {

using Parsed = tl::expected<Condition, Refusal>;

struct Token {
    std::string text;  ///< Empty: the end.
    std::size_t offset = 0;
};

bool stands_alone(char c) {
    return c == '(' || c == ')' || c == '|';
}
bool is_space(char c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

std::vector<Token> tokens_of(std::string_view text) {
    std::vector<Token> tokens;
    for (std::size_t at = 0; at < text.size();) {
        if (is_space(text[at])) {
            ++at;
            continue;
        }
        std::size_t end = at + 1;
        if (!stands_alone(text[at])) {
            while (end < text.size() && !is_space(text[end]) && !stands_alone(text[end])) ++end;
        }
        tokens.push_back({std::string(text.substr(at, end - at)), at});
        at = end;
    }
    tokens.push_back({"", text.size()});
    return tokens;
}

/// Whether `name` fits `glob`, in which * stands for any text. Linear but for the last asterisk.
bool fits(std::string_view glob, std::string_view name) {
    std::size_t g = 0;
    std::size_t n = 0;
    std::size_t star = std::string_view::npos;
    std::size_t star_name = 0;
    while (n < name.size()) {
        if (g < glob.size() && glob[g] == '*') {
            star = g++;
            star_name = n;
        } else if (g < glob.size() && glob[g] == name[n]) {
            ++g;
            ++n;
        } else if (star != std::string_view::npos) {
            g = star + 1;
            n = ++star_name;
        } else {
            return false;
        }
    }
    while (g < glob.size() && glob[g] == '*') ++g;
    return g == glob.size();
}

Condition group(Condition::Kind kind, std::vector<Condition> children) {
    if (children.size() == 1) return std::move(children.front());
    return {kind, {}, std::move(children)};
}

/// Recursive descent, in the order of binding: or, and, not, "x of", brackets.
class Parser {
public:
    Parser(std::string_view text, std::span<const std::string> names)
        : tokens_(tokens_of(text)), names_(names) {}

    Parsed whole() {
        Parsed parsed = parse_or(0);
        if (!parsed) return parsed;
        if (peek() == "|") {
            return refuse("aggregation",
                          "counting over several events (|) is not supported; an engine sees one "
                          "event at a time");
        }
        if (peek() == ")") return refuse("bad-condition", "a ) without its (");
        if (!at_end()) {
            return refuse("bad-condition",
                          "'" + shown() + "' where and, or, or the end is expected");
        }
        return parsed;
    }

private:
    tl::unexpected<Refusal> refuse(std::string reason, std::string text) const {
        return tl::unexpected<Refusal>({std::move(reason), std::move(text), tokens_[at_].offset});
    }

    const std::string& peek(std::size_t ahead = 0) const {
        return tokens_[std::min(at_ + ahead, tokens_.size() - 1)].text;
    }
    bool at_end() const { return peek().empty(); }
    std::string shown() const { return content::shown(peek()); }
    bool is_name(std::string_view text) const {
        return std::ranges::find(names_, text) != names_.end();
    }
    /// Whether the next word is `word`, in any case.
    bool next_is(std::string_view word) const {
        return !is_name(peek()) && lower_case(peek()) == word;
    }

    Parsed parse_or(std::size_t depth) { return parse_list("or", Condition::Kind::kAny, depth); }
    Parsed parse_and(std::size_t depth) { return parse_list("and", Condition::Kind::kAll, depth); }

    Parsed parse_list(std::string_view joint, Condition::Kind kind, std::size_t depth) {
        std::vector<Condition> children;
        for (;;) {
            Parsed child = kind == Condition::Kind::kAny ? parse_and(depth) : parse_not(depth);
            if (!child) return child;
            children.push_back(std::move(*child));
            if (!next_is(joint)) return group(kind, std::move(children));
            ++at_;
        }
    }

    Parsed parse_not(std::size_t depth) {
        bool negated = false;
        while (next_is("not")) {
            negated = !negated;
            ++at_;
        }
        Parsed operand = parse_operand(depth);
        if (!operand || !negated) return operand;
        Condition negation{Condition::Kind::kNot, {}, {}};
        negation.children.push_back(std::move(*operand));
        return negation;
    }

    Parsed parse_operand(std::size_t depth) {
        if (depth >= kConditionDepthMax) {
            return refuse("bad-condition",
                          "nested deeper than " + std::to_string(kConditionDepthMax) + " brackets");
        }
        if (at_end()) return refuse("bad-condition", "ends where a detection's name is expected");
        if (peek() == "(") return parse_brackets(depth);
        if (lower_case(peek(1)) == "of") return parse_of();
        if (next_is("and") || next_is("or") || peek() == ")" || peek() == "|") {
            return refuse("bad-condition",
                          "'" + shown() + "' where a detection's name is expected");
        }
        if (!is_name(peek())) return refuse_unknown();
        if (++references_ > kConditionReferencesMax) return refuse_size();
        return Condition{Condition::Kind::kDetection, tokens_[at_++].text, {}};
    }

    Parsed parse_brackets(std::size_t depth) {
        ++at_;
        Parsed inner = parse_or(depth + 1);
        if (!inner) return inner;
        if (peek() != ")") return refuse("bad-condition", "a ( without its )");
        ++at_;
        return inner;
    }

    tl::unexpected<Refusal> refuse_unknown() const {
        return refuse("unknown-detection",
                      "there is no detection '" + shown() + "'" + did_you_mean(peek(), names_));
    }

    tl::unexpected<Refusal> refuse_size() const {
        return refuse("too-large", "speaks of detections more than " +
                                       std::to_string(kConditionReferencesMax) + " times");
    }

    /// "1 of selection_*", "all of them".
    Parsed parse_of() {
        const std::string quantity = lower_case(peek());
        if (quantity != "1" && quantity != "any" && quantity != "all") {
            return refuse("bad-quantity", "'" + shown() +
                                              " of' is not supported; write 1 of or all of, or the "
                                              "combinations with and and or");
        }
        at_ += 2;
        const std::string pattern = peek();
        if (at_end()) return refuse("bad-condition", "ends after 'of'; add them, or a name with *");
        const bool them = next_is("them");
        std::vector<Condition> children;
        for (const std::string& name : names_) {
            const bool chosen = them ? !name.starts_with('_') : fits(pattern, name);
            if (chosen) children.push_back({Condition::Kind::kDetection, name, {}});
        }
        references_ += children.size();
        if (references_ > kConditionReferencesMax) return refuse_size();
        if (children.empty()) {
            return refuse("unknown-detection", "no detection is named like '" + shown() + "'" +
                                                   did_you_mean(pattern, names_));
        }
        ++at_;
        return group(quantity == "all" ? Condition::Kind::kAll : Condition::Kind::kAny,
                     std::move(children));
    }

    std::vector<Token> tokens_;
    std::span<const std::string> names_;
    std::size_t at_ = 0;
    std::size_t references_ = 0;
};

}  // namespace

Parsed parse_condition(std::string_view text, std::span<const std::string> names) {
    if (text.size() > kConditionBytesMax) {
        return tl::unexpected<Refusal>(
            {"too-large",
             "the condition is longer than " + std::to_string(kConditionBytesMax) + " bytes"});
    }
    return Parser(text, names).whole();
}

bool can_be_referenced(std::string_view name) {
    constexpr std::array<std::string_view, 5> kReserved = {"and", "or", "not", "of", "them"};
    if (name.empty() || std::ranges::find(kReserved, lower_case(name)) != kReserved.end()) {
        return false;
    }
    return std::ranges::none_of(name,
                                [](char c) { return is_space(c) || stands_alone(c) || c == '*'; });
}

}  // namespace firebreak::sigma
