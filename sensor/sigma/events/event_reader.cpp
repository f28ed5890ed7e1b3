#include "sensor/sigma/events/event_reader.hpp"

#include <algorithm>
#include <charconv>
#include <map>

#include "core/base/check.hpp"
#include "core/base/errc.hpp"
#include "sensor/sigma/events/event_tables.hpp"
#include "sensor/sigma/events/event_values.hpp"
#include "sensor/sigma/events/supplied_contracts.hpp"

namespace firebreak::sigma {
namespace {

/// The rows of event_tables.hpp with their names folded, once, at the first event.
struct Condition {
    std::string field;
    ConditionKind kind = ConditionKind::kIs;
    std::vector<std::string> values;
};

struct FieldSource {
    FieldType type = FieldType::kText;
    std::vector<std::string> from;
    std::span<const ValueRow> values;
};

struct Route {
    std::size_t supplied = 0;
    std::vector<Condition> when;
    std::vector<FieldSource> fields;
};

std::vector<FieldSource> own_names(const SuppliedContract& contract) {
    std::vector<FieldSource> fields;
    for (const SuppliedField& field : contract.fields) {
        fields.push_back({field.type, {folded_name(field.name)}, {}});
    }
    return fields;
}

Route route_of(const RouteRow& row) {
    Route route;
    route.supplied = row.supplied;
    for (const ConditionRow& condition : row.when) {
        Condition folded{folded_name(condition.field), condition.kind, {}};
        for (const std::string_view value : condition.values) {
            folded.values.push_back(folded_name(value));
        }
        route.when.push_back(std::move(folded));
    }
    route.fields = own_names(supplied_contracts()[row.supplied]);
    for (const SourceRow& source : row.sources) {
        FieldSource& field = route.fields[source.field];
        field.from.clear();
        for (const std::string_view from : source.from) field.from.push_back(folded_name(from));
        field.values = source.values;
    }
    return route;
}

const std::vector<Route>& routes(EventForm form) {
    static const std::map<EventForm, std::vector<Route>> kRoutes = [] {
        std::map<EventForm, std::vector<Route>> by_form;
        for (const MappingRow& mapping : mapping_rows()) {
            for (const RouteRow& row : mapping.routes) {
                by_form[mapping.form].push_back(route_of(row));
            }
        }
        return by_form;
    }();
    return kRoutes.at(form);
}

bool holds(const Condition& condition, const EventValues& values) {
    const EventValues::Value* value = values.find(condition.field);
    const auto among = [&](bool (*same)(std::string_view, std::string_view)) {
        const std::string folded = folded_name(value->text);
        return std::any_of(condition.values.begin(), condition.values.end(),
                           [&](const std::string& wanted) { return same(folded, wanted); });
    };
    const auto equal = [](std::string_view a, std::string_view b) { return a == b; };
    switch (condition.kind) {
        case ConditionKind::kIs: return value != nullptr && among(equal);
        case ConditionKind::kNot: return value == nullptr || !among(equal);
        case ConditionKind::kStarts:
            return value != nullptr &&
                   among([](std::string_view a, std::string_view b) { return a.starts_with(b); });
        case ConditionKind::kPresent: return value != nullptr;
        case ConditionKind::kMissing: return value == nullptr;
    }
    return false;
}

/// @returns false for what is not an integer, all of it.
bool read_integer(std::string_view text, std::int64_t& integer) {
    const bool hexadecimal = text.starts_with("0x") || text.starts_with("0X");
    const std::string_view digits = hexadecimal ? text.substr(2) : text;
    const char* end = digits.data() + digits.size();
    if (hexadecimal && digits.starts_with('-')) return false;
    const auto read = std::from_chars(digits.data(), end, integer, hexadecimal ? 16 : 10);
    return read.ec == std::errc() && read.ptr == end;
}

void set_field(MappedEvent& event, std::size_t index, FieldType type, const std::string& text) {
    fb_field& field = event.fields[index];
    if (type == FieldType::kInteger && read_integer(text, field.integer)) {
        field.type = FB_FIELD_INTEGER;
        return;
    }
    event.storage.push_back(std::make_unique<std::string>(text));
    const std::string& kept = *event.storage.back();
    field.integer = 0;
    field.type = FB_FIELD_TEXT;
    field.data = reinterpret_cast<const std::uint8_t*>(kept.data());
    field.length = kept.size();
}

MappedEvent mapped(std::size_t supplied, const std::vector<FieldSource>& fields,
                   const EventValues& values) {
    MappedEvent event;
    event.contract = contract_named(supplied_contracts()[supplied].contract);
    FIREBREAK_CHECK(event.contract != nullptr);
    event.fields.resize(fields.size());
    for (std::size_t i = 0; i < fields.size(); ++i) {
        for (const std::string& name : fields[i].from) {
            const EventValues::Value* value = values.find(name);
            if (value == nullptr) continue;
            const auto meaning = std::find_if(
                fields[i].values.begin(), fields[i].values.end(), [&](const ValueRow& row) {
                    return folded_name(row.is) == folded_name(value->text);
                });
            const bool renamed = meaning != fields[i].values.end();
            set_field(event, i, fields[i].type,
                      renamed ? std::string(meaning->means) : value->text);
            break;
        }
    }
    return event;
}

std::size_t supplied_index(const EventContract& contract) {
    const std::string id = contract.id();
    const auto all = supplied_contracts();
    const auto found = std::find_if(all.begin(), all.end(), [&](const SuppliedContract& supplied) {
        return supplied.contract == id;
    });
    FIREBREAK_CHECK(found != all.end());
    return static_cast<std::size_t>(found - all.begin());
}

/// {"contract": "…", "fields": {…}}.
bool names_its_contract(const json::object& event) {
    const json::value* contract = event.if_contains("contract");
    const json::value* fields = event.if_contains("fields");
    return event.size() == 2 && contract != nullptr && contract->is_string() && fields != nullptr &&
           fields->is_object();
}

[[nodiscard]] Result<std::vector<MappedEvent>> map_named(const json::object& event) {
    const std::string id(event.at("contract").as_string());
    const EventContract* contract = contract_named(id);
    if (contract == nullptr) {
        return fail(Errc::kInvalid,
                    "contract: there is none of this name; schemas/events/ has them all");
    }
    std::size_t position = 0;
    for (const auto& [name, value] : event.at("fields").as_object()) {
        ++position;
        if (contract->find(name)) continue;
        return fail(Errc::kInvalid, "fields: number " + std::to_string(position) +
                                        " is no field of " + contract->id() +
                                        "; see schemas/events/" + contract->name + ".yaml");
    }
    Result<MappedEvent> mapped = map_event_as(*contract, event.at("fields"));
    if (!mapped) return fail(mapped.error());
    std::vector<MappedEvent> events;
    events.push_back(std::move(*mapped));
    return events;
}

}  // namespace

const EventContract* contract_named(std::string_view id) {
    static const std::map<std::string, const EventContract*, std::less<>> kByName = [] {
        std::map<std::string, const EventContract*, std::less<>> by_name;
        for (const EventContract& contract : event_contracts()) {
            by_name[contract.id()] = &contract;
            const EventContract*& newest = by_name[contract.name];
            if (newest == nullptr || newest->version < contract.version) newest = &contract;
        }
        return by_name;
    }();
    const auto found = kByName.find(id);
    return found == kByName.end() ? nullptr : found->second;
}

Result<MappedEvent> map_event_as(const EventContract& contract, const json::value& event) {
    const json::object* object = event.if_object();
    if (object == nullptr) {
        return fail(Errc::kInvalid, "an event is a JSON object; put each on a line of its own");
    }
    const Result<EventValues> values = is_windows_event(*object) ? EventValues::of_windows(*object)
                                                                 : EventValues::of_json(*object);
    if (!values) return fail(values.error());
    const std::size_t supplied = supplied_index(contract);
    return mapped(supplied, own_names(supplied_contracts()[supplied]), *values);
}

Result<std::vector<MappedEvent>> map_event(const json::value& event) {
    const json::object* object = event.if_object();
    if (object == nullptr) {
        return fail(Errc::kInvalid, "an event is a JSON object; put each on a line of its own");
    }
    if (names_its_contract(*object)) return map_named(*object);
    const bool windows = is_windows_event(*object);
    const Result<EventValues> values =
        windows ? EventValues::of_windows(*object) : EventValues::of_json(*object);
    if (!values) return fail(values.error());
    std::map<std::size_t, MappedEvent>
        by_contract;  // supplied_contracts() is by id, and so is this
    for (const Route& route : routes(windows ? EventForm::kWindows : EventForm::kJson)) {
        if (by_contract.contains(route.supplied)) continue;
        const bool fits = std::all_of(route.when.begin(), route.when.end(),
                                      [&](const Condition& c) { return holds(c, *values); });
        if (fits) {
            by_contract.emplace(route.supplied, mapped(route.supplied, route.fields, *values));
        }
    }
    std::vector<MappedEvent> events;
    for (auto& [supplied, mapped_event] : by_contract) events.push_back(std::move(mapped_event));
    return events;
}

}  // namespace firebreak::sigma
