#include "sensor/sigma/program/describe.hpp"

#include "sensor/sigma/program/capabilities.hpp"
#include "sensor/sigma/run/content.hpp"

namespace firebreak::sigma {
namespace {

using sensor_kit::JsonWriter;

void write_reading(JsonWriter& out, const Reading& reading) {
    out.open_object();
    if (reading.field != kAnyField) out.key("position").value(std::uint64_t{reading.field});
    out.key("op").value(name_of(reading.op));
    out.key("met").value(reading.met).key("missed").value(reading.missed).close_object();
}

}  // namespace

std::string Content::describe() const {
    JsonWriter out;
    out.open_object();
    out.key("content_type").value(kContentType);
    out.key("modules").open_array().close_array();
    out.key("programs").open_array();
    for (const LoadedFile& file : files_) {
        const auto name_of_field = [&file](std::uint16_t field) {
            return field < file.contract->fields.size() ? file.contract->fields[field].name
                                                        : std::string_view();
        };
        describe_program(out, file.name, file.rules.program(), name_of_field);
    }
    out.close_array();
    out.key("rules").open_array();
    for (std::size_t i = 0; i < files_.size(); ++i) {
        for (const Rule& rule : files_[i].rules.program().rules) describe_rule(out, rule, i);
    }
    out.close_array().close_object();
    return out.text();
}

void Content::start_coverage() {
    for (LoadedFile& file : files_) file.rules.measure();
}

std::optional<std::string> Content::coverage() const {
    JsonWriter out;
    out.open_object().key("rules").open_array();
    for (const LoadedFile& file : files_) {
        if (!file.rules.measuring()) return std::nullopt;
        const std::vector<Rule>& rules = file.rules.program().rules;
        for (std::size_t i = 0; i < rules.size(); ++i) {
            const std::vector<Reading> readings = file.rules.readings(i);
            if (readings.empty()) continue;
            out.open_object().key("name").value(rules[i].id).key("reads").open_array();
            for (const Reading& reading : readings) write_reading(out, reading);
            out.close_array().close_object();
        }
    }
    out.close_array().close_object();
    return out.text();
}

}  // namespace firebreak::sigma
