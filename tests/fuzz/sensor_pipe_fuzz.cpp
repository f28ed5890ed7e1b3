// Any bytes as what a program says over an engine's pipe. Properties: each frame is refused, or
// taken whole; nothing is read past it; and no more reaches the host's collectors than was asked
// for.

#include <algorithm>
#include <cstdint>

#include "core/base/check.hpp"
#include "sensor/host/answers.hpp"
#include "sensor/host/pipe_frames.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace firebreak;
    using namespace firebreak::sensor;
    constexpr std::size_t kTextBytesMax = 1U << 12U;
    constexpr std::uint64_t kMatchesMax = 3;
    if (size == 0) return 0;
    // The first byte: which sinks the request has.
    const unsigned asked = data[0];
    ByteView rest(data + 1, size - 1);

    TextAnswer text(kTextBytesMax);
    std::vector<Diagnostic> diagnostics;
    DiagnosticAnswers said(diagnostics);
    MatchAnswers matches;
    const fb_text_sink text_sink = text.sink();
    const fb_diagnostic_sink diagnostic_sink = said.sink();
    const fb_match_sink match_sink = matches.sink();
    PipeAnswerReader reader({.text = (asked & 1U) != 0 ? &text_sink : nullptr,
                             .diagnostics = (asked & 2U) != 0 ? &diagnostic_sink : nullptr,
                             .matches = (asked & 4U) != 0 ? &match_sink : nullptr},
                            kTextBytesMax, kMatchesMax);
    while (rest.size() >= kPipeHeaderBytes) {
        const Result<std::size_t> length = reader.begin(rest.first(kPipeHeaderBytes));
        if (!length) break;
        FIREBREAK_CHECK(*length <= std::max<std::size_t>(kTextBytesMax + 4, 64U << 10U));
        rest = rest.subspan(kPipeHeaderBytes);
        if (*length > rest.size()) break;
        // A copy of its own, so that a sanitizer sees one byte too many.
        const Bytes fields(rest.begin(), rest.begin() + static_cast<std::ptrdiff_t>(*length));
        rest = rest.subspan(*length);
        const Result<std::optional<PipeDone>> done = reader.take(fields);
        if (!done || *done) break;
    }
    FIREBREAK_CHECK(matches.take().size() <= kMatchesMax);
    FIREBREAK_CHECK((asked & 2U) != 0 || diagnostics.empty());
    return 0;
}
