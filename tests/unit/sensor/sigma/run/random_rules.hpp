#pragma once

#include <algorithm>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "sensor/sigma/program/reference.hpp"
#include "tests/unit/sensor/sigma/program/sample_program.hpp"

namespace firebreak::sigma::test {

/// Rules and events out of few letters, so that they often meet. The same seed gives the same.
class RandomRules {
public:
    explicit RandomRules(unsigned seed) : engine_(seed) {}

    Program program() {
        Program program{.contract = "sample/v1", .arity = kArity};
        const std::size_t rules = 1 + below(40);
        for (std::size_t i = 0; i < rules; ++i) {
            program.rules.push_back(rule_of(i, tree(program.predicates)));
        }
        return program;
    }

    ReferenceEvent event() {
        ReferenceEvent event(kArity);
        for (ReferenceValue& value : event) {
            switch (below(8)) {
                case 0: break;
                case 1: value = static_cast<std::int64_t>(below(20)) - 5; break;
                case 2: value = below(2) == 0; break;
                case 3: value = std::to_string(below(20)); break;
                case 4: value = "10.0." + std::to_string(below(3)) + ".7"; break;
                default: value = text(30);
            }
        }
        return event;
    }

private:
    std::size_t below(std::size_t end) { return engine_() % end; }

    std::string text(std::size_t length_max) {
        static constexpr std::string_view kLetters("aAbB\\.-\0\xC3\xA9", 10);
        std::string made;
        for (std::size_t length = below(length_max + 1); length > 0; --length) {
            made += kLetters[below(3) == 0 ? below(kLetters.size()) : below(4)];
        }
        return made;
    }

    /// Adds a predicate, unless there is one like it. @returns its number.
    std::uint32_t predicate(std::vector<Predicate>& predicates) {
        const Predicate made = any_predicate();
        const auto found = std::ranges::find(predicates, made);
        const auto at = static_cast<std::uint32_t>(found - predicates.begin());
        if (found == predicates.end()) predicates.push_back(made);
        return at;
    }

    Predicate any_predicate() {
        const auto field = static_cast<std::uint16_t>(below(kArity));
        const auto op = static_cast<Op>(1 + below(18));
        Predicate made{.field = field, .op = op};
        if (op >= Op::kIntegerEquals && op <= Op::kGreaterOrEqual) {
            made.integer = static_cast<std::int64_t>(below(20)) - 5;
        } else if (op >= Op::kSameAs) {
            made.other_field = static_cast<std::uint16_t>(below(kArity));
            made.cased = below(2) == 0;
            return made;
        } else if (op == Op::kRegex) {
            static constexpr const char* kPatterns[] = {"a+b",
                                                        "(?i)aba|bb\\.",
                                                        "^a.b$",
                                                        "(?i)^[ab]{3,5}\\\\",
                                                        "ab.{2}ba",
                                                        "\xC3\xA9",
                                                        "[^a]{9}",
                                                        "(?i)(aab|bba)",
                                                        "b$",
                                                        "(aaa|.*)",
                                                        "(?i)ask",
                                                        "\\.\\\\",
                                                        "a.*-",
                                                        "(?i)b|\\\\-",
                                                        "-|ab.*\\.|aab",
                                                        "[ab-]\\.?a",
                                                        "(?i)\xC3\xA9.*b"};
            made.text = kPatterns[below(std::size(kPatterns))];
        } else if (op == Op::kCidr) {
            made.network = {10, 0, static_cast<std::uint8_t>(below(3)), 0};
            made.prefix_bits = 24;
        } else if (op == Op::kGlob) {
            for (std::size_t i = 1 + below(4); i > 0; --i) made.pieces.push_back(piece());
            made.cased = below(2) == 0;
        } else if (op != Op::kAbsent && op != Op::kPresent) {
            made.text = text(op == Op::kEquals ? 4 : 6);
            made.cased = below(3) == 0;
        }
        const bool alone = op == Op::kAbsent || op == Op::kPresent;
        if (!alone && below(6) == 0) made.field = kAnyField;
        return made;
    }

    GlobPiece piece() {
        GlobPiece made{.text = text(5)};
        for (std::uint16_t at = 0; at < made.text.size(); ++at) {
            if (below(4) != 0) continue;
            made.text[at] = '\0';
            made.any.push_back(at);
        }
        return made;
    }

    std::vector<Node> tree(std::vector<Predicate>& predicates) {
        std::vector<Node> nodes;
        std::vector<std::uint32_t> loose;
        const std::size_t leaves = 1 + below(8);
        for (std::size_t i = 0; i < leaves; ++i) {
            loose.push_back(static_cast<std::uint32_t>(nodes.size()));
            nodes.push_back(leaf(predicate(predicates)));
        }
        while (loose.size() > 1 || below(3) == 0) {
            std::ranges::shuffle(loose, engine_);
            const std::size_t take = 1 + below(std::min<std::size_t>(loose.size(), 4));
            const bool negate = below(4) == 0;
            std::vector<std::uint32_t> children(loose.end() - (negate ? 1 : std::ptrdiff_t(take)),
                                                loose.end());
            loose.resize(loose.size() - children.size());
            loose.push_back(static_cast<std::uint32_t>(nodes.size()));
            nodes.push_back(negate          ? negation(children[0])
                            : below(2) == 0 ? all_of(children)
                                            : any_of(children));
        }
        return nodes;
    }

    std::mt19937 engine_;
};

}  // namespace firebreak::sigma::test
