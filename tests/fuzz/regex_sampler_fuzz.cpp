// Any bytes as a regular expression. Properties: parsing and sampling end; a sample is no longer
// than it may be, and the same for the same seed.

#include <cstdint>
#include <string_view>

#include "core/base/check.hpp"
#include "validator/generate/regex_sampler.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace firebreak;
    using namespace firebreak::validator;
    constexpr std::size_t kBytesMax = 4096;
    const std::string_view pattern(reinterpret_cast<const char*>(data), size);
    for (const RegexDialect dialect : {RegexDialect::kYara, RegexDialect::kRe2}) {
        const Result<RegexSampler> sampler = RegexSampler::parse(pattern, {.dialect = dialect});
        if (!sampler) continue;
        for (const Repeats repeats : {Repeats::kFewest, Repeats::kSome, Repeats::kMost}) {
            SeededRandom one(size);
            SeededRandom two(size);
            const auto first = sampler->sample(one, repeats, kBytesMax);
            FIREBREAK_CHECK(first == sampler->sample(two, repeats, kBytesMax));
            FIREBREAK_CHECK(!first || first->size() <= kBytesMax);
        }
    }
    return 0;
}
