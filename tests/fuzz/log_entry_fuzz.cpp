// Any bytes as a log entry. Property: one that is read has one hash, however its JSON is written:
// in another order of members, in other white space, or read once more.

#include <boost/json/serialize.hpp>
#include <cstdint>

#include "core/base/bytes.hpp"
#include "core/base/check.hpp"
#include "core/rollout/event_log.hpp"

namespace {

using namespace firebreak;

/// The same value with the members of every object the other way round.
json::value turned(const json::value& value) {
    if (const json::array* array = value.if_array()) {
        json::array result;
        for (const json::value& element : *array) result.push_back(turned(element));
        return result;
    }
    const json::object* object = value.if_object();
    if (object == nullptr) return value;
    json::object result;
    for (std::size_t i = object->size(); i-- > 0;) {
        const auto& member = *(object->begin() + i);
        result.emplace(member.key(), turned(member.value()));
    }
    return result;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto value = parse_json(text_of({data, size}));
    if (!value) return 0;
    const auto entry = rollout::parse_log_entry(*value);
    if (!entry) return 0;
    const Sha256 hash = rollout::entry_hash(*entry);

    const json::value written = turned(rollout::to_json(*entry));
    for (const std::string& text : {json::serialize(written), pretty_json(written)}) {
        const auto again = rollout::parse_log_entry(parse_json(text).value());
        FIREBREAK_CHECK(again.has_value());
        FIREBREAK_CHECK(rollout::entry_hash(*again) == hash);
    }
    const rollout::LogEntry followed = rollout::follow(nullptr, *entry);
    FIREBREAK_CHECK(rollout::verify_follows(nullptr, followed).has_value());
    return 0;
}
