// Any bytes as a ring pointer, and as the terms of a content target: what the online key could
// sign. Property: what was read reads the same after it was written; and no pointer whatever lets a
// device install content that the offline ceiling keeps closed.

#include <boost/json/serialize.hpp>
#include <cstdint>

#include "core/base/check.hpp"
#include "core/trust/ring_rule.hpp"

namespace {

using namespace firebreak;

constexpr std::chrono::sys_seconds kNow{std::chrono::seconds{1'800'000'000}};

/// Content with everything right but its ceiling, which opens in the future.
trust::FoundTarget closed_content(const trust::RingPointer& pointer) {
    trust::ContentTerms terms;
    terms.counter = pointer.counter;
    terms.builds = {Sha256{}};
    for (const auto& [ring, share] : pointer.rings) {
        terms.ceiling.push_back({ring, kNow + std::chrono::seconds{1}, trust::kPpbAll});
    }
    trust::FoundTarget found{"content", pointer.content_path, {}};
    found.file.hashes = {{"sha256", pointer.sha256.hex()}};
    found.file.custom = to_json(terms);
    return found;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (const Result<json::value> value = parse_json(text_of({data, size}))) {
        if (const json::object* custom = value->if_object()) {
            if (const auto terms = trust::parse_content_terms(*custom)) {
                const auto again = trust::parse_content_terms(to_json(*terms));
                FIREBREAK_CHECK(again && to_json(*again) == to_json(*terms));
            }
        }
    }
    const Result<trust::RingPointer> pointer = trust::parse_ring_pointer({data, size});
    if (!pointer) return 0;
    const std::string text = json::serialize(to_json(*pointer));
    if (text.size() < 60'000) {
        const auto again = trust::parse_ring_pointer(bytes_of(text));
        FIREBREAK_CHECK(again && to_json(*again) == to_json(*pointer));
    }
    for (const auto& [ring, share] : pointer->rings) {
        const trust::DeviceState device{"device", ring, Sha256{}, 0};
        FIREBREAK_CHECK(!trust::may_install(*pointer, closed_content(*pointer), device, 0, kNow));
    }
    return 0;
}
