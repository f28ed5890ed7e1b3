// The bytes of docs/formats/sensor-pipe.md, and what is done with those that are not.

#include "sensor/host/pipe_frames.hpp"

#include <gtest/gtest.h>

#include "core/base/errc.hpp"
#include "sensor/host/answers.hpp"

namespace firebreak::sensor {
namespace {

Bytes concat(std::initializer_list<Bytes> parts) {
    Bytes all;
    for (const Bytes& part : parts) all.insert(all.end(), part.begin(), part.end());
    return all;
}

/// Everything a program may say, taken into the host's own collectors.
struct Reader {
    TextAnswer text{100};
    std::vector<Diagnostic> diagnostics;
    DiagnosticAnswers said{diagnostics};
    MatchAnswers matches;
    fb_text_sink text_sink = text.sink();
    fb_diagnostic_sink diagnostic_sink = said.sink();
    fb_match_sink match_sink = matches.sink();
    PipeAnswerReader reader{{&text_sink, &diagnostic_sink, &match_sink}, 100, 2};

    /// One frame. @returns whether it was taken, and whether it was the end.
    Result<std::optional<PipeDone>> give(const Bytes& frame) {
        const Result<std::size_t> length = reader.begin(ByteView(frame).first(kPipeHeaderBytes));
        if (!length) return fail(length.error());
        EXPECT_EQ(*length, frame.size() - kPipeHeaderBytes);
        return reader.take(ByteView(frame).subspan(kPipeHeaderBytes));
    }
};

const Bytes kDoneOk = concat({{29, 0, 0, 0, 64}, Bytes(28)});
const Bytes kMatchR{10, 0, 0, 0, 67, 1, 0, 0, 0, 'r', 0, 0, 0, 0};

TEST(PipeRequest, IsTheBytesThatThePageShows) {
    PipeRequestWriter info(PipeRequest::kInfo);
    EXPECT_EQ(*info.take(), (Bytes{1, 0, 0, 0, 2}));

    const std::array<std::uint8_t, 2> value{'h', 'i'};
    const fb_field field{
        .type = FB_FIELD_TEXT, .reserved = 0, .integer = -2, .data = value.data(), .length = 2};
    fb_input event{};
    event.struct_size = sizeof event;
    event.kind = FB_INPUT_EVENT;
    event.as.event = {.contract = {.data = "c", .length = 1}, .fields = &field, .field_count = 1};
    PipeRequestWriter request(PipeRequest::kEvaluate);
    request.u32(7);
    request.input(event);

    EXPECT_EQ(*request.take(),
              (Bytes{36,   0,    0,    0,    6,    7,    0, 0, 0, 2, 0,   0,  0,    1,
                     0,    0,    0,    'c',  1,    0,    0, 0, 3, 0, 0,   0,  0xFE, 0xFF,
                     0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 2, 0, 0, 0, 'h', 'i'}));
}

TEST(PipeAnswer, PassesOnWhatWasSaid) {
    Reader reader;
    const Bytes text{7, 0, 0, 0, 65, 2, 0, 0, 0, '{', '}'};
    const Bytes diagnostic{19, 0, 0, 0, 66, 1,   0, 0, 0, 9, 0,  0,
                           0,  1, 0, 0, 0,  'f', 1, 0, 0, 0, 'm'};

    EXPECT_TRUE(reader.give(text));
    EXPECT_TRUE(reader.give(diagnostic));
    EXPECT_TRUE(reader.give(kMatchR));
    const auto done = reader.give(concat({{29, 0, 0, 0, 64, 2, 0, 0, 0, 5}, Bytes(23)}));

    ASSERT_TRUE(done && *done);
    EXPECT_EQ((*done)->status, FB_LIMIT);
    EXPECT_EQ((*done)->files_loaded, 5U);
    EXPECT_EQ(*reader.text.take(), "{}");
    EXPECT_EQ(*reader.said.first_error(), "f:9: m");
    EXPECT_EQ(reader.matches.take().at(0).rule, "r");
}

TEST(PipeAnswer, BelievesNoLength) {
    const std::vector<Bytes> frames{
        {0, 0, 0, 0, 64},                                        // Not even a type.
        {0xFF, 0xFF, 0xFF, 0xFF, 67},                            // 4 GiB to come.
        {106, 0, 0, 0, 65},                                      // A byte past the text's limit.
        {1, 0, 0, 0, 64},                                        // A done without fields.
        concat({{30, 0, 0, 0, 64}, Bytes(29)}),                  // One byte too many.
        {7, 0, 0, 0, 65, 3, 0, 0, 0, '{', '}'},                  // A text shorter than it says.
        {7, 0, 0, 0, 65, 1, 0, 0, 0, '{', '}'},                  // And one longer.
        {9, 0, 0, 0, 67, 0xFF, 0xFF, 0xFF, 0xFF, 'r', 0, 0, 0},  // A field of 4 GiB.
        {1, 0, 0, 0, 68},                                        // A type that is not.
    };
    for (const Bytes& frame : frames) {
        Reader reader;
        const auto begun = reader.reader.begin(ByteView(frame).first(kPipeHeaderBytes));
        if (!begun) {
            EXPECT_EQ(begun.error(), Errc::kMalformed);
            continue;
        }
        EXPECT_EQ(reader.give(frame).error(), Errc::kMalformed) << int(frame[0]);
        EXPECT_TRUE(reader.matches.take().empty());
    }
}

TEST(PipeAnswer, TakesNothingThatHasNoPlace) {
    PipeAnswerReader reader({}, 100, 2);
    for (const std::uint8_t type : {std::uint8_t{65}, std::uint8_t{66}, std::uint8_t{67}}) {
        EXPECT_EQ(reader.begin(Bytes{5, 0, 0, 0, type}).error(), Errc::kMalformed);
    }
    EXPECT_TRUE(reader.begin(ByteView(kDoneOk).first(kPipeHeaderBytes)));
}

TEST(PipeAnswer, TakesNoMoreThanWasAskedFor) {
    Reader reader;
    EXPECT_TRUE(reader.give(kMatchR));
    EXPECT_TRUE(reader.give(kMatchR));
    EXPECT_EQ(reader.give(kMatchR).error(), Errc::kMalformed);

    Reader twice;
    const Bytes text{7, 0, 0, 0, 65, 2, 0, 0, 0, '{', '}'};
    EXPECT_TRUE(twice.give(text));
    EXPECT_EQ(twice.give(text).error(), Errc::kMalformed);
}

TEST(PipeAnswer, IsALimitWhenTheHostHadEnough) {
    int calls = 0;
    const fb_match_sink stop{.struct_size = sizeof(fb_match_sink),
                             .reserved = 0,
                             .user = &calls,
                             .match = [](void* user, const fb_match*) {
                                 ++*static_cast<int*>(user);
                                 return std::int32_t{1};
                             }};
    PipeAnswerReader reader({.matches = &stop}, 0, 10);
    for (int i = 0; i < 3; ++i) {
        ASSERT_TRUE(reader.begin(ByteView(kMatchR).first(kPipeHeaderBytes)));
        ASSERT_TRUE(reader.take(ByteView(kMatchR).subspan(kPipeHeaderBytes)));
    }
    ASSERT_TRUE(reader.begin(ByteView(kDoneOk).first(kPipeHeaderBytes)));

    const auto done = reader.take(ByteView(kDoneOk).subspan(kPipeHeaderBytes));

    ASSERT_TRUE(done && *done);
    EXPECT_EQ((*done)->status, FB_LIMIT);
    EXPECT_EQ(calls, 1);
}

}  // namespace
}  // namespace firebreak::sensor
