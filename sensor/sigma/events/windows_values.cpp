// The forms in which events of Windows arrive; docs/events.md lists them.
#include <algorithm>
#include <array>
#include <boost/json/serialize.hpp>

#include "core/base/errc.hpp"
#include "sensor/sigma/events/event_values.hpp"

namespace firebreak::sigma {
namespace {

using Member = std::pair<std::string_view, std::string_view>;

/// A member, without regard to case.
const json::value* member(const json::object& object, std::string_view name) {
    const auto exact = object.find(name);
    if (exact != object.end()) return &exact->value();
    const std::string folded = folded_name(name);
    for (const auto& [key, value] : object) {
        if (key.size() == name.size() && folded_name(key) == folded) return &value;
    }
    return nullptr;
}

const json::object* object_at(const json::object& object, std::string_view name) {
    const json::value* value = member(object, name);
    return value == nullptr ? nullptr : value->if_object();
}

/// An XML attribute, as converters write it: in "#attributes", or with a @, or bare.
const json::value* attribute(const json::object& element, std::string_view name) {
    if (const json::object* attributes = object_at(element, "#attributes")) {
        if (const json::value* value = member(*attributes, name)) return value;
    }
    if (const json::value* value = member(element, "@" + std::string(name))) return value;
    return member(element, name);
}

/// The text of an XML element: the value itself, or its "#text".
const json::value* element_text(const json::value& element) {
    const json::object* object = element.if_object();
    if (object == nullptr) return &element;
    for (const std::string_view name : {"#text", "_", "content", "value", "text"}) {
        if (const json::value* text = member(*object, name)) return text;
    }
    return nullptr;
}

/// Event, System and what else: the members of System that are attributes of an element.
struct SystemAttribute {
    std::string_view element;
    std::string_view attribute;
    std::string_view name;
};
constexpr std::array<SystemAttribute, 6> kSystemAttributes = {{
    {"Provider", "Name", "Provider_Name"},
    {"Provider", "Guid", "Provider_Guid"},
    {"TimeCreated", "SystemTime", "TimeCreated"},
    {"Execution", "ProcessID", "Execution_ProcessID"},
    {"Execution", "ThreadID", "Execution_ThreadID"},
    {"Security", "UserID", "Security_UserID"},
}};
constexpr std::array<std::string_view, 9> kSystemTexts = {"EventID", "Channel",  "Computer",
                                                          "Level",   "Task",     "Opcode",
                                                          "Version", "Keywords", "EventRecordID"};

void add_system(EventValues& values, const json::object& system) {
    for (const std::string_view name : kSystemTexts) {
        const json::value* value = member(system, name);
        const json::value* text = value == nullptr ? nullptr : element_text(*value);
        if (text != nullptr && !text->is_structured()) values.add(name, *text);
    }
    for (const SystemAttribute& wanted : kSystemAttributes) {
        const json::value* value = member(system, wanted.element);
        if (value == nullptr) continue;
        const json::object* element = value->if_object();
        if (element == nullptr) {
            if (wanted.attribute == "Name" || wanted.attribute == "SystemTime") {
                values.add(wanted.name, *value);
            }
            continue;
        }
        const json::value* text = attribute(*element, wanted.attribute);
        if (text != nullptr && !text->is_structured()) values.add(wanted.name, *text);
    }
}

/// EventData and UserData may use a name of System's for something else: event 104 says in Channel
/// which log was cleared. Such a value is "$data.Channel".
void add_data_value(EventValues& values, std::string_view name, const json::value& value) {
    const bool taken =
        values.find(folded_name(name)) != nullptr &&
        std::any_of(kSystemTexts.begin(), kSystemTexts.end(), [&](std::string_view system) {
            return folded_name(system) == folded_name(name);
        });
    values.add_tree(taken ? "$data." + std::string(name) : std::string(name), value, 1);
    if (value.is_string()) {
        values.add_data(value.as_string());
    } else if (!value.is_structured() && !value.is_null()) {
        values.add_data(json::serialize(value));
    }
}

/// One element of a list of Data: named, or a text.
void add_data_element(EventValues& values, const json::value& element) {
    const json::object* object = element.if_object();
    if (object == nullptr) {
        add_data_value(values, "Data", element);
        return;
    }
    const json::value* name = attribute(*object, "Name");
    const json::value* text = element_text(element);
    if (text == nullptr) return;
    if (const json::array* list = text->if_array()) {
        for (const json::value& one : *list) {
            if (!one.is_structured()) add_data_value(values, "Data", one);
        }
        return;
    }
    const bool named = name != nullptr && name->is_string();
    add_data_value(values, named ? std::string_view(name->as_string()) : "Data", *text);
}

void add_data_list(EventValues& values, const json::value& data) {
    if (const json::array* list = data.if_array()) {
        for (const json::value& element : *list) add_data_element(values, element);
    } else {
        add_data_element(values, data);
    }
}

/// UserData: one element of the provider's own, whose parts, and their attributes, have the names.
void add_user_data(EventValues& values, const json::object& data, std::size_t depth) {
    if (depth > EventLimits{}.depth_max) return;
    for (const auto& [name, value] : data) {
        const json::object* element = value.if_object();
        if (name == "xmlns" || name == "@xmlns") continue;
        if (element == nullptr) {
            const std::string_view key = name;
            add_data_value(values, key.starts_with('@') ? key.substr(1) : key, value);
        } else if (const json::value* text = member(*element, "#text")) {
            add_data_value(values, name, *text);
        } else {
            add_user_data(values, *element, depth + 1);
        }
    }
}

void add_event_data(EventValues& values, const json::value& data) {
    const json::object* object = data.if_object();
    if (object == nullptr) {
        if (data.is_array()) add_data_list(values, data);
        return;
    }
    for (const auto& [name, value] : *object) {
        if (name == "#attributes") continue;
        if (name == "Data" && value.is_structured()) {
            add_data_list(values, value);
        } else if (const json::value* text = element_text(value);
                   value.is_object() && text != nullptr) {
            add_data_value(values, name, *text);
        } else {
            add_data_value(values, name, value);
        }
    }
}

/// Event.System, Event.EventData and Event.UserData, as converters of EVTX write them.
void add_xml_form(EventValues& values, const json::object& event) {
    if (const json::object* system = object_at(event, "System")) add_system(values, *system);
    if (const json::value* data = member(event, "EventData")) add_event_data(values, *data);
    if (const json::object* data = object_at(event, "UserData")) add_user_data(values, *data, 1);
    if (const json::object* rendered = object_at(event, "RenderingInfo")) {
        if (const json::value* message = member(*rendered, "Message")) {
            values.add("Message", *message);
        }
    }
}

constexpr std::array<Member, 10> kWinlogNames = {{{"event_id", "EventID"},
                                                  {"channel", "Channel"},
                                                  {"computer_name", "Computer"},
                                                  {"provider_name", "Provider_Name"},
                                                  {"record_id", "EventRecordID"},
                                                  {"task", "Task"},
                                                  {"opcode", "Opcode"},
                                                  {"version", "Version"},
                                                  {"keywords", "Keywords"},
                                                  {"time_created", "TimeCreated"}}};

/// Winlogbeat and the agents that took its names: everything in `winlog`.
void add_winlog_form(EventValues& values, const json::object& event, const json::object& winlog) {
    for (const auto& [theirs, ours] : kWinlogNames) {
        if (const json::value* value = member(winlog, theirs)) values.add_tree(ours, *value, 1);
    }
    if (const json::value* data = member(winlog, "event_data")) add_event_data(values, *data);
    if (const json::object* data = object_at(winlog, "user_data")) {
        add_user_data(values, *data, 1);
    }
    if (const json::value* message = member(event, "message")) values.add("Message", *message);
}

constexpr std::array<Member, 8> kFlatNames = {{{"SourceName", "Provider_Name"},
                                               {"ProviderName", "Provider_Name"},
                                               {"Provider", "Provider_Name"},
                                               {"Hostname", "Computer"},
                                               {"event_id", "EventID"},
                                               {"RecordNumber", "EventRecordID"},
                                               {"TaskValue", "Task"},
                                               {"OpcodeValue", "Opcode"}}};

/// NXLog and other shippers that put System and EventData side by side.
void add_flat_form(EventValues& values, const json::object& event) {
    for (const auto& [theirs, ours] : kFlatNames) {
        const json::value* value = member(event, theirs);
        if (value == nullptr || value->is_structured()) continue;
        if (values.find(folded_name(ours)) == nullptr && member(event, ours) == nullptr) {
            values.add_text(ours, value->is_string() ? std::string(value->as_string())
                                                     : json::serialize(*value));
        }
    }
    for (const auto& [name, value] : event) {
        const std::string folded = folded_name(name);
        if (folded == "eventdata") {
            add_event_data(values, value);
        } else if (folded == "userdata" && value.is_object()) {
            add_user_data(values, value.as_object(), 1);
        } else if (folded != "event_id") {
            add_data_value(values, name, value);
        }
    }
}

std::string_view trim(std::string_view text) {
    const std::size_t first = text.find_first_not_of(" \t\r\n");
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

/// "MD5=…,SHA256=…,IMPHASH=…".
void add_hashes(EventValues& values) {
    for (const char* name : {"hashes", "hash"}) {
        const EventValues::Value* found = values.find(name);
        if (found == nullptr) continue;
        const std::string hashes = found->text;
        for (std::size_t at = 0; at < hashes.size();) {
            const std::size_t end = std::min(hashes.find(',', at), hashes.size());
            const std::string_view one = std::string_view(hashes).substr(at, end - at);
            const std::size_t equals = one.find('=');
            const std::string key(trim(one.substr(0, std::min(equals, one.size()))));
            if (equals != std::string_view::npos && !key.empty() &&
                values.find(folded_name(key)) == nullptr) {
                values.add_text(key, std::string(trim(one.substr(equals + 1))));
            }
            at = end + 1;
        }
    }
}

/// The lines "Host Application = powershell.exe -c …" in the texts of PowerShell's own events.
void add_powershell_lines(EventValues& values) {
    for (const char* name : {"contextinfo", "$data"}) {
        const EventValues::Value* found = values.find(name);
        if (found == nullptr) continue;
        const std::string text = found->text;
        for (std::size_t at = 0; at < text.size();) {
            const std::size_t end = std::min(text.find('\n', at), text.size());
            const std::string_view line = std::string_view(text).substr(at, end - at);
            const std::size_t equals = line.find('=');
            at = end + 1;
            if (equals == std::string_view::npos) continue;
            std::string key(trim(line.substr(0, equals)));
            std::erase(key, ' ');
            if (key.empty() || key.size() > 32 || values.find(folded_name(key))) continue;
            values.add_text(key, std::string(trim(line.substr(equals + 1))));
        }
    }
}

/// "\REGISTRY\MACHINE\…" and a value's name, as Sysmon writes them: "HKLM\…\name".
void add_registry_value(EventValues& values) {
    const EventValues::Value* key = values.find("objectname");
    const EventValues::Value* name = values.find("objectvaluename");
    if (key == nullptr || name == nullptr) return;
    constexpr std::array<Member, 2> kHives = {
        {{"\\registry\\machine", "HKLM"}, {"\\registry\\user", "HKU"}}};
    std::string path = key->text;
    for (const auto& [theirs, ours] : kHives) {
        if (folded_name(path).starts_with(theirs)) path.replace(0, theirs.size(), ours);
    }
    values.add_text("$registry_value", path + "\\" + name->text);
}

/// The object in which the event is: an export of a search engine wraps it.
const json::object& unwrapped(const json::object& event) {
    const json::object* source = object_at(event, "_source");
    return source == nullptr ? event : *source;
}

}  // namespace

bool is_windows_event(const json::object& event) {
    const json::object& inner = unwrapped(event);
    if (const json::object* xml = object_at(inner, "Event")) {
        if (object_at(*xml, "System") != nullptr) return true;
    }
    if (const json::object* system = object_at(inner, "System")) {
        return member(*system, "EventID") != nullptr;
    }
    if (object_at(inner, "winlog") != nullptr) return true;
    const bool id = member(inner, "EventID") != nullptr || member(inner, "event_id") != nullptr;
    for (const std::string_view name : {"Channel", "Provider_Name", "SourceName"}) {
        if (id && member(inner, name) != nullptr) return true;
    }
    return false;
}

Result<EventValues> EventValues::of_windows(const json::object& event, const EventLimits& limits) {
    EventValues values(limits);
    const json::object& inner = unwrapped(event);
    const json::object* xml = object_at(inner, "Event");
    if (xml != nullptr && object_at(*xml, "System") != nullptr) {
        add_xml_form(values, *xml);
    } else if (object_at(inner, "System") != nullptr) {
        add_xml_form(values, inner);
    } else if (const json::object* winlog = object_at(inner, "winlog")) {
        add_winlog_form(values, inner, *winlog);
    } else {
        add_flat_form(values, inner);
    }
    const Value* channel = values.find("channel");
    if (values.find("provider_name") == nullptr && channel != nullptr) {
        const std::string name = channel->text.substr(0, channel->text.find('/'));
        values.add_text("Provider_Name", name);
    }
    add_hashes(values);
    if (channel != nullptr && folded_name(channel->text).find("powershell") != std::string::npos) {
        add_powershell_lines(values);
    }
    add_registry_value(values);
    if (values.too_large()) return fail(Errc::kTooLarge, "more or deeper than an event may be");
    return values;
}

}  // namespace firebreak::sigma
