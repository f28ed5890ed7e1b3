#pragma once

#include <optional>
#include <string>
#include <vector>

#include "sensor/host/engine.hpp"

namespace firebreak::sensor {

/// The host's ends of an engine's callbacks. What an engine says is input from outside: every
/// length is capped before anything is copied, a NULL with a length is refused, and text is made
/// printable before a report can carry it. What was wrong is kept, and makes the call fail; an
/// engine that breaks the ABI once is not believed in part.
///
/// Each object serves one call and must outlive it.

/// Takes one JSON text.
class TextAnswer {
public:
    explicit TextAnswer(std::size_t bytes_max) : bytes_max_(bytes_max) {}

    fb_text_sink sink() noexcept;

    /// @returns the text, or Errc::kInvalid when none came, or two, or it was not a proper view;
    ///   Errc::kTooLarge.
    [[nodiscard]] Result<std::string> take();

private:
    static void write(void* user, fb_text text) noexcept;

    std::size_t bytes_max_;
    std::optional<std::string> text_;
    std::optional<Error> broken_;
};

/// Collects diagnostics, at most 1,000: a content with more mistakes is not helped by the rest.
class DiagnosticAnswers {
public:
    explicit DiagnosticAnswers(std::vector<Diagnostic>& out) : out_(&out) {}

    fb_diagnostic_sink sink() noexcept;

    /// What broke the ABI, when something did.
    const std::optional<Error>& broken() const { return broken_; }

    /// The first error among them: "rules.yar:12: syntax error".
    const std::optional<std::string>& first_error() const { return first_error_; }

private:
    static void report(void* user, const fb_diagnostic* said) noexcept;

    std::vector<Diagnostic>* out_;
    std::optional<std::string> first_error_;
    std::optional<Error> broken_;
};

/// Collects matches, at most kMatchesMax; the engine is told to stop at the next.
class MatchAnswers {
public:
    static constexpr std::size_t kMatchesMax = 10'000;

    fb_match_sink sink() noexcept;
    const std::optional<Error>& broken() const { return broken_; }
    std::vector<Match> take() { return std::move(matches_); }

private:
    static std::int32_t match(void* user, const fb_match* said) noexcept;

    std::vector<Match> matches_;
    std::optional<Error> broken_;
};

/// `text` with every control character and every byte that is not well-formed UTF-8 as '?', cut
/// to `bytes_max`: what a terminal, a log line and a JSON report can carry.
std::string printable(std::string_view text, std::size_t bytes_max);

}  // namespace firebreak::sensor
