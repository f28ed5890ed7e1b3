#include "sensor/sigma/events/event_values.hpp"

#include <algorithm>
#include <boost/json/serialize.hpp>

#include "core/base/errc.hpp"

namespace firebreak::sigma {
namespace {

constexpr std::string_view kJoint = ", ";

bool has_structure(const json::array& list) {
    return std::any_of(list.begin(), list.end(), [](const json::value& element) {
        return element.is_object() || element.is_array();
    });
}

/// What log shippers call the program that wrote a line.
constexpr std::string_view kProgramNames[] = {
    "program",           "ident",        "appname",     "app_name", "app-name", "tag",
    "syslog_identifier", "process.name", "application", "service"};

}  // namespace

std::string folded_name(std::string_view name) {
    std::string folded(name);
    for (char& c : folded) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
        if (c == ' ') c = '_';
    }
    return folded;
}

bool EventValues::spend(std::size_t bytes) {
    if (too_large_) return false;
    bytes_ += bytes;
    too_large_ = bytes_ > limits_.bytes_max || values_.size() > limits_.values_max;
    return !too_large_;
}

void EventValues::put(std::string_view name, std::string text, bool integer) {
    if (!spend(name.size() + text.size())) return;
    const auto [place, fresh] = values_.try_emplace(folded_name(name));
    if (fresh) {
        place->second = {std::move(text), integer};
        return;
    }
    place->second.text.append(kJoint).append(text);
    place->second.integer = false;
}

void EventValues::add(std::string_view name, const json::value& value) {
    if (value.is_null()) return;
    std::string text = value.is_string() ? std::string(value.as_string()) : json::serialize(value);
    const bool integer = value.is_int64() || value.is_uint64();
    if (!name.starts_with('$') && !value.is_structured() && spend(text.size() + 1)) {
        std::string& all = values_["$values"].text;
        if (!all.empty()) all += '\n';
        all += text;
    }
    put(name, std::move(text), integer);
}

void EventValues::add_text(std::string_view name, std::string text) {
    put(name, std::move(text), false);
}

void EventValues::add_data(std::string_view text) {
    if (!spend(text.size() + 1)) return;
    std::string& data = values_["$data"].text;
    if (!data.empty()) data += '\n';
    data += text;
}

void EventValues::add_tree(std::string_view name, const json::value& value, std::size_t depth) {
    if (depth > limits_.depth_max) too_large_ = true;
    if (too_large_) return;
    if (const json::object* object = value.if_object()) {
        if (!name.empty()) add(name, value);
        const std::string prefix = name.empty() ? std::string() : std::string(name) + ".";
        for (const auto& [key, member] : *object) {
            add_tree(prefix + std::string(key), member, depth + 1);
        }
    } else if (const json::array* list = value.if_array()) {
        if (has_structure(*list)) put(name, json::serialize(value), false);
        for (const json::value& element : *list) {
            if (!element.is_object()) {
                add_tree(name, element, depth + 1);
                continue;
            }
            for (const auto& [key, member] : element.as_object()) {
                add_tree(std::string(name) + "." + std::string(key), member, depth + 1);
            }
        }
    } else {
        add(name, value);
    }
}

const EventValues::Value* EventValues::find(const std::string& name) const {
    const auto found = values_.find(name);
    return found == values_.end() ? nullptr : &found->second;
}

Result<EventValues> EventValues::of_json(const json::object& event, const EventLimits& limits) {
    EventValues values(limits);
    // The audit system's enriched records have both: "syscall": 59, "SYSCALL": "execve".
    const json::value* syscall = event.if_contains("SYSCALL");
    const bool enriched = syscall != nullptr && syscall->is_string();
    if (enriched) values.add_text("$syscall_name", std::string(syscall->as_string()));
    for (const auto& [name, member] : event) values.add_tree(name, member, 1);
    for (const std::string_view name : kProgramNames) {
        if (const Value* program = values.find(std::string(name))) {
            values.add_text("$program", program->text);
            break;
        }
    }
    if (values.too_large()) return fail(Errc::kTooLarge, "more or deeper than an event may be");
    return values;
}

}  // namespace firebreak::sigma
