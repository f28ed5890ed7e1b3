#include <algorithm>
#include <array>

#include "sensor/yara/source_map.hpp"
#include "validator/stages/lint/regex_tree.hpp"
#include "validator/stages/lint/rule_facts.hpp"
#include "validator/stages/lint/yara_condition.hpp"

namespace firebreak::validator::lint {
namespace {

using yara::SourceRule;
using yara::SourceString;
using yara::StringKind;

/// Whatever one byte is asked for: every file of some hundred bytes has it.
constexpr Demand kEveryFile = 1;

bool is_word(std::string_view token) {
    const char c = token.empty() ? '\0' : token.front();
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

bool is_hex(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/// The length of a text between its quotes, with escapes read.
Demand text_bytes(std::string_view source) {
    Demand bytes = 0;
    for (std::size_t at = 1; at + 1 < source.size(); ++at) {
        if (source[at] == '\\') at += at + 1 < source.size() && source[at + 1] == 'x' ? 3 : 1;
        bytes = std::min(bytes + 1, kDemandUnknown);
    }
    return bytes;
}

/// Half-bytes that a hex string states; of (a|b) the least, of jumps and ?? nothing.
class HexReader {
public:
    explicit HexReader(std::string_view source) : text_(source) {}

    Demand bytes() { return std::min((alternatives(0) + 1) / 2, kDemandUnknown); }

private:
    static constexpr int kDepthMax = 64;

    Demand alternatives(int depth) {
        Demand least = sequence(depth);
        while (at_ < text_.size() && text_[at_] == '|') {
            ++at_;
            least = std::min(least, sequence(depth));
        }
        return least;
    }

    Demand sequence(int depth) {
        Demand nibbles = 0;
        while (at_ < text_.size() && text_[at_] != '|' && text_[at_] != ')') {
            const char c = text_[at_++];
            if (c == '/') {
                skip_comment();
            } else if (c == '[') {
                while (at_ < text_.size() && text_[at_] != ']') ++at_;
            } else if (c == '(' && depth < kDepthMax) {
                nibbles += alternatives(depth + 1);
                if (at_ < text_.size()) ++at_;
            } else if (is_hex(c)) {
                ++nibbles;
            }
        }
        return std::min(nibbles, 2 * kDemandUnknown);
    }

    void skip_comment() {
        const bool line = at_ < text_.size() && text_[at_] == '/';
        const std::size_t end = text_.find(line ? "\n" : "*/", at_);
        at_ = end == std::string_view::npos ? text_.size() : end + (line ? 1 : 2);
    }

    std::string_view text_;
    std::size_t at_ = 0;
};

/// What stands between the slashes.
std::string regex_body(std::string_view source) {
    const std::size_t end = source.rfind('/');
    if (!source.starts_with('/') || end == 0 || end == std::string_view::npos) return {};
    return std::string(source.substr(1, end - 1));
}

Demand demand_of(const SourceString& string) {
    switch (string.kind) {
        case StringKind::kText: return text_bytes(string.value);
        case StringKind::kHex: return HexReader(string.value).bytes();
        case StringKind::kRegex: break;
    }
    const std::optional<RegexNode> regex = parse_regex(regex_body(string.value));
    return regex ? demanded_bytes(*regex) : kDemandUnknown;
}

std::string_view kind_name(StringKind kind) {
    constexpr std::array<std::string_view, 3> kNames{"string.text", "string.hex", "string.regex"};
    return kNames.at(static_cast<std::size_t>(kind));
}

/// A meta's value without its quotes.
std::string_view plain(std::string_view value) {
    if (value.size() >= 2 && value.starts_with('"') && value.ends_with('"')) {
        value = value.substr(1, value.size() - 2);
    }
    return value;
}

class RuleReader {
public:
    RuleReader(const std::string& file, const std::vector<std::string>& actions,
               ContentFacts& facts)
        : file_(file), bundle_actions_(actions), facts_(facts) {}

    void read(const SourceRule& rule, const std::map<std::string, Demand, std::less<>>& known) {
        RuleFacts facts{.place = {.file = file_, .line = rule.line, .rule = rule.name},
                        .contract = std::string(kFiles),
                        .silent = rule.is_private,
                        .is_global = rule.is_global};
        read_metas(rule, facts);
        actions_ = facts.actions.empty() ? &bundle_actions_ : &facts.actions;
        ConditionNames names{{}, known};
        for (const SourceString& string : rule.strings) {
            names.strings.emplace_back(string.identifier, demand_of(string));
            read_string(string, facts);
        }
        facts.demand = demand_of_condition(rule.condition_tokens, names);
        read_condition(rule, facts);
        std::ranges::sort(facts.criteria);
        facts.criteria.erase(std::unique(facts.criteria.begin(), facts.criteria.end()),
                             facts.criteria.end());
        facts_.rules.push_back(std::move(facts));
    }

private:
    void use(std::string field, std::string op) {
        for (const std::string& action : *actions_) {
            facts_.uses.insert({std::string(kFiles), field, op, action});
        }
    }

    static void read_metas(const SourceRule& rule, RuleFacts& facts) {
        for (const yara::SourceMeta& meta : rule.metas) {
            const std::string_view value = plain(meta.value);
            const bool blank = value.find_first_not_of(" \t") == std::string_view::npos;
            // A blank action is one that nobody declared: what it would do is nobody's plan.
            if (meta.name == "action") facts.actions.emplace_back(value);
            if (blank) facts.blank_fields.push_back(meta.name);
        }
    }

    void read_string(const SourceString& string, RuleFacts& facts) {
        facts.criteria.push_back(short_digest(string.value + "\n" + string.modifiers));
        if (string.kind == StringKind::kRegex) {
            facts.regexes.push_back({regex_body(string.value), string.identifier, string.line});
        }
        const std::string field(kind_name(string.kind));
        std::string_view rest = string.modifiers;
        if (rest.empty()) use(field, "plain");
        while (!rest.empty()) {
            const std::size_t space = std::min(rest.find(' '), rest.size());
            const std::string_view word = rest.substr(0, space);
            use(field, std::string(word.substr(0, word.find('('))));
            rest.remove_prefix(std::min(space + 1, rest.size()));
        }
    }

    /// Regexes behind "matches", and the functions of modules: "pe.imphash".
    void read_condition(const SourceRule& rule, RuleFacts& facts) {
        std::string text;
        const std::vector<std::string>& tokens = rule.condition_tokens;
        for (std::size_t at = 0; at < tokens.size(); ++at) {
            text += tokens[at] + " ";
            if (tokens[at].starts_with('/')) {
                facts.regexes.push_back({regex_body(tokens[at]), "condition", rule.line});
            }
            if (at + 2 < tokens.size() && is_word(tokens[at]) && tokens[at + 1] == "." &&
                is_word(tokens[at + 2])) {
                use(tokens[at] + "." + tokens[at + 2], "condition");
            }
        }
        facts.condition = short_digest(text);
        // A rule without strings is what its condition says.
        if (facts.criteria.empty()) facts.criteria.push_back(facts.condition);
    }

    const std::string& file_;
    const std::vector<std::string>& bundle_actions_;
    const std::vector<std::string>* actions_ = nullptr;
    ContentFacts& facts_;
};

}  // namespace

void read_yara_file(const content::ContentFile& file, const std::vector<std::string>& actions,
                    ContentFacts& facts) {
    const yara::SourceMap map = yara::read_source(text_of(file.bytes));
    if (!map.whole) facts.trouble = file.name + ": a comment, string or regex has no end";
    for (const yara::SourceImport& import : map.imports) {
        for (const std::string& action : actions) {
            facts.uses.insert({std::string(kFiles), "module." + import.module, "import", action});
        }
    }
    RuleReader reader(file.name, actions, facts);
    const std::size_t first = facts.rules.size();
    std::map<std::string, Demand, std::less<>> known;
    Demand of_globals = 0;
    for (const SourceRule& rule : map.rules) {
        reader.read(rule, known);
        const RuleFacts& read = facts.rules.back();
        known[rule.name] = read.demand;
        if (read.is_global) of_globals = demand_of_all(of_globals, read.demand);
    }
    // A rule matches only where the global ones of its file do.
    for (std::size_t index = first; index < facts.rules.size(); ++index) {
        RuleFacts& rule = facts.rules[index];
        if (!rule.is_global) rule.demand = demand_of_all(rule.demand, of_globals);
        rule.matches_everything = rule.demand <= kEveryFile;
    }
}

}  // namespace firebreak::validator::lint
