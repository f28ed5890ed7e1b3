#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/error.hpp"
#include "sensor/sigma/run/event.hpp"

namespace re2 {
class FilteredRE2;
}

namespace firebreak::sigma {

/// What RE2 may keep for one expression, its program and its cache of states together. When the
/// cache is full it starts again, or goes on slower without: the answer stays the same.
inline constexpr std::size_t kRegexBytesMax = 512U << 10U;

/// A regular expression of a rule. RE2 never backtracks: matching takes time linear in the text.
/// Unlike the rest of the interpreter it takes memory while it matches, within kRegexBytesMax.
class Regex {
public:
    /// @returns Errc::kInvalid with RE2's reason, or Errc::kTooLarge.
    [[nodiscard]] static Result<Regex> make(const std::string& pattern);

    Regex(Regex&&) noexcept;
    Regex& operator=(Regex&&) noexcept;
    ~Regex();

    /// Whether it is found anywhere in `text`.
    bool matches(std::string_view text) const;

    /// Folded literals of which every text that matches has at least one, folded. Empty: there are
    /// none, or RE2 does not say.
    const std::vector<std::string>& atoms() const { return atoms_; }

private:
    Regex();

    std::unique_ptr<re2::FilteredRE2> compiled_;  ///< Of one expression.
    std::vector<std::string> atoms_;
};

}  // namespace firebreak::sigma
