#include "sensor/sigma/run/regex.hpp"

#include <algorithm>
#include <numeric>
#include <re2/filtered_re2.h>
#include <re2/re2.h>

#include "core/base/errc.hpp"

namespace firebreak::sigma {
namespace {

constexpr int kAtomBytesMin = 1;
constexpr std::size_t kAtomsMax = 32;
/// More than this many are not worth choosing from.
constexpr std::size_t kAtomsOfferedMax = 128;

/// Patterns of ASCII alone are run over bytes, which any value has; others over UTF-8, where a byte
/// that is none matches nothing.
bool ascii_alone(const std::string& pattern) {
    const bool ascii =
        std::ranges::all_of(pattern, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
    return ascii && pattern.find("\\p") == std::string::npos &&
           pattern.find("\\P") == std::string::npos && pattern.find("\\x{") == std::string::npos;
}

RE2::Options options_for(const std::string& pattern) {
    RE2::Options options;
    options.set_log_errors(false);
    options.set_max_mem(static_cast<std::int64_t>(kRegexBytesMax));
    if (ascii_alone(pattern)) options.set_encoding(RE2::Options::EncodingLatin1);
    return options;
}

/// Whether to look for an atom. Atoms are lower case as RE2 sees it: for ASCII that is our folding,
/// for the rest it is not. And a letter or a digit alone is in nearly everything.
bool usable(const std::string& atom) {
    const bool folded_ascii = std::ranges::all_of(
        atom, [](char c) { return static_cast<unsigned char>(c) < 0x80 && fold(c) == c; });
    const auto letter_or_digit = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    };
    return folded_ascii && (atom.size() > 1 || !std::ranges::all_of(atom, letter_or_digit));
}

/// RE2 knows which literals a text must have for a pattern to match, as and/or over "atoms", and
/// says whether a text with some atoms could. Of these atoms we leave out, short ones first,
/// whichever we can: as long as no text without those that are left could match.
///
/// Not for patterns about characters: there, "K" is also what matches U+212A, the Kelvin sign.
std::vector<std::string> atoms_of(re2::FilteredRE2& filter, const std::string& pattern) {
    std::vector<std::string> atoms;
    filter.Compile(&atoms);
    if (atoms.size() > kAtomsOfferedMax || !ascii_alone(pattern)) return {};
    std::vector<int> left_out;
    std::vector<int> passing;
    filter.AllPotentials(left_out, &passing);
    if (!passing.empty()) return {};
    std::vector<int> order(atoms.size());
    std::iota(order.begin(), order.end(), 0);
    std::ranges::stable_sort(order, {}, [&atoms](int at) {
        const std::string& atom = atoms.at(static_cast<std::size_t>(at));
        return usable(atom) ? atom.size() : 0;
    });
    std::vector<std::string> needed;
    for (const int at : order) {
        left_out.push_back(at);
        filter.AllPotentials(left_out, &passing);
        if (passing.empty()) continue;
        left_out.pop_back();
        needed.push_back(atoms.at(static_cast<std::size_t>(at)));
    }
    const bool all_usable = needed.size() <= kAtomsMax && std::ranges::all_of(needed, usable);
    return all_usable ? needed : std::vector<std::string>{};
}

Error why_refused(const std::string& pattern, RE2::ErrorCode code) {
    if (code == RE2::ErrorPatternTooLarge) {
        return Error(Errc::kTooLarge, "a regular expression is too large for this engine");
    }
    // FilteredRE2 keeps the code and not the words.
    return Error(Errc::kInvalid, "RE2: " + RE2(pattern, options_for(pattern)).error());
}

}  // namespace

Regex::Regex() = default;
Regex::Regex(Regex&&) noexcept = default;
Regex& Regex::operator=(Regex&&) noexcept = default;
Regex::~Regex() = default;

Result<Regex> Regex::make(const std::string& pattern) {
    Regex made;
    made.compiled_ = std::make_unique<re2::FilteredRE2>(kAtomBytesMin);
    int id = 0;
    const RE2::ErrorCode code = made.compiled_->Add(pattern, options_for(pattern), &id);
    if (code != RE2::NoError) return fail(why_refused(pattern, code));
    made.atoms_ = atoms_of(*made.compiled_, pattern);
    return made;
}

bool Regex::matches(std::string_view text) const {
    return compiled_->GetRE2(0).Match({text.data(), text.size()}, 0, text.size(), RE2::UNANCHORED,
                                      nullptr, 0);
}

}  // namespace firebreak::sigma
