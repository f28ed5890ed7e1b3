#include "sensor/host/answers.hpp"

#include "core/base/errc.hpp"
#include "sensor/kit/text.hpp"

namespace firebreak::sensor {
namespace {

constexpr std::size_t kDiagnosticsMax = 1'000;
constexpr std::size_t kLineBytesMax = 4U << 10U;
constexpr std::size_t kRuleNameBytesMax = 512;

// As long as they are in version 1, which an engine may have been built against.
constexpr std::size_t kDiagnosticBytesMin = FB_SIZE_TO(fb_diagnostic, reserved);
constexpr std::size_t kMatchBytesMin = FB_SIZE_TO(fb_match, detail);

bool proper(const fb_text& text) {
    return text.data != nullptr || text.length == 0;
}

std::string_view view_of(const fb_text& text) {
    return text.length == 0 ? std::string_view() : std::string_view(text.data, text.length);
}

Error breach(const std::string& what) {
    return {Errc::kInvalid, "the engine breaks the sensor ABI: " + what};
}

}  // namespace

std::string printable(std::string_view text, std::size_t bytes_max) {
    std::string out;
    while (!text.empty() && out.size() < bytes_max) {
        const std::size_t length = sensor_kit::utf8_sequence_length(text);
        if (out.size() + length > bytes_max) break;
        const bool control = length == 1 && (text[0] < ' ' || text[0] == '\x7f');
        // U+0080 to U+009F are control characters too, and some terminals obey them.
        const bool c1 = length == 2 && text[0] == '\xC2' && text[1] < '\xA0';
        if (length == 0 || control || c1) {
            out += '?';
            text.remove_prefix(length == 0 ? 1 : length);
        } else {
            out += text.substr(0, length);
            text.remove_prefix(length);
        }
    }
    return out;
}

fb_text_sink TextAnswer::sink() noexcept {
    return {.struct_size = sizeof(fb_text_sink), .reserved = 0, .user = this, .write = &write};
}

void TextAnswer::write(void* user, fb_text text) noexcept {
    auto& self = *static_cast<TextAnswer*>(user);
    if (self.broken_) return;
    if (!proper(text)) {
        self.broken_ = breach("a text of NULL with a length");
    } else if (self.text_) {
        self.broken_ = breach("two texts where one belongs");
    } else if (text.length > self.bytes_max_) {
        self.broken_ =
            Error(Errc::kTooLarge, "the engine wrote " + std::to_string(text.length) +
                                       " bytes, limit " + std::to_string(self.bytes_max_));
    } else {
        self.text_ = std::string(view_of(text));
    }
}

Result<std::string> TextAnswer::take() {
    if (broken_) return fail(*broken_);
    if (!text_) return fail(breach("no text where one belongs"));
    return *std::move(text_);
}

fb_diagnostic_sink DiagnosticAnswers::sink() noexcept {
    return {
        .struct_size = sizeof(fb_diagnostic_sink), .reserved = 0, .user = this, .report = &report};
}

void DiagnosticAnswers::report(void* user, const fb_diagnostic* said) noexcept {
    auto& self = *static_cast<DiagnosticAnswers*>(user);
    if (self.broken_) return;
    if (said == nullptr || said->struct_size < kDiagnosticBytesMin || !proper(said->file) ||
        !proper(said->message)) {
        self.broken_ = breach("a diagnostic without its parts");
        return;
    }
    Diagnostic diagnostic{.error = said->severity != FB_SEVERITY_WARNING,
                          .file = printable(view_of(said->file), kRuleNameBytesMax),
                          .line = said->line,
                          .message = printable(view_of(said->message), kLineBytesMax)};
    if (diagnostic.error && !self.first_error_) {
        std::string place = diagnostic.file;
        if (!place.empty() && diagnostic.line != 0) place += ":" + std::to_string(diagnostic.line);
        self.first_error_ = place.empty() ? diagnostic.message : place + ": " + diagnostic.message;
    }
    if (self.out_->size() < kDiagnosticsMax) self.out_->push_back(std::move(diagnostic));
}

fb_match_sink MatchAnswers::sink() noexcept {
    return {.struct_size = sizeof(fb_match_sink), .reserved = 0, .user = this, .match = &match};
}

std::int32_t MatchAnswers::match(void* user, const fb_match* said) noexcept {
    auto& self = *static_cast<MatchAnswers*>(user);
    if (self.broken_) return 1;
    if (said == nullptr || said->struct_size < kMatchBytesMin || !proper(said->rule) ||
        !proper(said->detail) || said->rule.length == 0) {
        self.broken_ = breach("a match without its parts");
        return 1;
    }
    if (self.matches_.size() >= kMatchesMax) {
        self.broken_ = Error(Errc::kUnavailable,
                             "more than " + std::to_string(kMatchesMax) + " matches on one input");
        return 1;
    }
    self.matches_.push_back({.rule = printable(view_of(said->rule), kRuleNameBytesMax),
                             .detail = printable(view_of(said->detail), kLineBytesMax)});
    return 0;
}

}  // namespace firebreak::sensor
