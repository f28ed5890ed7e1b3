// Any bytes as an attestation's statement. Property: what is read as an admission names a build, a
// stream and stages that all passed, and says so again when written; nothing else is ever admitted.

#include <algorithm>
#include <boost/json/serialize.hpp>
#include <cstdint>

#include "core/base/check.hpp"
#include "core/content/attestation.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace firebreak;
    using namespace firebreak::content;
    const Result<Attestation> attestation = parse_statement(text_of({data, size}));
    if (!attestation) return 0;

    const json::value statement = to_statement(*attestation);
    const bool passed = statement.at_pointer("/predicate/result") != "FAILED";
    FIREBREAK_CHECK(passed == (attestation->verdict == Verdict::kAdmitted));
    if (passed) {
        FIREBREAK_CHECK(!attestation->builds.empty() && attestation->counter >= 1);
        FIREBREAK_CHECK(!attestation->stages.empty());
        FIREBREAK_CHECK(std::ranges::all_of(
            attestation->stages, [](const auto& stage) { return stage.outcome == "passed"; }));
    }
    const std::string text = json::serialize(statement);
    const Result<Attestation> again = parse_statement(text);
    FIREBREAK_CHECK(again && json::serialize(to_statement(*again)) == text);
    return 0;
}
