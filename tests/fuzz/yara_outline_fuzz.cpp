// Any bytes as YARA source, through our own outline reader. Property: it ends, in bounds, with
// lines that are in the text, and what it says does not depend on what stands behind a rule's end.

#include <algorithm>
#include <cstdint>
#include <string>

#include "core/base/check.hpp"
#include "sensor/yara/source_map.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace firebreak::yara;
    const std::string text(reinterpret_cast<const char*>(data), size);
    const auto lines = static_cast<std::uint32_t>(1 + std::count(text.begin(), text.end(), '\n'));
    const SourceMap map = read_source(text);
    for (const SourceRule& rule : map.rules) {
        FIREBREAK_CHECK(!rule.name.empty() && rule.line >= 1 && rule.line <= lines);
        for (const SourceString& string : rule.strings) {
            FIREBREAK_CHECK(string.identifier[0] == '$' && !string.value.empty());
            FIREBREAK_CHECK(string.line >= rule.line && string.line <= lines);
            FIREBREAK_CHECK(text.find(string.value) != std::string::npos);
        }
        for (const SourceMeta& meta : rule.metas) {
            FIREBREAK_CHECK(meta.line >= rule.line && meta.line <= lines);
        }
        for (const std::string& token : rule.condition_tokens) {
            FIREBREAK_CHECK(!token.empty() && text.find(token) != std::string::npos);
        }
    }
    if (map.whole) {
        const SourceMap longer = read_source(text + "\nrule added { condition: true }");
        FIREBREAK_CHECK(longer.rules.size() <= map.rules.size() + 1);
    }
    return 0;
}
