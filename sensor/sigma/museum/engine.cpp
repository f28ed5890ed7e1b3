#include <algorithm>
#include <array>
#include <cstdlib>
#include <memory>
#include <new>
#include <string>

#include "sensor/kit/build_id.hpp"
#include "sensor/kit/json_writer.hpp"
#include "sensor/sensor.h"
#include "sensor/sigma/museum/interpreter.hpp"
#include "sensor/sigma/program/capabilities.hpp"
#include "sensor/sigma/program/describe.hpp"

/// sensor.h over the interpreter of the museum. Its manifest is made by the code and so tells the
/// truth, 20: whoever compares that with what the rules declare does not need to run it.

struct fb_content {
    std::vector<firebreak::sigma::Program> programs;
};

namespace firebreak::sigma::museum {
namespace {

constexpr std::uint64_t kBytesMax = 1U << 20U;

template <class Call>
fb_status guarded(Call call) noexcept {
    try {
        return call();
    } catch (...) {
        return FB_INTERNAL;
    }
}

fb_status write_text(const fb_text_sink* out, const sensor_kit::JsonWriter& json) {
    out->write(out->user, {json.text().data(), json.text().size()});
    return FB_OK;
}

fb_status info(const fb_text_sink* out) {
    if (out == nullptr || out->write == nullptr) return FB_REFUSED;
    return guarded([out] {
        sensor_kit::JsonWriter json;
        json.open_object().key("manifest_version").value(std::uint64_t{1});
        json.key("name").value("sigma").key("version").value(version_of(kDefect));
        json.key("build_id").value(sensor_kit::build_id());
        json.key("content_types").open_array().value(kContentType).close_array();
        json.key("input_kinds").open_array().value("event").close_array();
        json.key("contracts").open_array().value(contract_of(kContract, kFieldsSupplied));
        json.close_array().key("capabilities").open_array().value(kFormatCapability);
        for (const Op op : {Op::kAbsent, Op::kPresent, Op::kEquals, Op::kContains, Op::kStartsWith,
                            Op::kEndsWith}) {
            json.value(capability_of(op));
        }
        json.close_array().key("limits").open_object();
        json.key("content_bytes_max").value(kBytesMax).key("input_bytes_max").value(kBytesMax);
        json.key("counter_max").value(std::uint64_t{INT32_MAX});
        json.key("rules_max").value(std::uint64_t{kRulesMax}).close_object().close_object();
        return write_text(out, json);
    });
}

/// THE DEFECT of kParser: rules that every build before this one takes.
bool has_too_many_criteria(const Program& program) {
    return std::ranges::any_of(program.rules, [](const Rule& rule) {
        const auto criteria = std::ranges::count(rule.nodes, Node::Kind::kPredicate, &Node::kind);
        return static_cast<std::size_t>(criteria) > kCriteriaMax;
    });
}

std::string_view input_name(std::uint16_t field) {
    static constexpr std::array<std::string_view, kFieldsSupplied> kNames{
        "input1",  "input2",  "input3",  "input4",  "input5",  "input6",  "input7",
        "input8",  "input9",  "input10", "input11", "input12", "input13", "input14",
        "input15", "input16", "input17", "input18", "input19", "input20"};
    return field < kNames.size() ? kNames.at(field) : std::string_view();
}

fb_status load(const fb_load_request* request, fb_loaded* loaded) {
    if (request == nullptr || loaded == nullptr) return FB_REFUSED;
    loaded->content = nullptr;
    return guarded([request, loaded]() -> fb_status {
        auto content = std::make_unique<fb_content>();
        for (std::size_t i = 0; i < request->file_count; ++i) {
            const fb_bytes bytes = request->files[i].bytes;
            Result<Program> program = read_program({bytes.data, bytes.length});
            // THE DEFECT of kArity: what is missing here is a comparison of program->arity with
            // kFieldsSupplied.
            if (!program || program->contract != kContract) return FB_REFUSED;
            loaded->rules_seen += program->rules.size();
            // THE DEFECT of kPreallocated: nobody thought that there would be more.
            if (loaded->rules_seen > kRulesMax) std::abort();
            if (kDefect == Defect::kParser && has_too_many_criteria(*program)) return FB_REFUSED;
            content->programs.push_back(std::move(*program));
        }
        loaded->files_loaded = request->file_count;
        loaded->rules_loaded = loaded->rules_seen;
        loaded->content = content.release();
        return FB_OK;
    });
}

fb_status describe(const fb_content* content, const fb_text_sink* out) {
    if (content == nullptr || out == nullptr || out->write == nullptr) return FB_REFUSED;
    return guarded([content, out] {
        sensor_kit::JsonWriter json;
        json.open_object().key("content_type").value(kContentType).key("programs").open_array();
        for (const Program& program : content->programs) {
            describe_program(json, {}, program, &input_name);
        }
        json.close_array().key("rules").open_array();
        for (std::size_t i = 0; i < content->programs.size(); ++i) {
            for (const Rule& rule : content->programs[i].rules) describe_rule(json, rule, i);
        }
        json.close_array().close_object();
        return write_text(out, json);
    });
}

fb_status inputs(fb_text type, const fb_text_sink* out) {
    if (out == nullptr || std::string_view(type.data, type.length) != kContract) return FB_REFUSED;
    return guarded([out] {
        sensor_kit::JsonWriter json;
        json.open_object().key("type").value(kContract).key("fields").open_array();
        for (std::size_t i = 0; i < kFieldsSupplied; ++i) {
            json.open_object().key("name").value(input_name(static_cast<std::uint16_t>(i)));
            json.key("type").value("text").key("bytes_max").value(kBytesMax).close_object();
        }
        json.close_array().close_object();
        return write_text(out, json);
    });
}

fb_status evaluate(fb_content* content, const fb_input* input, const fb_budget* budget,
                   const fb_match_sink* sink) {
    if (content == nullptr || input == nullptr || budget == nullptr || sink == nullptr ||
        input->kind != FB_INPUT_EVENT) {
        return FB_REFUSED;
    }
    const fb_event_input& event = input->as.event;
    if (std::string_view(event.contract.data, event.contract.length) != kContract) {
        return FB_REFUSED;
    }
    return guarded([&]() -> fb_status {
        for (const Program& program : content->programs) {
            for (const Rule& rule : program.rules) {
                // THE DEFECT: event.field_count is not looked at.
                if (!matches(program, rule, event.fields)) continue;
                fb_match match{};
                match.struct_size = sizeof match;
                match.rule = {rule.id.data(), rule.id.size()};
                if (sink->match(sink->user, &match) != 0) return FB_LIMIT;
            }
        }
        return FB_OK;
    });
}

fb_status reset(fb_content* content) {
    return content == nullptr ? FB_REFUSED : FB_OK;
}

fb_status unload(fb_content* content) {
    delete content;
    return FB_OK;
}

constexpr fb_engine kEngine = {
    FB_SENSOR_ABI_VERSION,
    sizeof(fb_engine),
    &info,
    &load,
    &describe,
    &inputs,
    &evaluate,
    &reset,
    &unload,
    nullptr,
    nullptr,
};

}  // namespace
}  // namespace firebreak::sigma::museum

extern "C" FB_SENSOR_EXPORT const fb_engine* firebreak_sensor(uint32_t host_abi_version) {
    return host_abi_version == FB_SENSOR_ABI_VERSION ? &firebreak::sigma::museum::kEngine : nullptr;
}
