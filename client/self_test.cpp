#include "client/self_test.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <numeric>

#include "core/base/errc.hpp"

namespace firebreak::client {
namespace {

using std::chrono::milliseconds;

constexpr std::string_view kProbeText = "Firebreak looks whether its sensor still answers.\n";
constexpr std::size_t kFieldsMax = 4096;

Bytes every_byte() {
    Bytes every(4096);
    std::iota(every.begin(), every.end(), std::uint8_t{0});
    return every;
}

std::vector<Bytes> file_inputs() {
    Bytes executable(1024);  // The head of a 64-bit ELF file (System V ABI), and nothing behind.
    constexpr std::array<std::uint8_t, 20> kElf{0x7F, 'E', 'L', 'F', 2, 1, 1, 0, 0,    0,
                                                0,    0,   0,   0,   0, 0, 3, 0, 0x3E, 0};
    std::copy(kElf.begin(), kElf.end(), executable.begin());
    return {Bytes{}, Bytes{0}, to_bytes(kProbeText), every_byte(), std::move(executable)};
}

/// "process_creation/v1:21" taken apart; no arity is given where `arity` is empty.
struct Declared {
    std::string id;
    std::string arity;
};

Declared taken_apart(const std::string& contract) {
    const std::size_t colon = contract.rfind(':');
    if (colon == std::string::npos) return {.id = contract, .arity = ""};
    return {.id = contract.substr(0, colon), .arity = contract.substr(colon + 1)};
}

/// The FB_FIELD_* types in what an engine's inputs() wrote.
Result<std::vector<std::uint32_t>> field_types(const json::value& inputs) {
    const auto broken = [] { return Error(Errc::kInvalid, "the engine's inputs() has no fields"); };
    const json::object* const object = inputs.if_object();
    const json::value* const fields = object ? object->if_contains("fields") : nullptr;
    const json::array* const list = fields ? fields->if_array() : nullptr;
    if (!list || list->size() > kFieldsMax) return fail(broken());
    std::vector<std::uint32_t> types;
    for (const json::value& field : *list) {
        const json::object* const members = field.if_object();
        const json::value* const type = members ? members->if_contains("type") : nullptr;
        if (!type || !type->is_string()) return fail(broken());
        if (type->as_string() == "integer") {
            types.push_back(FB_FIELD_INTEGER);
        } else if (type->as_string() == "boolean") {
            types.push_back(FB_FIELD_BOOLEAN);
        } else {
            types.push_back(FB_FIELD_TEXT);
        }
    }
    return types;
}

/// What every field of one test event holds.
struct Values {
    std::string_view name;
    bool present = true;
    bool as_text = false;  ///< Numbers too: a source may write "-" where a number belongs.
    ByteView text = {};
    std::int64_t integer = 0;
};

fb_field field_of(std::uint32_t type, const Values& values) {
    fb_field field{};
    if (!values.present) return field;
    field.type = values.as_text ? std::uint32_t{FB_FIELD_TEXT} : type;
    switch (field.type) {
        case FB_FIELD_INTEGER: field.integer = values.integer; break;
        case FB_FIELD_BOOLEAN: field.integer = values.integer != 0 ? 1 : 0; break;
        default: field.data = values.text.data(); field.length = values.text.size();
    }
    return field;
}

Result<void> judge(sensor::LoadedContent& content, const std::string& contract,
                   const std::vector<std::uint32_t>& types, const Values& values,
                   milliseconds deadline) {
    std::vector<fb_field> fields;
    fields.reserve(types.size());
    for (const std::uint32_t type : types) fields.push_back(field_of(type, values));
    fb_input input{};
    input.struct_size = sizeof(fb_input);
    input.kind = FB_INPUT_EVENT;
    input.as.event = {.contract = {.data = contract.data(), .length = contract.size()},
                      .fields = fields.data(),
                      .field_count = fields.size()};
    const auto matches = content.evaluate(input, deadline);
    if (matches) return {};
    return fail(
        matches.error().seen_from("self-test event " + contract + ", " + std::string(values.name)));
}

}  // namespace

Result<TestEvents> TestEvents::make(const sensor::Engine& engine,
                                    const content::Manifest& manifest) {
    TestEvents events;
    events.input_bytes_max_ = engine.capabilities().input_bytes_max;
    for (const std::string& declared : manifest.contracts) {
        const Declared contract = taken_apart(declared);
        const std::string& name = engine.capabilities().name;
        const Result<json::value> inputs = engine.inputs(contract.id);
        if (!inputs) {
            return fail(Errc::kUnsupported, name + " supplies no events of " + contract.id);
        }
        Result<std::vector<std::uint32_t>> types = field_types(*inputs);
        if (!types) return fail(types.error().seen_from(contract.id));
        if (!contract.arity.empty() && contract.arity != std::to_string(types->size())) {
            return fail(Errc::kUnsupported, name + " supplies " + std::to_string(types->size()) +
                                                " fields of " + contract.id +
                                                ", the content counts on " + contract.arity);
        }
        events.contracts_.push_back({.id = contract.id, .types = std::move(*types)});
    }
    return events;
}

bool TestEvents::takes(std::string_view contract, std::size_t field_count) const {
    return std::any_of(contracts_.begin(), contracts_.end(), [&](const Contract& one) {
        return one.id == contract && one.types.size() == field_count;
    });
}

Result<void> TestEvents::probe(sensor::LoadedContent& content, milliseconds deadline) const {
    const Contract& first = contracts_.front();
    return judge(content, first.id, first.types, {.name = "no values", .present = false}, deadline);
}

Result<void> TestEvents::drive(sensor::LoadedContent& content, milliseconds deadline) const {
    constexpr auto kLeast = std::numeric_limits<std::int64_t>::min();
    constexpr auto kMost = std::numeric_limits<std::int64_t>::max();
    const Bytes every = every_byte();
    const std::array<Values, 6> all{{
        {.name = "no values", .present = false},
        {.name = "empty values"},
        {.name = "text", .text = bytes_of(kProbeText), .integer = 1},
        {.name = "every byte", .as_text = true, .text = every},
        {.name = "smallest numbers", .text = bytes_of("-"), .integer = kLeast},
        {.name = "largest numbers", .text = bytes_of("9223372036854775807"), .integer = kMost},
    }};
    for (const Contract& contract : contracts_) {
        // All fields together within what the engine says it takes.
        const std::uint64_t share =
            input_bytes_max_ / std::max<std::size_t>(contract.types.size(), 1);
        for (Values values : all) {
            if (values.text.size() > share) values.text = values.text.first(share);
            const Result<void> judged =
                judge(content, contract.id, contract.types, values, deadline);
            if (!judged) return judged;
        }
    }
    return {};
}

Result<void> self_test(const TestEvents& events, sensor::LoadedContent& content,
                       milliseconds deadline) {
    if (!events.empty()) return events.drive(content, deadline);
    int number = 0;
    for (const Bytes& input : file_inputs()) {
        ++number;
        const auto matches = content.evaluate("self-test", input, deadline);
        if (!matches) {
            return fail(matches.error().seen_from("self-test input " + std::to_string(number)));
        }
    }
    return {};
}

Result<void> probe(const TestEvents& events, sensor::LoadedContent& content,
                   milliseconds deadline) {
    if (!events.empty()) return events.probe(content, deadline);
    const auto matches = content.evaluate("probe", bytes_of(kProbeText), deadline);
    if (!matches) return fail(matches.error());
    return {};
}

}  // namespace firebreak::client
