// Any bytes as a JSON event. Property: it is no JSON, or refused, or mapped to contracts in their
// order, each once, with exactly the fields that this build supplies, and every text inside the
// storage that the event owns. Mapped again it gives the same.

#include <cstdint>
#include <cstring>

#include "core/base/check.hpp"
#include "sensor/sigma/events/event_reader.hpp"
#include "sensor/sigma/events/supplied_contracts.hpp"

namespace {

using namespace firebreak;
using namespace firebreak::sigma;

std::size_t supplied_fields(const std::string& id) {
    for (const SuppliedContract& contract : supplied_contracts()) {
        if (contract.contract == id) return contract.fields.size();
    }
    return 0;
}

void check(const MappedEvent& event) {
    FIREBREAK_CHECK(event.fields.size() == supplied_fields(event.contract->id()));
    std::size_t texts = 0;
    for (const fb_field& field : event.fields) {
        FIREBREAK_CHECK(field.reserved == 0);
        if (field.type != FB_FIELD_TEXT) {
            FIREBREAK_CHECK(field.type == FB_FIELD_ABSENT || field.type == FB_FIELD_INTEGER);
            FIREBREAK_CHECK(field.data == nullptr && field.length == 0);
            continue;
        }
        const std::string& kept = *event.storage.at(texts++);
        FIREBREAK_CHECK(static_cast<const void*>(field.data) == kept.data());
        FIREBREAK_CHECK(field.length == kept.size());
    }
}

bool same(const fb_field& a, const fb_field& b) {
    return a.type == b.type && a.integer == b.integer && a.length == b.length &&
           (a.length == 0 || std::memcmp(a.data, b.data, a.length) == 0);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const Result<json::value> value =
        parse_json({reinterpret_cast<const char*>(data), size}, {.bytes_max = 1U << 20U});
    if (!value) return 0;
    const Result<std::vector<MappedEvent>> events = map_event(*value);
    const Result<std::vector<MappedEvent>> again = map_event(*value);
    FIREBREAK_CHECK(events.has_value() == again.has_value());
    if (!events) return 0;
    FIREBREAK_CHECK(events->size() == again->size());
    for (std::size_t i = 0; i < events->size(); ++i) {
        const MappedEvent& event = (*events)[i];
        check(event);
        FIREBREAK_CHECK(i == 0 || (*events)[i - 1].contract->id() < event.contract->id());
        FIREBREAK_CHECK((*again)[i].contract == event.contract);
        for (std::size_t field = 0; field < event.fields.size(); ++field) {
            FIREBREAK_CHECK(same(event.fields[field], (*again)[i].fields[field]));
        }
    }
    return 0;
}
