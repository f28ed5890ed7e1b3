#include "sensor/sigma/run/regex.hpp"

#include <algorithm>
#include <re2/filtered_re2.h>
#include <re2/re2.h>

#include "core/base/errc.hpp"

namespace firebreak::sigma {
namespace {

/// Literals shorter than this would send the prefilter after every event.
constexpr int kAtomBytesMin = 3;
constexpr std::size_t kAtomsMax = 32;

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

/// RE2 knows which literals a text must have for a pattern to match, as and/or over "atoms". No
/// atom at all then means no match, unless RE2 knows nothing.
std::vector<std::string> atoms_of(re2::FilteredRE2& filter) {
    std::vector<std::string> atoms;
    filter.Compile(&atoms);
    std::vector<int> passing;
    filter.AllPotentials({}, &passing);
    const bool needs_an_atom = passing.empty();
    // Atoms are lower case as RE2 sees it. For ASCII that is our folding, for the rest it is not.
    const bool usable = needs_an_atom && atoms.size() <= kAtomsMax &&
                        std::ranges::all_of(atoms, [](const std::string& atom) {
                            return std::ranges::all_of(atom, [](char c) {
                                return static_cast<unsigned char>(c) < 0x80 && fold(c) == c;
                            });
                        });
    return usable ? atoms : std::vector<std::string>{};
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
    made.atoms_ = atoms_of(*made.compiled_);
    return made;
}

bool Regex::matches(std::string_view text) const {
    return compiled_->GetRE2(0).Match({text.data(), text.size()}, 0, text.size(), RE2::UNANCHORED,
                                      nullptr, 0);
}

}  // namespace firebreak::sigma
