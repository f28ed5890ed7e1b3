#include "core/trust/path_pattern.hpp"

#include <algorithm>
#include <string>

#include "core/base/digest.hpp"

namespace firebreak::trust {
namespace {

constexpr std::size_t kNone = std::string_view::npos;

/// The place after the code point at `at`: `?` is one character, not one byte.
std::size_t after_character(std::string_view text, std::size_t at) {
    ++at;
    while (at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0U) == 0x80U) ++at;
    return at;
}

/// One segment. On a mismatch the last `*` takes one character more; earlier ones never have to,
/// because the last one can make up for it. That is why this does not explode.
bool matches_segment(std::string_view pattern, std::string_view text) {
    std::size_t p = 0;
    std::size_t t = 0;
    std::size_t after_star = kNone;
    std::size_t star_end = 0;  // Where in `text` the last star stops.
    while (t < text.size()) {
        if (p < pattern.size() && pattern[p] == '*') {
            after_star = ++p;
            star_end = t;
        } else if (p < pattern.size() && pattern[p] == '?') {
            ++p;
            t = after_character(text, t);
        } else if (p < pattern.size() && pattern[p] == text[t]) {
            ++p;
            ++t;
        } else if (after_star != kNone) {
            p = after_star;
            t = star_end = after_character(text, star_end);
        } else {
            return false;
        }
    }
    return pattern.find_first_not_of('*', p) == kNone;
}

}  // namespace

bool matches_pattern(std::string_view pattern, std::string_view path) {
    for (;;) {
        const std::size_t pattern_slash = pattern.find('/');
        const std::size_t path_slash = path.find('/');
        if ((pattern_slash == kNone) != (path_slash == kNone)) return false;
        if (!matches_segment(pattern.substr(0, pattern_slash), path.substr(0, path_slash))) {
            return false;
        }
        if (pattern_slash == kNone) return true;
        pattern.remove_prefix(pattern_slash + 1);
        path.remove_prefix(path_slash + 1);
    }
}

bool may_speak_for(const DelegatedRole& role, std::string_view path) {
    if (std::ranges::any_of(role.paths, [&](const std::string& pattern) {
            return matches_pattern(pattern, path);
        })) {
        return true;
    }
    if (role.path_hash_prefixes.empty()) return false;
    const std::string digest = sha256(bytes_of(path)).hex();
    return std::ranges::any_of(role.path_hash_prefixes, [&](const std::string& prefix) {
        return digest.starts_with(prefix);
    });
}

}  // namespace firebreak::trust
