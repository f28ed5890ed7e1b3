#include "validator/generate/event_document.hpp"

#include <algorithm>
#include <boost/json/serialize.hpp>
#include <charconv>

#include "core/base/encoding.hpp"
#include "core/base/json.hpp"
#include "sensor/sigma/events/supplied_contracts.hpp"

namespace firebreak::validator {
namespace {

/// The number that `text` is the usual way to write.
std::optional<std::int64_t> number_of(const std::string& text) {
    std::int64_t number = 0;
    const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), number);
    const bool usual = code == std::errc() && std::to_string(number) == text;
    return usual ? std::optional(number) : std::nullopt;
}

json::value value_of(const sigma::ReferenceValue& value, std::optional<sigma::FieldType> type) {
    if (const auto* boolean = std::get_if<bool>(&value)) return *boolean;
    if (const auto* integer = std::get_if<std::int64_t>(&value)) {
        if (type == sigma::FieldType::kText) return json::value(std::to_string(*integer));
        return *integer;
    }
    const auto* text = std::get_if<std::string>(&value);
    if (text == nullptr) return nullptr;
    if (type == sigma::FieldType::kInteger) {
        if (const std::optional<std::int64_t> number = number_of(*text)) return *number;
    }
    if (!is_utf8(*text)) return json::object{{"hex", hex_encode(bytes_of(*text))}};
    return json::value(*text);
}

}  // namespace

Bytes event_document(std::string_view contract, const sigma::ReferenceEvent& event,
                     std::size_t supplied, std::optional<std::size_t> fields) {
    const auto known = std::ranges::find(sigma::supplied_contracts(), contract,
                                         &sigma::SuppliedContract::contract);
    const bool typed = known != sigma::supplied_contracts().end();
    json::array values;
    std::size_t count = std::min(event.size(), fields.value_or(supplied));
    while (count > 0 && std::holds_alternative<std::monostate>(event[count - 1])) --count;
    for (std::size_t at = 0; at < count; ++at) {
        std::optional<sigma::FieldType> type;
        if (typed && at < known->fields.size()) type = known->fields[at].type;
        values.push_back(value_of(event[at], type));
    }
    json::object document{{"contract", contract}, {"values", std::move(values)}};
    if (fields) document["fields"] = *fields;
    return to_bytes(json::serialize(document));
}

}  // namespace firebreak::validator
