// Any bytes as a YAML document. Property: it is refused with a place, or the value has a place for
// each of its parts, keeps to the caps, and reads back as itself from JSON.

#include <algorithm>
#include <cstdint>

#include "core/base/check.hpp"
#include "core/content/document.hpp"

namespace {

using namespace firebreak;
using namespace firebreak::content;

std::size_t depth_of(const json::value& value) {
    std::size_t deepest = 0;
    if (const json::array* array = value.if_array()) {
        for (const json::value& element : *array) deepest = std::max(deepest, depth_of(element));
    } else if (const json::object* object = value.if_object()) {
        for (const auto& [name, member] : *object) deepest = std::max(deepest, depth_of(member));
    } else {
        return 0;
    }
    return deepest + 1;
}

void check_places(const Document& document, const json::value& value, const std::string& pointer) {
    FIREBREAK_CHECK(document.positions.contains(pointer));
    if (const json::array* array = value.if_array()) {
        for (std::size_t i = 0; i < array->size(); ++i) {
            check_places(document, (*array)[i], pointer_to(pointer, std::to_string(i)));
        }
    } else if (const json::object* object = value.if_object()) {
        for (const auto& [name, member] : *object) {
            check_places(document, member, pointer_to(pointer, name));
        }
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    constexpr DocumentLimits kLimits{.bytes_max = 4096, .depth_max = 16, .nodes_max = 1000};
    const Result<Document> document = read_yaml("x", text_of({data, size}), kLimits);
    if (!document) {
        FIREBREAK_CHECK(document.error().context().starts_with("x:"));
        return 0;
    }
    FIREBREAK_CHECK(depth_of(document->value) <= kLimits.depth_max);
    FIREBREAK_CHECK(document->positions.size() <= kLimits.nodes_max);
    check_places(*document, document->value, "");
    const Result<Document> json = read_json("x", pretty_json(document->value));
    FIREBREAK_CHECK(json && json->value == document->value);
    FIREBREAK_CHECK(json->positions.size() == document->positions.size());
    return 0;
}
