#include "core/content/yaml_scalar.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <optional>

#include "core/base/errc.hpp"
#include "core/content/printable.hpp"

namespace firebreak::content {
namespace {

bool digit(char c) {
    return c >= '0' && c <= '9';
}

std::size_t digits_at(std::string_view text, std::size_t at) {
    std::size_t count = 0;
    while (at + count < text.size() && digit(text[at + count])) ++count;
    return count;
}

/// [-+]? ( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )?
bool looks_like_float(std::string_view text) {
    std::size_t at = !text.empty() && (text[0] == '-' || text[0] == '+') ? 1 : 0;
    const std::size_t whole = digits_at(text, at);
    at += whole;
    if (at < text.size() && text[at] == '.') {
        const std::size_t fraction = digits_at(text, ++at);
        if (whole == 0 && fraction == 0) return false;
        at += fraction;
    } else if (whole == 0) {
        return false;
    }
    if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
        ++at;
        if (at < text.size() && (text[at] == '-' || text[at] == '+')) ++at;
        const std::size_t exponent = digits_at(text, at);
        if (exponent == 0) return false;
        at += exponent;
    }
    return at == text.size();
}

bool not_a_finite_number(std::string_view text) {
    static constexpr std::array<std::string_view, 6> kSpecial = {".inf", ".Inf", ".INF",
                                                                 ".nan", ".NaN", ".NAN"};
    if (!text.empty() && (text[0] == '-' || text[0] == '+')) text.remove_prefix(1);
    return std::ranges::find(kSpecial, text) != kSpecial.end();
}

Result<json::value> out_of_range(std::string_view text) {
    return fail(Errc::kMalformed, "the number " + shown(text) + " is out of range");
}

Result<json::value> integer(std::string_view text, std::string_view digits, int base) {
    std::int64_t value = 0;
    const auto [end, code] =
        std::from_chars(digits.data(), digits.data() + digits.size(), value, base);
    if (code != std::errc() || end != digits.data() + digits.size()) return out_of_range(text);
    return json::value(value);
}

/// 0o17 and 0x1F.
std::optional<Result<json::value>> based_integer(std::string_view text) {
    if (text.size() < 3 || text[0] != '0') return std::nullopt;
    const std::string_view digits = text.substr(2);
    const bool octal =
        text[1] == 'o' && std::ranges::all_of(digits, [](char c) { return c >= '0' && c <= '7'; });
    const bool hexadecimal =
        text[1] == 'x' && std::ranges::all_of(digits, [](char c) {
            return digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
        });
    if (!octal && !hexadecimal) return std::nullopt;
    return integer(text, digits, octal ? 8 : 16);
}

Result<json::value> number(std::string_view text) {
    std::string_view digits = text;
    if (digits[0] == '+') digits.remove_prefix(1);
    const std::string_view magnitude = digits[0] == '-' ? digits.substr(1) : digits;
    if (magnitude.size() > 1 && magnitude[0] == '0' && digit(magnitude[1])) {
        return fail(Errc::kMalformed, "the number " + shown(text) +
                                          " starts with a 0, which some readers take for octal; "
                                          "drop the 0, or put it in quotes");
    }
    if (std::ranges::all_of(magnitude, digit)) return integer(text, digits, 10);
    double value = 0;
    const auto [end, code] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (code != std::errc() || end != digits.data() + digits.size() || !std::isfinite(value)) {
        return out_of_range(text);
    }
    return json::value(value);
}

}  // namespace

bool is_null(std::string_view text) {
    return text.empty() || text == "~" || text == "null" || text == "Null" || text == "NULL";
}

Result<json::value> plain_scalar(std::string_view text) {
    if (is_null(text)) return json::value(nullptr);
    if (text == "true") return json::value(true);
    if (text == "false") return json::value(false);
    if (not_a_finite_number(text)) {
        return fail(Errc::kMalformed, shown(text) + " is no number here; put it in quotes");
    }
    if (const std::optional<Result<json::value>> based = based_integer(text)) return *based;
    if (looks_like_float(text)) return number(text);
    return json::value(json::string(json::string_view(text.data(), text.size())));
}

}  // namespace firebreak::content
