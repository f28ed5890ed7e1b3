#include "sensor/sigma/compiler/regex.hpp"

#include <array>
#include <re2/re2.h>

#include "core/content/printable.hpp"
#include "sensor/sigma/program/program.hpp"
#include "sensor/sigma/run/regex.hpp"

namespace firebreak::sigma {
namespace {

struct Construct {
    std::string_view spelling;
    std::string_view name;
    std::string_view remedy;
};
/// What PCRE has and RE2 leaves out on purpose: nothing here can be matched in linear time.
constexpr std::array<Construct, 12> kLeftOut = {{
    {"(?=", "lookahead", "write a second detection for the other condition and join them with and"},
    {"(?!", "negative lookahead",
     "write it as a detection of its own and add 'and not' to the "
     "condition"},
    {"(?<=", "lookbehind", "write what comes before into the expression"},
    {"(?<!", "negative lookbehind",
     "write it as a detection of its own and add 'and not' to the "
     "condition"},
    {"(?>", "an atomic group", "write (?: instead: nothing backtracks here"},
    {"(?<", "a named group in this spelling", "write (?: instead: groups are not used"},
    {"(?#", "a comment", "remove it"},
    {"(?(", "a condition", "write both alternatives out"},
    {"(?R", "recursion", "write out the depth that you need"},
    {"*+", "a possessive quantifier", "write * instead: nothing backtracks here"},
    {"++", "a possessive quantifier", "write + instead: nothing backtracks here"},
    {"?+", "a possessive quantifier", "write ? instead: nothing backtracks here"},
}};

/// Where `spelling` stands outside of escapes and character classes; npos when it does not.
std::size_t find_construct(std::string_view pattern, std::string_view spelling) {
    bool in_class = false;
    for (std::size_t at = 0; at < pattern.size(); ++at) {
        if (pattern[at] == '\\') {
            ++at;
            continue;
        }
        if (in_class) {
            in_class = pattern[at] != ']';
        } else if (pattern[at] == '[') {
            in_class = true;
        } else if (pattern.substr(at).starts_with(spelling)) {
            return at;
        }
    }
    return std::string_view::npos;
}

bool has_backreference(std::string_view pattern) {
    for (std::size_t at = 0; at + 1 < pattern.size(); ++at) {
        if (pattern[at] != '\\') continue;
        const char next = pattern[++at];
        if ((next >= '1' && next <= '9') || next == 'k' || next == 'g') return true;
    }
    return false;
}

Refusal refusal_of(std::string_view pattern, const RE2& compiled) {
    for (const Construct& construct : kLeftOut) {
        const std::size_t at = find_construct(pattern, construct.spelling);
        if (at == std::string_view::npos) continue;
        return {"regex-unsupported",
                std::string(construct.name) + " (" + std::string(construct.spelling) + " at byte " +
                    std::to_string(at + 1) + ") could backtrack and is not supported; " +
                    std::string(construct.remedy),
                at};
    }
    if (compiled.error_code() == RE2::ErrorBadEscape && has_backreference(pattern)) {
        return {"regex-unsupported",
                "a backreference could backtrack and is not supported; write out what the group "
                "can be, or use fieldref to compare two fields"};
    }
    if (compiled.error_code() == RE2::ErrorPatternTooLarge ||
        compiled.error_code() == RE2::ErrorRepeatSize) {
        return {"too-large",
                "the regular expression is too large once its repetitions are written "
                "out; repeat less often, or split it"};
    }
    return {"bad-regex", "not a regular expression: " + content::shown(compiled.error())};
}

}  // namespace

tl::expected<std::string, Refusal> checked_regex(std::string_view pattern, std::string_view flags) {
    std::string text = flags.empty() ? std::string() : "(?" + std::string(flags) + ")";
    text += pattern;
    const std::size_t bytes_max = ProgramLimits{}.regex_bytes_max;
    if (text.size() > bytes_max) {
        return tl::unexpected<Refusal>(
            {"too-large", "a regular expression of " + std::to_string(text.size()) +
                              " bytes, at most " + std::to_string(bytes_max)});
    }
    RE2::Options options;
    options.set_log_errors(false);
    options.set_max_mem(static_cast<std::int64_t>(kRegexBytesMax));
    const RE2 compiled(text, options);
    if (!compiled.ok()) return tl::unexpected(refusal_of(pattern, compiled));
    // The last word is the interpreter's: what it cannot load must not be packed.
    if (const Result<Regex> loadable = Regex::make(text); !loadable) {
        return tl::unexpected<Refusal>(
            {"bad-regex", "not a regular expression that the engine takes: " +
                              content::shown(loadable.error().context())});
    }
    return text;
}

}  // namespace firebreak::sigma
