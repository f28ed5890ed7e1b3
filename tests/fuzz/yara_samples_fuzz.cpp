// Any JSON as an engine's description, and any bytes as one string and condition. Properties:
// making samples ends, keeps its limits, and gives the same twice.

#include <cstdint>
#include <string>

#include "core/base/check.hpp"
#include "validator/generate/yara_samples.hpp"

namespace {

using namespace firebreak;
using namespace firebreak::validator;

void make(const YaraRule& rule) {
    const SampleCaps caps{.string_bytes_max = 2048, .file_bytes_max = 8192};
    const std::vector<YaraSample> samples = matching_samples(rule, 1, caps);
    const std::vector<YaraSample> again = matching_samples(rule, 1, caps);
    FIREBREAK_CHECK(samples.size() == again.size());
    for (std::size_t i = 0; i < samples.size(); ++i) {
        FIREBREAK_CHECK(samples[i].bytes == again[i].bytes);
        FIREBREAK_CHECK(samples[i].bytes.size() < 4U << 20U);
    }
    FIREBREAK_CHECK(near_misses(rule, 1, 3, caps).size() <= 3);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string text(reinterpret_cast<const char*>(data), size);
    if (const Result<json::value> description = parse_json(text)) {
        const Result<std::vector<YaraRule>> rules = yara_rules(*description);
        for (std::size_t i = 0; rules && i < rules->size() && i < 10; ++i) make((*rules)[i]);
        return 0;
    }
    for (const YaraStringKind kind :
         {YaraStringKind::kText, YaraStringKind::kHex, YaraStringKind::kRegex}) {
        make({.name = "fuzzed",
              .file = {},
              .line = 0,
              .strings = {{"$a", kind, text, text}},
              .condition = text});
    }
    return 0;
}
