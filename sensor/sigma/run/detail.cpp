#include "sensor/sigma/run/detail.hpp"

#include <algorithm>

#include "sensor/kit/text.hpp"

namespace firebreak::sigma {
namespace {

constexpr std::size_t kValueBytesMax = 200;
constexpr std::string_view kCut = "…";
constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

/// What `value` starts with of characters that are a byte each and stay as they are.
std::string_view plain_start(std::string_view value) {
    const auto other = std::ranges::find_if(value, [](char c) { return c < ' ' || c > '~'; });
    return value.substr(0, static_cast<std::size_t>(other - value.begin()));
}

}  // namespace

DetailText::DetailText(const RuleMatch& match, const SuppliedContract& contract, Event& event) {
    put(match.rule.title);
    std::string_view separator = ": ";
    for (std::size_t i = 0; i < match.evidence.size(); ++i) {
        const std::uint16_t field = match.evidence[i].field;
        const auto same = [field](const Evidence& evidence) { return evidence.field == field; };
        const auto before = match.evidence.first(i);
        if (std::ranges::any_of(before, same) || field >= contract.fields.size()) continue;
        put(separator);
        separator = ", ";
        put(contract.fields[field].name);
        if (!event.present(field)) {
            put(" absent");
            continue;
        }
        put("=\"");
        put_value(event.text(field));
        put("\"");
    }
}

/// What does not fit whole is left out, and so is what follows.
void DetailText::put(std::string_view text) {
    if (text.size() > buffer_.size() - length_) return;
    std::ranges::copy(text, buffer_.begin() + static_cast<std::ptrdiff_t>(length_));
    length_ += text.size();
}

void DetailText::put_value(std::string_view value) {
    const std::size_t end = length_ + kValueBytesMax;
    while (!value.empty()) {
        const std::string_view plain = plain_start(value.substr(0, end - length_));
        if (!plain.empty()) {
            put(plain.substr(0, buffer_.size() - length_));
            value.remove_prefix(plain.size());
            continue;
        }
        const std::size_t length = sensor_kit::utf8_sequence_length(value);
        const auto first = static_cast<unsigned char>(value.front());
        const bool printable = length > 1 || (length == 1 && first >= 0x20 && first != 0x7F);
        const std::string_view next = printable ? value.substr(0, length) : kReplacement;
        if (length_ + next.size() > end) {
            put(kCut);
            return;
        }
        put(next);
        value.remove_prefix(length == 0 ? 1 : length);
    }
}

}  // namespace firebreak::sigma
