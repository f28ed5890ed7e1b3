#include "validator/sandbox/messages.hpp"

#include <gtest/gtest.h>

#include "core/base/errc.hpp"
#include "tests/support/refusal.hpp"

namespace firebreak::validator {
namespace {

using firebreak::test::refused;

ByteView body_of(const Bytes& frame) {
    return ByteView(frame).subspan(kFrameHeaderBytes);
}

TEST(Messages, CarryAnOpenRequest) {
    const OpenRequest sent{.engine = "/opt/yara.so",
                           .sha256 = sha256(bytes_of("engine")),
                           .limits = {.address_space_bytes = 1, .cpu_seconds = 2, .stack_bytes = 3},
                           .input_bytes = 4,
                           .content_bytes = 10,
                           .entries = {{"a.yar", 0, 4}, {"b.yar", 4, 6}}};
    const Bytes frame = encode(sent);
    WireReader reader(body_of(frame));

    const Result<OpenRequest> got = decode_open(reader);

    ASSERT_TRUE(got) << got.error().to_string();
    EXPECT_EQ(got->engine, sent.engine);
    EXPECT_EQ(got->sha256, sent.sha256);
    EXPECT_EQ(got->limits.stack_bytes, 3U);
    ASSERT_EQ(got->entries.size(), 2U);
    EXPECT_EQ(got->entries[1].name, "b.yar");
    EXPECT_EQ(got->entries[1].length, 6U);
}

TEST(Messages, RefuseAnEntryOutsideTheImage) {
    for (const ImageEntry& entry :
         {ImageEntry{"a", 5, 6}, ImageEntry{"a", 11, 0}, ImageEntry{"a", 1, UINT64_MAX}}) {
        const Bytes frame = encode(OpenRequest{.engine = {},
                                               .sha256 = {},
                                               .limits = {},
                                               .input_bytes = 0,
                                               .content_bytes = 10,
                                               .entries = {entry}});
        WireReader reader(body_of(frame));

        EXPECT_TRUE(refused(decode_open(reader), Errc::kMalformed));
    }
}

TEST(Messages, MakeWhatAWorkerSaysPrintable) {
    const Bytes frame = encode(
        MessageType::kRefused,
        {.message = "\x1b[2Jgone", .diagnostics = {{true, "a\nb", 7, std::string("\0\xff", 2)}}});
    WireReader reader(body_of(frame));

    const Result<TroubleAnswer> got = decode_trouble(reader);

    ASSERT_TRUE(got);
    EXPECT_EQ(got->message, "?[2Jgone");
    ASSERT_EQ(got->diagnostics.size(), 1U);
    EXPECT_TRUE(got->diagnostics[0].error);
    EXPECT_EQ(got->diagnostics[0].file, "a?b");
    EXPECT_EQ(got->diagnostics[0].line, 7U);
    EXPECT_EQ(got->diagnostics[0].message, "??");
}

TEST(Messages, CutWhatIsLongerThanTheReaderTakes) {
    const Bytes frame = encode({sensor::Match{std::string(9000, 'r'), std::string(9000, 'd')}});
    WireReader reader(body_of(frame));

    const Result<std::vector<sensor::Match>> got = decode_matches(reader);

    ASSERT_TRUE(got);
    EXPECT_EQ(got->front().rule.size(), kNameBytesMax);
    EXPECT_EQ(got->front().detail.size(), kMessageBytesMax);
}

TEST(Messages, RefuseEveryTruncatedAnswer) {
    const Bytes frame = encode(LoadedAnswer{3, {{false, "a.yar", 1, "slow"}}});
    const ByteView body = body_of(frame);
    for (std::size_t length = 0; length < body.size(); ++length) {
        WireReader reader(body.first(length));

        EXPECT_TRUE(refused(decode_loaded(reader), Errc::kMalformed)) << length;
    }
}

}  // namespace
}  // namespace firebreak::validator
