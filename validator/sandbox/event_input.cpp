#include "validator/sandbox/event_input.hpp"

#include <unistd.h>

#include <algorithm>
#include <boost/json/serialize.hpp>
#include <cerrno>
#include <sys/mman.h>

#include "core/base/check.hpp"
#include "core/base/encoding.hpp"
#include "core/base/errc.hpp"
#include "core/base/json.hpp"
#include "sensor/sigma/events/event_reader.hpp"

namespace firebreak::validator {
namespace {

/// Not canonical: to follow it is a fault on every x86-64 and ARM64 system.
constexpr std::uintptr_t kPoisonAddress = 0xDEAD'BEEF'DEAD'BEEF;
constexpr std::size_t kPoisonLength = 4096;

fb_field poison() {
    fb_field field{};
    field.type = FB_FIELD_TEXT;
    field.data = reinterpret_cast<const std::uint8_t*>(kPoisonAddress);  // NOLINT: is the point.
    field.length = kPoisonLength;
    return field;
}

/// {"hex": "ff00"} or {"bytes": "ff00"}.
Result<fb_field> field_of_bytes(const json::object& object, EventInput& event) {
    const json::value* hex = object.size() == 1 ? object.if_contains("hex") : nullptr;
    const json::value* raw = object.size() == 1 ? object.if_contains("bytes") : nullptr;
    const json::value* value = hex != nullptr ? hex : raw;
    if (value == nullptr || !value->is_string()) {
        return fail(Errc::kInvalid, "event.values: an object is {\"hex\": …} or {\"bytes\": …}");
    }
    const Result<Bytes> bytes = hex_decode(std::string_view(value->get_string()));
    if (!bytes) return fail(bytes.error().seen_from("event.values"));
    event.storage.push_back(std::make_unique<std::string>(to_text(*bytes)));
    fb_field field{};
    field.type = hex != nullptr ? FB_FIELD_TEXT : FB_FIELD_BYTES;
    field.data = bytes_of(*event.storage.back()).data();
    field.length = event.storage.back()->size();
    return field;
}

Result<fb_field> field_of(const json::value& value, EventInput& event) {
    fb_field field{};
    if (value.is_null()) return field;
    if (value.is_int64()) {
        field.type = FB_FIELD_INTEGER;
        field.integer = value.get_int64();
        return field;
    }
    if (value.is_bool()) {
        field.type = FB_FIELD_BOOLEAN;
        field.integer = value.get_bool() ? 1 : 0;
        return field;
    }
    if (value.is_object()) return field_of_bytes(value.get_object(), event);
    if (!value.is_string()) {
        return fail(Errc::kInvalid,
                    "event.values: each is text, an integer, true, false, null or bytes");
    }
    event.storage.push_back(std::make_unique<std::string>(value.get_string()));
    field.type = FB_FIELD_TEXT;
    field.data = bytes_of(*event.storage.back()).data();
    field.length = event.storage.back()->size();
    return field;
}

Result<EventInput> by_position(const JsonObject& object) {
    EventInput event;
    const Result<std::string> contract = object.string("contract");
    if (!contract) return fail(contract.error());
    event.contract = *contract;
    const Result<const json::array*> values = object.array("values");
    if (!values) return fail(values.error());
    for (const json::value& value : **values) {
        const Result<fb_field> field = field_of(value, event);
        if (!field) return fail(field.error());
        event.fields.push_back(*field);
    }
    if (!object.has("fields")) return event;
    const Result<std::int64_t> count =
        object.integer("fields", static_cast<std::int64_t>(event.fields.size()),
                       static_cast<std::int64_t>(FieldArea::kFieldsMax));
    if (!count) return fail(count.error());
    event.field_count = static_cast<std::size_t>(*count);
    return event;
}

}  // namespace

Result<std::vector<EventInput>> read_event(ByteView document) {
    const Result<json::value> parsed = parse_json(text_of(document));
    if (!parsed) return fail(parsed.error().seen_from("event"));
    const Result<JsonObject> object = JsonObject::of(*parsed, "event");
    if (!object) return fail(object.error());
    std::vector<EventInput> events;
    const std::size_t members = object->has("fields") ? 3 : 2;
    if (object->raw().size() == members && object->has("contract") && object->has("values")) {
        Result<EventInput> event = by_position(*object);
        if (!event) return fail(event.error());
        events.push_back(*std::move(event));
        return events;
    }
    Result<std::vector<sigma::MappedEvent>> mapped = sigma::map_event(*parsed);
    if (!mapped) return fail(mapped.error());
    for (sigma::MappedEvent& event : *mapped) {
        events.push_back({.contract = event.contract->id(),
                          .fields = std::move(event.fields),
                          .storage = std::move(event.storage)});
    }
    return events;
}

Bytes event_with(std::string_view contract, std::string_view value) {
    const json::value event = {{"contract", contract}, {"values", json::array{value}}};
    return to_bytes(json::serialize(event));
}

std::size_t fields_supplied(const sensor::CapabilityManifest& build, std::string_view contract) {
    for (const std::string& text : build.contracts) {
        const std::size_t colon = text.rfind(':');
        if (colon == std::string::npos || text.substr(0, colon) != contract) continue;
        std::size_t count = 0;
        for (const char digit : text.substr(colon + 1)) {
            if (digit < '0' || digit > '9' || count > FieldArea::kFieldsMax) return 0;
            count = 10 * count + static_cast<std::size_t>(digit - '0');
        }
        return count <= FieldArea::kFieldsMax ? count : 0;
    }
    return 0;
}

Result<FieldArea> FieldArea::make() {
    const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
    const auto pages = [page](std::size_t fields) {
        return (fields * sizeof(fb_field) + page - 1) / page * page;
    };
    const std::size_t bytes = pages(kFieldsMax);
    const std::size_t guard_bytes = pages(kFieldNumbers);
    void* base = ::mmap(nullptr, bytes + guard_bytes, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (base == MAP_FAILED) return fail({errno, std::generic_category()}, "memory for events");
    auto* const guard = static_cast<std::uint8_t*>(base) + bytes;
    if (::mprotect(guard, guard_bytes, PROT_NONE) != 0) {
        return fail({errno, std::generic_category()}, "a guard page for events");
    }
    FieldArea area;
    area.end_ = static_cast<fb_field*>(static_cast<void*>(guard));
    std::ranges::fill(std::span(area.end_ - kFieldsMax, kFieldsMax), poison());
    return area;
}

std::span<const fb_field> FieldArea::place(std::span<const fb_field> fields, std::size_t count) {
    FIREBREAK_CHECK(end_ != nullptr && fields.size() <= count && count <= kFieldsMax);
    if (placed_ > count) {
        std::ranges::fill(std::span(end_ - placed_, placed_ - count), poison());
    }
    placed_ = count;
    const std::span<fb_field> placed(end_ - count, count);
    std::ranges::fill(placed, fb_field{});
    std::ranges::copy(fields, placed.begin());
    return placed;
}

}  // namespace firebreak::validator
