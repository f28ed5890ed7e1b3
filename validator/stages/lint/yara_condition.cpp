#include "validator/stages/lint/yara_condition.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <span>

namespace firebreak::validator::lint {
namespace {

using Tokens = std::span<const std::string>;

constexpr int kDepthMax = 64;

/// 10, 0x1F, 4KB, 2MB.
std::optional<std::uint64_t> number_of(std::string_view text) {
    int base = 10;
    if (text.starts_with("0x")) {
        text.remove_prefix(2);
        base = 16;
    }
    std::uint64_t factor = 1;
    if (base == 10 && text.ends_with("KB")) factor = 1U << 10U;
    if (base == 10 && text.ends_with("MB")) factor = 1U << 20U;
    if (factor > 1) text.remove_suffix(2);
    std::uint64_t value = 0;
    const auto [stopped, code] =
        std::from_chars(text.data(), text.data() + text.size(), value, base);
    if (text.empty() || code != std::errc() || stopped != text.data() + text.size()) {
        return std::nullopt;
    }
    return value > UINT64_MAX / factor ? UINT64_MAX : value * factor;
}

bool is_name(std::string_view token) {
    const char c = token.empty() ? '\0' : token.front();
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

/// "==", ">=", ">" … at `at`; how many tokens it takes.
struct Comparison {
    std::string op;
    std::size_t tokens = 0;
};

Comparison comparison_at(Tokens tokens, std::size_t at) {
    if (at >= tokens.size()) return {};
    const std::string& first = tokens[at];
    if (first != "<" && first != ">" && first != "=" && first != "!") return {};
    const bool two = at + 1 < tokens.size() && tokens[at + 1] == "=";
    if (!two && (first == "=" || first == "!")) return {};
    return {first + (two ? "=" : ""), two ? 2U : 1U};
}

/// The bytes that uint16(…) and its kin read; 0 for any other name.
Demand integer_function_bytes(std::string_view name) {
    if (name.starts_with('u')) name.remove_prefix(1);
    if (name == "int8" || name == "int8be") return 1;
    if (name == "int16" || name == "int16be") return 2;
    if (name == "int32" || name == "int32be") return 4;
    return 0;
}

class Evaluator {
public:
    Evaluator(Tokens tokens, const ConditionNames& names) : tokens_(tokens), names_(names) {}

    Demand whole() {
        const Demand demand = any(0);
        return lost_ || at_ != tokens_.size() ? kDemandUnknown : demand;
    }

private:
    bool is(std::string_view word) const { return at_ < tokens_.size() && tokens_[at_] == word; }

    Demand any(int depth) {
        Demand demand = all(depth);
        while (!lost_ && is("or")) {
            ++at_;
            demand = demand_of_any(demand, all(depth));
        }
        return demand;
    }

    Demand all(int depth) {
        Demand demand = single(depth);
        while (!lost_ && is("and")) {
            ++at_;
            demand = demand_of_all(demand, single(depth));
        }
        return demand;
    }

    Demand single(int depth) {
        bool negated = false;
        while (is("not")) {
            negated = !negated;
            ++at_;
        }
        const Demand demand = primary(depth);
        return negated ? demand_of_not(demand) : demand;
    }

    Demand primary(int depth) {
        if (depth >= kDepthMax || at_ >= tokens_.size()) {
            lost_ = true;
            return kDemandUnknown;
        }
        if (is("(")) {
            const std::size_t start = at_++;
            const Demand demand = any(depth + 1);
            if (!lost_ && is(")")) {
                ++at_;
                if (at_ >= tokens_.size() || is("and") || is("or") || is(")")) return demand;
            }
            // Brackets around arithmetic, and not around a condition.
            if (lost_) return kDemandUnknown;
            at_ = start;
        }
        return leaf();
    }

    /// Everything up to the next and, or, or closing bracket of an outer pair.
    Demand leaf() {
        const std::size_t start = at_;
        std::size_t open = 0;
        while (at_ < tokens_.size()) {
            if (is("(")) ++open;
            if (open == 0 && (is(")") || is("and") || is("or"))) break;
            if (is(")")) --open;
            ++at_;
        }
        if (at_ == start) lost_ = true;
        return demand_of_leaf(tokens_.subspan(start, at_ - start));
    }

    Demand demand_of_leaf(Tokens leaf) const {
        if (leaf.empty()) return kDemandUnknown;
        const std::string& first = leaf.front();
        if (leaf.size() == 1 && first == "true") return 0;
        if (leaf.size() == 1 && first == "false") return kNeverTrue;
        if (first.starts_with('$')) return string(first);
        if (first == "#") return count(leaf);
        if (first == "filesize") return size(leaf);
        if (const Demand bytes = integer_function_bytes(first); bytes > 0) {
            return header(leaf, bytes);
        }
        if (first == "pe") return module_of_executables(leaf);
        if (first == "for") return loop(leaf);
        const auto of = std::ranges::find(leaf, "of");
        if (of != leaf.end()) {
            const auto quantity = static_cast<std::size_t>(of - leaf.begin());
            return set(leaf.first(quantity), leaf.subspan(quantity + 1));
        }
        if (leaf.size() == 1 && is_name(first)) {
            const auto rule = names_.rules.find(first);
            return rule == names_.rules.end() ? kDemandUnknown : rule->second;
        }
        // "1 == 1" asks nothing of the file.
        return leaf.size() == 4 && leaf[1] == "=" && leaf[2] == "=" && first == leaf[3] &&
                       number_of(first)
                   ? 0
                   : kDemandUnknown;
    }

    Demand string(std::string_view name) const {
        for (const auto& [known, demand] : names_.strings) {
            if (known == name) return demand;
        }
        return kDemandUnknown;
    }

    /// "#a > 3".
    Demand count(Tokens leaf) const {
        if (leaf.size() < 2) return kDemandUnknown;
        const Demand demand = string("$" + leaf[1]);
        const Comparison comparison = comparison_at(leaf, 2);
        if (comparison.tokens == 0 || leaf.size() != 3 + comparison.tokens) return demand;
        const std::optional<std::uint64_t> bound = number_of(leaf.back());
        if (!bound) return demand;
        if (comparison.op == "<" || comparison.op == "<=") return 0;
        if (comparison.op == ">=" || comparison.op == "==") return *bound == 0 ? 0 : demand;
        return comparison.op == ">" ? demand : 0;
    }

    /// "filesize < 10MB": every file has some size.
    static Demand size(Tokens leaf) {
        const Comparison comparison = comparison_at(leaf, 1);
        if (comparison.tokens == 0 || leaf.size() != 2 + comparison.tokens) return kDemandUnknown;
        const std::optional<std::uint64_t> bound = number_of(leaf.back());
        if (!bound || comparison.op == "==") return kDemandUnknown;
        if (comparison.op == "<" && *bound == 0) return kNeverTrue;
        return 0;
    }

    /// "uint16(0) == 0x5A4D". Arithmetic around it cannot be weighed.
    static Demand header(Tokens leaf, Demand bytes) {
        const auto close = std::ranges::find(leaf, ")");
        const auto after = static_cast<std::size_t>(close - leaf.begin()) + 1;
        const Comparison comparison = comparison_at(leaf, after);
        if (leaf.size() != after + comparison.tokens + 1 || comparison.tokens == 0 ||
            !number_of(leaf.back())) {
            return kDemandUnknown;
        }
        return comparison.op == "==" ? bytes : 0;
    }

    /// pe.is_pe and the like are as wide as the two bytes at a file's start.
    static Demand module_of_executables(Tokens leaf) {
        const bool plain = leaf.size() == 3 || (leaf.size() == 5 && leaf[3] == "(");
        const bool wide = plain && leaf[1] == "." &&
                          (leaf[2] == "is_pe" || leaf[2] == "is_32bit" || leaf[2] == "is_64bit");
        return wide ? 2 : kDemandUnknown;
    }

    /// "for any of ($a*) : ( … )": at least what the set demands.
    Demand loop(Tokens leaf) const {
        const auto colon = std::ranges::find(leaf, ":");
        const auto of = std::ranges::find(leaf, "of");
        if (colon == leaf.end() || of >= colon) return kDemandUnknown;
        const auto quantity = static_cast<std::size_t>(of - leaf.begin());
        const auto end = static_cast<std::size_t>(colon - leaf.begin());
        return set(leaf.subspan(1, quantity - 1), leaf.subspan(quantity + 1, end - quantity - 1));
    }

    Demand set(Tokens quantity, Tokens members) const {
        std::vector<Demand> demands;
        if (quantity.empty() || !demands_of_set(members, demands)) return kDemandUnknown;
        std::ranges::sort(demands);
        std::size_t wanted = demands.size();
        if (quantity.size() == 1 && quantity[0] == "any") {
            wanted = 1;
        } else if (quantity.size() == 1 && quantity[0] == "none") {
            wanted = 0;
        } else if (quantity.size() == 1 && number_of(quantity[0])) {
            wanted = static_cast<std::size_t>(*number_of(quantity[0]));
        } else if (quantity.size() == 2 && quantity[1] == "%" && number_of(quantity[0])) {
            const auto percent = std::min<std::uint64_t>(*number_of(quantity[0]), 100);
            wanted = (demands.size() * percent + 99) / 100;
        } else if (quantity.size() != 1 || quantity[0] != "all") {
            return kDemandUnknown;
        }
        if (wanted > demands.size()) return kNeverTrue;
        Demand sum = 0;
        for (std::size_t index = 0; index < wanted; ++index) {
            sum = demand_of_all(sum, demands[index]);
        }
        return sum;
    }

    /// "them", or "( $a , $b * )", perhaps with "in (…)" or "at …" behind it.
    bool demands_of_set(Tokens members, std::vector<Demand>& out) const {
        if (members.empty()) return false;
        if (members[0] == "them") {
            for (const auto& string : names_.strings) out.push_back(string.second);
            return !out.empty();
        }
        if (members[0] != "(") return false;
        for (std::size_t at = 1; at < members.size() && members[at] != ")"; ++at) {
            if (members[at] == ",") continue;
            if (!members[at].starts_with('$')) return false;
            const bool prefix = at + 1 < members.size() && members[at + 1] == "*";
            for (const auto& [name, demand] : names_.strings) {
                const bool meant = prefix ? name.starts_with(members[at]) : name == members[at];
                if (meant) out.push_back(demand);
            }
            if (prefix) ++at;
        }
        return !out.empty();
    }

    Tokens tokens_;
    const ConditionNames& names_;
    std::size_t at_ = 0;
    bool lost_ = false;
};

}  // namespace

Demand demand_of_condition(const std::vector<std::string>& tokens, const ConditionNames& names) {
    return Evaluator(tokens, names).whole();
}

}  // namespace firebreak::validator::lint
