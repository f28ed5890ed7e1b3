#include <algorithm>
#include <boost/json/serialize.hpp>

#include "core/base/check.hpp"
#include "core/base/encoding.hpp"
#include "core/base/json.hpp"
#include "validator/generate/changes.hpp"
#include "validator/generate/mutator.hpp"

namespace firebreak::validator {
namespace {

constexpr std::size_t kTextMax = 4096;

json::value to_json(const FieldValue& value) {
    if (const bool* truth = std::get_if<bool>(&value)) return *truth;
    if (const std::int64_t* integer = std::get_if<std::int64_t>(&value)) return *integer;
    if (const Bytes* text = std::get_if<Bytes>(&value)) {
        if (is_utf8(text_of(*text))) return json::string(text_of(*text));
        return json::object{{"hex", hex_encode(*text)}};
    }
    return nullptr;
}

std::optional<FieldValue> from_json(const json::value& value) {
    if (value.is_null()) return FieldValue{};
    if (value.is_bool()) return FieldValue{value.get_bool()};
    if (value.is_int64()) return FieldValue{value.get_int64()};
    if (value.is_string()) return FieldValue{to_bytes(std::string_view(value.get_string()))};
    if (!value.is_object() || value.get_object().size() != 1) return std::nullopt;
    const json::value* hex = value.get_object().if_contains("hex");
    if (hex == nullptr || !hex->is_string()) return std::nullopt;
    Result<Bytes> bytes = hex_decode(std::string_view(hex->get_string()));
    if (!bytes) return std::nullopt;
    return FieldValue{*std::move(bytes)};
}

Bytes decimal(std::int64_t integer) {
    return to_bytes(std::to_string(integer));
}

}  // namespace

Bytes EventShape::document() const {
    json::array list;
    for (const FieldValue& value : values) list.push_back(to_json(value));
    json::object document{{"contract", contract}, {"values", std::move(list)}};
    if (fields) document["fields"] = *fields;
    return to_bytes(json::serialize(document));
}

std::optional<EventShape> EventShape::of(ByteView document) {
    const Result<json::value> parsed = parse_json(text_of(document));
    if (!parsed || !parsed->is_object()) return std::nullopt;
    const json::value* fields = parsed->get_object().if_contains("fields");
    if (parsed->get_object().size() != (fields == nullptr ? 2U : 3U)) return std::nullopt;
    if (fields != nullptr && !fields->is_int64()) return std::nullopt;
    const json::value* contract = parsed->get_object().if_contains("contract");
    const json::value* values = parsed->get_object().if_contains("values");
    if (contract == nullptr || values == nullptr || !contract->is_string() || !values->is_array()) {
        return std::nullopt;
    }
    EventShape event{.contract = std::string(contract->get_string()), .values = {}};
    if (fields != nullptr) event.fields = fields->get_int64();
    for (const json::value& element : values->get_array()) {
        std::optional<FieldValue> value = from_json(element);
        if (!value) return std::nullopt;
        event.values.push_back(*std::move(value));
    }
    return event;
}

EventMutator::EventMutator(const Dictionary& dictionary,
                           const std::vector<SuppliedFields>& contracts, std::size_t bytes_max)
    : dictionary_(dictionary), bytes_max_(bytes_max) {
    FIREBREAK_CHECK(!contracts.empty());
    for (const SuppliedFields& fields : contracts) {
        Target target{.fields = &fields, .aims = {}};
        for (const std::vector<FieldWish>& wishes : dictionary.wishes) {
            std::vector<Aim> aims;
            for (const FieldWish& wish : wishes) {
                if (!wish.contract.empty() && wish.contract != fields.contract) continue;
                const auto named =
                    std::ranges::find(fields.fields, wish.field, &SuppliedField::name);
                if (named == fields.fields.end() && wish.field != "*") continue;
                const auto field = static_cast<std::size_t>(named - fields.fields.begin());
                aims.push_back({field == fields.fields.size() ? 0 : field, &wish});
            }
            if (!aims.empty()) target.aims.push_back(std::move(aims));
        }
        targets_.push_back(std::move(target));
    }
}

/// What the wish asks for, or nearly.
FieldValue EventMutator::granted(Random& random, const Aim& aim) {
    const FieldWish& wish = *aim.wish;
    const std::int64_t beside = static_cast<std::int64_t>(random.below(3)) - 1;
    if (wish.bytes.empty() && wish.op != "equals") {
        // Counts up or down past the constant, for those that compare.
        return static_cast<std::int64_t>(static_cast<std::uint64_t>(wish.integer) +
                                         static_cast<std::uint64_t>(beside));
    }
    Bytes text = wish.bytes;
    const Bytes more = to_bytes("x");
    const bool end = wish.op == "ends_with" || wish.op == "contains";
    const bool start = wish.op == "starts_with" || wish.op == "contains";
    if (end && random.below(2) == 0) text.insert(text.begin(), more.begin(), more.end());
    if (start && random.below(2) == 0) text.insert(text.end(), more.begin(), more.end());
    if (random.below(8) == 0) vary_word(random, text);
    return text;
}

FieldValue EventMutator::value(Random& random, const SuppliedField& field) const {
    const std::uint64_t choice = random.below(16);
    if (choice == 0) return FieldValue{};
    // Now and then not what the build says it supplies.
    const bool honest = choice != 1;
    if (field.type == "boolean" && honest) return random.below(2) == 0;
    if ((field.type == "integer") == honest) return boundary_integer(random, dictionary_.integers);
    if (choice == 2) return decimal(boundary_integer(random, dictionary_.integers));
    if (choice == 3) return Bytes(random.below(kTextMax), static_cast<std::uint8_t>('A'));
    if (choice == 4 || dictionary_.words.empty()) return random.bytes(random.below(32));
    Bytes word = dictionary_.words[random.below(dictionary_.words.size())];
    if (random.below(4) == 0) vary_word(random, word);
    return word;
}

/// All fields with something in them, and what some rules wish for on top.
EventShape EventMutator::fresh(Random& random, const Target& target) const {
    EventShape event{.contract = target.fields->contract, .values = {}};
    const bool quiet = random.below(2) == 0;
    for (const SuppliedField& field : target.fields->fields) {
        event.values.push_back(quiet ? FieldValue{} : value(random, field));
    }
    if (target.aims.empty()) return event;
    // A rule reads on when what it read so far fits: so most of one program's wishes at once.
    const auto& aims = target.aims[random.below(target.aims.size())];
    const std::size_t most = std::min<std::size_t>(aims.size(), 32);
    const std::size_t first = random.below(aims.size() - most + 1);
    for (std::size_t index = first; index < first + most; ++index) {
        if (random.below(8) != 0) event.values.at(aims[index].field) = granted(random, aims[index]);
    }
    return event;
}

void EventMutator::change(Random& random, const Target& target, EventShape& event) const {
    const std::vector<SuppliedField>& fields = target.fields->fields;
    const std::size_t at = random.below(fields.size());
    switch (random.below(8)) {
        case 0:
        case 1: event.values[at] = value(random, fields[at]); return;
        case 2: event.values[at] = event.values[random.below(fields.size())]; return;
        case 3:
            if (Bytes* text = std::get_if<Bytes>(&event.values[at])) damage(random, *text);
            return;
        case 4:
            if (Bytes* text = std::get_if<Bytes>(&event.values[at])) {
                resize_somehow(random, kTextMax, *text);
            }
            return;
        default: {
            if (target.aims.empty()) return;
            const auto& aims = target.aims[random.below(target.aims.size())];
            const Aim& aim = aims[random.below(aims.size())];
            event.values.at(aim.field) = granted(random, aim);
            return;
        }
    }
}

const EventMutator::Target& EventMutator::target_of(Random& random, const EventShape& event) const {
    const auto found = std::ranges::find_if(
        targets_, [&](const Target& target) { return target.fields->contract == event.contract; });
    return found != targets_.end() ? *found : targets_[random.below(targets_.size())];
}

bool EventMutator::takes(ByteView input) const {
    const std::optional<EventShape> event = EventShape::of(input);
    if (!event || event->fields || input.size() > bytes_max_) return false;
    return std::ranges::any_of(targets_, [&](const Target& target) {
        return target.fields->contract == event->contract &&
               event->values.size() <= target.fields->fields.size();
    });
}

Bytes EventMutator::next(Random& random, const std::vector<Bytes>& corpus) const {
    std::optional<EventShape> event;
    if (!corpus.empty() && random.below(2) == 0) {
        event = EventShape::of(corpus[random.below(corpus.size())]);
    }
    const bool again = event.has_value();
    const Target& target =
        again ? target_of(random, *event) : targets_[random.below(targets_.size())];
    if (!again) event = fresh(random, target);
    event->values.resize(target.fields->fields.size());
    for (std::uint64_t left = (again ? 1 : 0) + random.below(3); left > 0; --left) {
        change(random, target, *event);
    }
    Bytes document = event->document();
    // Too long only by long texts: the longest go first.
    for (FieldValue& value : event->values) {
        if (document.size() <= bytes_max_) break;
        if (const Bytes* text = std::get_if<Bytes>(&value); text != nullptr && text->size() > 64) {
            value = FieldValue{};
            document = event->document();
        }
    }
    return document.size() <= bytes_max_ ? document
                                         : EventShape{target.fields->contract, {}, {}}.document();
}

}  // namespace firebreak::validator
