#include "validator/abi/bench.hpp"

#include <algorithm>
#include <charconv>
#include <limits>

namespace firebreak::validator {
namespace {

fb_text text_view(std::string_view text) {
    return {.data = text.data(), .length = text.size()};
}

/// Takes texts, and counts them: one is right.
struct TextCount {
    std::optional<std::string> text;
    int count = 0;

    fb_text_sink sink() {
        return {.struct_size = sizeof(fb_text_sink), .reserved = 0, .user = this, .write = &write};
    }
    static void write(void* user, fb_text text) {
        auto& self = *static_cast<TextCount*>(user);
        ++self.count;
        self.text = std::string(text.data, text.length);
    }
    std::optional<std::string> one(fb_status status) const {
        return status == FB_OK && count == 1 ? text : std::nullopt;
    }
};

struct MatchLog {
    RawEvaluation* out;
    std::size_t stop_after;

    static std::int32_t match(void* user, const fb_match* match) {
        auto& self = *static_cast<MatchLog*>(user);
        const std::size_t had = self.out->matches.size();
        if (self.stop_after != 0 && had >= self.stop_after) self.out->went_on = true;
        if (had < 20'000) {
            self.out->matches.push_back(std::string(match->rule.data, match->rule.length) + "\t" +
                                        std::string(match->detail.data, match->detail.length));
        }
        return self.stop_after != 0 && had + 1 >= self.stop_after ? 1 : 0;
    }
};

void count_errors(void* user, const fb_diagnostic* diagnostic) {
    if (diagnostic->severity != FB_SEVERITY_WARNING) ++*static_cast<std::size_t*>(user);
}

fb_status status_or_gone(const Result<fb_status>& status) {
    return status ? *status : FB_INTERNAL;
}

/// Noise without a generator's library: the same everywhere (xorshift, Marsaglia 2003).
Bytes noise(std::size_t length) {
    Bytes bytes(length);
    std::uint64_t state = 0x9E3779B97F4A7C15U;
    for (std::uint8_t& byte : bytes) {
        state ^= state << 13U;
        state ^= state >> 7U;
        state ^= state << 17U;
        byte = static_cast<std::uint8_t>(state >> 32U);
    }
    return bytes;
}

fb_input input_of(const EventInput& event) {
    fb_input input{};
    input.struct_size = sizeof input;
    input.kind = FB_INPUT_EVENT;
    input.as.event = {.contract = text_view(event.contract),
                      .fields = event.fields.data(),
                      .field_count = event.fields.size()};
    return input;
}

}  // namespace

fb_input file_input(std::string_view name, ByteView bytes) {
    fb_input input{};
    input.struct_size = sizeof input;
    input.kind = FB_INPUT_FILE;
    input.as.file = {.name = text_view(name),
                     .bytes = {.data = bytes.data(), .length = bytes.size()}};
    return input;
}

fb_input OwnedEvent::input() const {
    fb_input input{};
    input.struct_size = sizeof input;
    input.kind = FB_INPUT_EVENT;
    input.as.event = {
        .contract = text_view(contract), .fields = fields.data(), .field_count = fields.size()};
    return input;
}

std::string status_text(fb_status status) {
    switch (status) {
        case FB_OK: return "FB_OK";
        case FB_REFUSED: return "FB_REFUSED";
        case FB_LIMIT: return "FB_LIMIT";
        case FB_TIMEOUT: return "FB_TIMEOUT";
        case FB_INTERNAL: return "FB_INTERNAL";
        default: return "status " + std::to_string(status);
    }
}

bool CheckBench::promises(std::string_view member) const {
    const json::value* value = manifest().raw.as_object().if_contains(member);
    return value != nullptr && value->is_bool() && value->get_bool();
}

bool CheckBench::takes(std::string_view kind) const {
    const json::value* kinds = manifest().raw.as_object().if_contains("input_kinds");
    if (kinds == nullptr || !kinds->is_array()) {
        return kind == (manifest().contracts.empty() ? "file" : "event");
    }
    return std::ranges::any_of(kinds->get_array(), [kind](const json::value& value) {
        return value.is_string() && value.get_string() == kind;
    });
}

std::optional<std::string> CheckBench::text_of_info() {
    TextCount text;
    return text.one(status_or_gone(calls().info(text.sink())));
}

std::optional<std::string> CheckBench::text_of_description(const fb_content* content) {
    TextCount text;
    return text.one(status_or_gone(calls().describe(content, text.sink())));
}

std::optional<std::string> CheckBench::text_of_inputs(std::string_view type, fb_status& status) {
    TextCount text;
    status = status_or_gone(calls().inputs(text_view(type), text.sink()));
    if (status != FB_OK && text.count != 0) status = FB_INTERNAL;
    return text.one(status);
}

std::optional<std::string> CheckBench::text_of_coverage(fb_content* content, fb_status& status) {
    TextCount text;
    const fb_text_sink sink = text.sink();
    status = status_or_gone(calls().coverage(content, &sink));
    if (status != FB_OK && text.count != 0) status = FB_INTERNAL;
    return text.one(status);
}

RawLoad CheckBench::load(const std::vector<sensor::SourceFile>& files, std::uint64_t rules_max,
                         std::uint64_t memory_bytes_max) {
    std::vector<fb_file> views;
    for (const sensor::SourceFile& file : files) {
        views.push_back({.name = text_view(file.name),
                         .bytes = {.data = file.bytes.data(), .length = file.bytes.size()}});
    }
    RawLoad raw;
    const fb_diagnostic_sink sink{.struct_size = sizeof(fb_diagnostic_sink),
                                  .reserved = 0,
                                  .user = &raw.errors,
                                  .report = &count_errors};
    const fb_load_request request{.struct_size = sizeof request,
                                  .reserved = 0,
                                  .files = views.data(),
                                  .file_count = views.size(),
                                  .rules_max = rules_max,
                                  .memory_bytes_max = memory_bytes_max,
                                  .diagnostics = &sink};
    fb_loaded loaded{};
    loaded.struct_size = sizeof loaded;
    raw.status = status_or_gone(calls().load(request, loaded));
    raw.content = loaded.content;
    raw.rules = loaded.rules_loaded;
    return raw;
}

RawEvaluation CheckBench::evaluate(fb_content* content, const fb_input& input,
                                   std::uint64_t matches_max, std::size_t stop_after,
                                   std::uint32_t timeout_ms) {
    RawEvaluation raw;
    MatchLog log{&raw, stop_after};
    const fb_match_sink sink{.struct_size = sizeof(fb_match_sink),
                             .reserved = 0,
                             .user = &log,
                             .match = &MatchLog::match};
    const fb_budget budget{
        .struct_size = sizeof(fb_budget), .timeout_ms = timeout_ms, .matches_max = matches_max};
    raw.status = status_or_gone(calls().evaluate(content, input, budget, sink));
    return raw;
}

fb_status CheckBench::reset(fb_content* content) {
    return status_or_gone(calls().reset(content));
}

fb_status CheckBench::unload(fb_content* content) {
    return status_or_gone(calls().unload(content));
}

fb_input CheckBench::sample() {
    if (!has_sample()) return inputs().front();
    if (takes("file")) return file_input(material_.input_name, material_.input);
    if (!sample_event_) sample_event_ = choose_sample();
    return sample_event_->fields.empty() ? inputs().front() : input_of(*sample_event_);
}

/// One event fits several contracts ("process_creation_windows" and "windows_sysmon"): the first
/// for which the content matches, or else the first that the engine is supplied with.
EventInput CheckBench::choose_sample() {
    EventInput chosen;
    Result<std::vector<EventInput>> events = read_event(material_.input);
    if (!events) return chosen;
    const RawLoad loaded = load();
    for (EventInput& event : *events) {
        const auto supplied = contracts();
        const auto known = std::ranges::find(supplied, event.contract,
                                             &std::pair<std::string, std::size_t>::first);
        if (known == supplied.end()) continue;
        // What is not given is absent.
        event.fields.resize(std::max(event.fields.size(), known->second));
        const bool matches =
            loaded.content != nullptr && !evaluate(loaded.content, input_of(event)).matches.empty();
        if (matches || chosen.fields.empty()) chosen = std::move(event);
        if (matches) break;
    }
    if (loaded.content != nullptr) static_cast<void>(unload(loaded.content));
    return chosen;
}

const std::vector<fb_input>& CheckBench::inputs() {
    if (inputs_.empty()) make_inputs();
    return inputs_;
}

void CheckBench::make_inputs() {
    if (takes("file")) {
        Bytes every(4096);
        for (std::size_t i = 0; i < every.size(); ++i) every[i] = static_cast<std::uint8_t>(i);
        Bytes elf{0x7F, 'E', 'L', 'F', 2, 1, 1, 0};
        elf.resize(512);
        Bytes dos{'M', 'Z'};
        dos.resize(512);
        files_ = {{}, {0}, to_bytes("a line of text\n"), every, noise(64U << 10U), elf, dos};
        for (const Bytes& file : files_) inputs_.push_back(file_input("check", file));
    }
    if (!takes("event")) return;
    for (const auto& [contract, fields] : contracts()) {
        for (unsigned flavour = 0; flavour < 4; ++flavour) {
            events_.push_back(event(contract, fields, flavour));
        }
    }
    for (const OwnedEvent& event : events_) inputs_.push_back(event.input());
}

std::vector<std::pair<std::string, std::size_t>> CheckBench::contracts() const {
    std::vector<std::pair<std::string, std::size_t>> found;
    for (const std::string& contract : manifest().contracts) {
        const std::size_t colon = contract.rfind(':');
        std::size_t fields = 0;
        if (colon != std::string::npos) {
            std::from_chars(contract.data() + colon + 1, contract.data() + contract.size(), fields);
        }
        found.emplace_back(contract.substr(0, colon), std::min<std::size_t>(fields, 4096));
    }
    return found;
}

OwnedEvent CheckBench::event(const std::string& contract, std::size_t fields,
                             unsigned flavour) const {
    static const std::string plain = "C:\\Windows\\System32\\check.exe";
    // All of them together within what the engine says it takes.
    const std::uint64_t share = manifest().input_bytes_max / std::max<std::size_t>(fields, 1);
    const std::string strange(std::min<std::uint64_t>(share, 4096), '\xFF');
    OwnedEvent event;
    event.texts = {plain.substr(0, share), strange};
    event.contract = contract;
    const Result<json::value> supplied = engine_.inputs(contract);
    for (std::size_t i = 0; i < fields; ++i) {
        std::string type = "text";
        if (supplied && supplied->is_object()) {
            const json::value* list = supplied->get_object().if_contains("fields");
            if (list != nullptr && list->is_array() && i < list->get_array().size() &&
                list->get_array()[i].is_object()) {
                const json::value* name = list->get_array()[i].get_object().if_contains("type");
                if (name != nullptr && name->is_string()) type = std::string(name->get_string());
            }
        }
        fb_field field{};  // Flavour 0: absent.
        const std::string& text = event.texts[flavour == 3 ? 1 : 0];
        if (flavour != 0 && (type == "integer" || type == "boolean")) {
            const std::int64_t extreme = std::numeric_limits<std::int64_t>::min();
            field.type = type == "integer" ? FB_FIELD_INTEGER : FB_FIELD_BOOLEAN;
            field.integer = flavour == 3 && type == "integer" ? extreme : 1;
        } else if (flavour != 0) {
            field.type = type == "bytes" ? FB_FIELD_BYTES : FB_FIELD_TEXT;
            if (flavour != 1) {
                field.data = reinterpret_cast<const std::uint8_t*>(text.data());
                field.length = text.size();
            }
        }
        event.fields.push_back(field);
    }
    return event;
}

}  // namespace firebreak::validator
