#include <new>

#include "sensor/kit/build_id.hpp"
#include "sensor/kit/json_writer.hpp"
#include "sensor/sensor.h"
#include "sensor/sigma/program/capabilities.hpp"
#include "sensor/sigma/run/content.hpp"

/// The sigma engine: sensor.h over the interpreter. This file is the border: it checks what the
/// host passes, and lets no exception out.

struct fb_content {
    std::unique_ptr<firebreak::sigma::Content> rules;
};

namespace firebreak::sigma {
namespace {

constexpr const char* kVersion = "7.12";

bool proper(const fb_text& text) {
    return text.data != nullptr || text.length == 0;
}
bool proper(const fb_bytes& bytes) {
    return bytes.data != nullptr || bytes.length == 0;
}
bool proper(const fb_text_sink* sink) {
    return sink != nullptr && sink->struct_size >= sizeof(fb_text_sink) && sink->write != nullptr;
}
bool proper(const fb_load_request* request) {
    if (request == nullptr || request->struct_size < sizeof(fb_load_request)) return false;
    if (request->files == nullptr || request->file_count == 0) return false;
    for (std::size_t i = 0; i < request->file_count; ++i) {
        if (!proper(request->files[i].name) || !proper(request->files[i].bytes)) return false;
    }
    const fb_diagnostic_sink* sink = request->diagnostics;
    return sink == nullptr ||
           (sink->struct_size >= sizeof(fb_diagnostic_sink) && sink->report != nullptr);
}
bool proper(const fb_input* input) {
    if (input == nullptr || input->struct_size < sizeof(fb_input)) return false;
    if (input->kind != FB_INPUT_EVENT || !proper(input->as.event.contract)) return false;
    return input->as.event.fields != nullptr || input->as.event.field_count == 0;
}

/// Runs `call`; what it throws (memory, in practice) is a status, not an exception.
template <class Call>
fb_status guarded(Call call) noexcept {
    try {
        return call();
    } catch (const std::bad_alloc&) {
        return FB_LIMIT;
    } catch (...) {
        return FB_INTERNAL;
    }
}

fb_status write_text(const fb_text_sink& out, const std::string& text) {
    out.write(out.user, {text.data(), text.size()});
    return FB_OK;
}

std::string manifest() {
    sensor_kit::JsonWriter out;
    out.open_object();
    out.key("manifest_version").value(std::uint64_t{1});
    out.key("name").value("sigma");
    out.key("version").value(kVersion);
    out.key("build_id").value(sensor_kit::build_id());
    out.key("content_types").open_array().value(kContentType).close_array();
    out.key("input_kinds").open_array().value("event").close_array();
    out.key("contracts").open_array();
    for (const SuppliedContract& contract : supplied_contracts()) {
        out.value(contract_of(contract.contract, contract.fields.size()));
    }
    out.close_array();
    out.key("capabilities").open_array().value(kFormatCapability);
    for (const Op op : implemented_ops()) out.value(capability_of(op));
    out.close_array();
    out.key("limits").open_object();
    out.key("content_bytes_max").value(kContentBytesMax);
    out.key("input_bytes_max").value(kInputBytesMax);
    out.key("rules_max").value(kRulesMax);
    out.close_object();
    out.key("accounts_memory").value(true);
    out.key("takes_allocator").value(false);
    out.key("deterministic").value(true);
    return out.close_object().text();
}

fb_status info(const fb_text_sink* out) {
    if (!proper(out)) return FB_REFUSED;
    return guarded([out] { return write_text(*out, manifest()); });
}

fb_status load_content(const fb_load_request& request, fb_loaded& loaded) {
    auto content = std::make_unique<fb_content>();
    fb_status status = FB_INTERNAL;
    content->rules = Content::load(request, status);
    if (status != FB_OK) return status;
    loaded.files_loaded = request.file_count;
    loaded.rules_seen = content->rules->rules_seen();
    loaded.rules_loaded = content->rules->rule_count();
    loaded.content = content.release();
    return FB_OK;
}

fb_status load(const fb_load_request* request, fb_loaded* loaded) {
    if (loaded == nullptr || loaded->struct_size < sizeof(fb_loaded)) return FB_REFUSED;
    loaded->content = nullptr;
    if (!proper(request)) return FB_REFUSED;
    return guarded([request, loaded] { return load_content(*request, *loaded); });
}

fb_status describe(const fb_content* content, const fb_text_sink* out) {
    if (content == nullptr || !proper(out)) return FB_REFUSED;
    return guarded([content, out] { return write_text(*out, content->rules->describe()); });
}

fb_status inputs(fb_text type, const fb_text_sink* out) {
    if (!proper(type) || !proper(out)) return FB_REFUSED;
    return guarded([type, out]() -> fb_status {
        const SuppliedContract* contract = supplied({type.data, type.length});
        if (contract == nullptr) return FB_REFUSED;
        sensor_kit::JsonWriter json;
        json.open_object().key("type").value(contract->contract).key("fields").open_array();
        for (const SuppliedField& field : contract->fields) {
            json.open_object().key("name").value(field.name);
            const bool integer = field.type == FieldType::kInteger;
            json.key("type").value(integer ? "integer" : "text");
            if (!integer) json.key("bytes_max").value(kInputBytesMax);
            json.close_object();
        }
        json.close_array().close_object();
        return write_text(*out, json.text());
    });
}

fb_status evaluate(fb_content* content, const fb_input* input, const fb_budget* budget,
                   const fb_match_sink* matches) {
    if (content == nullptr || !proper(input)) return FB_REFUSED;
    if (budget == nullptr || budget->struct_size < sizeof(fb_budget) || matches == nullptr ||
        matches->struct_size < sizeof(fb_match_sink) || matches->match == nullptr) {
        return FB_REFUSED;
    }
    return guarded([content, input, budget, matches] {
        return content->rules->evaluate(input->as.event, *budget, *matches);
    });
}

/// Nothing is kept from one event for the next but what the next overwrites.
fb_status reset(fb_content* content) {
    return content == nullptr ? FB_REFUSED : FB_OK;
}

fb_status coverage(fb_content* content, const fb_text_sink* out) {
    if (content == nullptr || (out != nullptr && !proper(out))) return FB_REFUSED;
    return guarded([content, out]() -> fb_status {
        if (out == nullptr) {
            content->rules->start_coverage();
            return FB_OK;
        }
        const std::optional<std::string> text = content->rules->coverage();
        return text ? write_text(*out, *text) : FB_REFUSED;
    });
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
    &coverage,
};

}  // namespace
}  // namespace firebreak::sigma

extern "C" FB_SENSOR_EXPORT const fb_engine* firebreak_sensor(uint32_t host_abi_version) {
    return host_abi_version == FB_SENSOR_ABI_VERSION ? &firebreak::sigma::kEngine : nullptr;
}
