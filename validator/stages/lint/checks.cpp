#include "validator/stages/lint/checks.hpp"

#include <algorithm>
#include <array>
#include <map>

#include "validator/stages/lint/regex_tree.hpp"

namespace firebreak::validator::lint {
namespace {

/// Fewer bytes than this are met by chance.
constexpr Demand kLittle = 4;

/// What a rule must pin down before its match may destroy something.
constexpr Demand kForDestruction = 8;

constexpr std::size_t kQuotedBytes = 120;

constexpr std::array<std::string_view, 14> kHarmless{
    "alert",   "audit", "collect", "count",   "detect", "informational", "log",
    "monitor", "none",  "notify",  "observe", "report", "score",         "tag"};

constexpr std::array<std::string_view, 9> kStoppingVerbs{
    "disable", "exit", "kill", "pause", "shutdown", "stop", "suspend", "uninstall", "unload"};

constexpr std::array<std::string_view, 11> kOwnParts{
    "agent",    "engine", "firebreak", "protection", "scanner", "scanning",
    "security", "self",   "sensor",    "update",     "updater"};

template <std::size_t N>
bool one_of(const std::array<std::string_view, N>& words, std::string_view word) {
    return std::ranges::find(words, word) != words.end();
}

/// The words of an action, in lower case: "stop-sensor" is two.
std::vector<std::string> words_of(std::string_view action) {
    std::vector<std::string> words(1);
    for (const char c : action) {
        if (c == '-' || c == '_' || c == '.' || c == '/' || c == ':' || c == ' ') {
            words.emplace_back();
        } else {
            words.back() += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
        }
    }
    return words;
}

/// Any word that is not known to be harmless: what an action does is not ours to guess.
bool destructive(std::string_view action) {
    return !one_of(kHarmless, words_of(action).front());
}

bool stops_protection(std::string_view action) {
    const std::vector<std::string> words = words_of(action);
    const auto has = [&](const auto& list) {
        return std::ranges::any_of(words, [&](const auto& word) { return one_of(list, word); });
    };
    const bool named = std::ranges::find(words, "killswitch") != words.end() ||
                       (words.size() > 1 && words[0] == "kill" && words[1] == "switch");
    return named || (has(kStoppingVerbs) && has(kOwnParts));
}

std::string quoted(const std::string& text) {
    return "'" + text.substr(0, kQuotedBytes) + (text.size() > kQuotedBytes ? "…'" : "'");
}

std::string who(const RuleFacts& rule) {
    return rule.title.empty() ? rule.place.rule : rule.place.rule + " " + quoted(rule.title);
}

}  // namespace

void check_breadth(Run& run, const ContentFacts& facts) {
    for (const RuleFacts& rule : facts.rules) {
        if (rule.silent || rule.demand >= kLittle) continue;
        const std::string bytes =
            std::to_string(rule.demand) + (rule.demand == 1 ? " byte" : " bytes");
        run.add({.id = rule.matches_everything ? "FB401" : "FB402",
                 .place = rule.place,
                 .message = who(rule) + " can match on " + bytes + " of the input"});
    }
}

void check_blanks(Run& run, const ContentFacts& facts) {
    for (const RuleFacts& rule : facts.rules) {
        for (const std::string& criterion : rule.blank_criteria) {
            run.add({.id = "FB403",
                     .place = rule.place,
                     .message = who(rule) + " compares with an empty text: " + criterion});
        }
        for (const std::string& field : rule.blank_fields) {
            run.add({.id = "FB404",
                     .place = rule.place,
                     .message = who(rule) + " has nothing in its " + field});
        }
    }
}

void check_regexes(Run& run, const ContentFacts& facts) {
    for (const RuleFacts& rule : facts.rules) {
        for (const RegexFact& fact : rule.regexes) {
            const std::optional<RegexNode> regex = parse_regex(fact.source);
            const RegexRisk risk = regex ? backtracking_risk(*regex) : RegexRisk::kNone;
            if (risk == RegexRisk::kNone) continue;
            // RE2, which runs the regular expressions of events, does not backtrack. Real rules
            // rely on it in the one case; the other is a slip of the pen anywhere.
            const bool harmless = risk == RegexRisk::kNested && rule.contract != kFiles;
            Place place = rule.place;
            place.line = fact.line;
            run.add({.id = harmless ? "FB417" : "FB405",
                     .place = std::move(place),
                     .message = who(rule) + ", " + fact.where + ": " + std::string(explain(risk)),
                     .evidence = fact.source.substr(0, kQuotedBytes)});
        }
    }
}

void check_actions(Run& run, const ContentFacts& facts) {
    const std::vector<std::string>& declared = run.bundle->manifest.actions;
    for (const std::string& action : declared) {
        if (!stops_protection(action)) continue;
        run.add({.id = "FB408",
                 .place = {.file = "manifest.json", .line = 0, .rule = {}},
                 .message = "the bundle may " + quoted(action)});
    }
    for (const RuleFacts& rule : facts.rules) {
        if (rule.is_global && rule.demand == kNeverTrue) {
            run.add({.id = "FB408",
                     .place = rule.place,
                     .message = who(rule) + " is global and never true: it silences its file"});
        }
        for (const std::string& action : rule.actions) {
            if (stops_protection(action)) {
                run.add({.id = "FB408",
                         .place = rule.place,
                         .message = who(rule) + " may " + quoted(action)});
            }
            if (std::ranges::find(declared, action) != declared.end()) continue;
            run.add({.id = "FB409",
                     .place = rule.place,
                     .message = who(rule) + " has the action " + quoted(action) +
                                ", which the manifest does not list"});
        }
        const std::vector<std::string>& actions = rule.actions.empty() ? declared : rule.actions;
        const auto worst = std::ranges::find_if(actions, destructive);
        if (worst == actions.end() || rule.silent) continue;
        if (rule.demand < kForDestruction) {
            run.add({.id = "FB406",
                     .place = rule.place,
                     .message = who(rule) + " may " + quoted(*worst) + " on the strength of " +
                                std::to_string(rule.demand) + " bytes"});
        } else if (rule.only_system_places) {
            run.add({.id = "FB407",
                     .place = rule.place,
                     .message = who(rule) + " may " + quoted(*worst) +
                                " whatever is at a place of the system"});
        }
    }
}

void check_duplicates(Run& run, const ContentFacts& facts) {
    std::map<std::string_view, const RuleFacts*> ids;
    std::map<std::pair<std::uint64_t, std::vector<std::uint64_t>>, const RuleFacts*> bodies;
    const auto where = [](const RuleFacts& rule) {
        return rule.place.file + ":" + std::to_string(rule.place.line);
    };
    for (const RuleFacts& rule : facts.rules) {
        const auto [id, id_is_new] = ids.try_emplace(rule.place.rule, &rule);
        if (!id_is_new) {
            run.add({.id = "FB410",
                     .place = rule.place,
                     .message = who(rule) + " is also in " + where(*id->second)});
            continue;
        }
        if (rule.silent) continue;
        const auto [body, body_is_new] = bodies.try_emplace({rule.condition, rule.criteria}, &rule);
        if (body_is_new || body->second->contract != rule.contract) continue;
        run.add({.id = "FB411",
                 .place = rule.place,
                 .message = who(rule) + " asks the same as " + who(*body->second) + " in " +
                            where(*body->second)});
    }
}

}  // namespace firebreak::validator::lint
