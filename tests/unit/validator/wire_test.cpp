// Frames as a hostile worker may send them: no length is believed, and what is short, long or
// left over spoils the whole.

#include "validator/sandbox/wire.hpp"

#include <gtest/gtest.h>

namespace firebreak::validator {
namespace {

ByteView body_of(const Bytes& frame) {
    return ByteView(frame).subspan(kFrameHeaderBytes);
}

Bytes sample_frame() {
    WireWriter writer(MessageType::kLoaded);
    writer.u64(0x1122334455667788U);
    writer.u32(0xCAFEU);
    writer.text("name");
    return writer.frame();
}

TEST(Wire, ReadsBackWhatItWrote) {
    const Bytes frame = sample_frame();

    WireReader reader(body_of(frame));

    EXPECT_EQ(frame_length(frame), frame.size() - kFrameHeaderBytes);
    EXPECT_EQ(reader.type(), MessageType::kLoaded);
    EXPECT_EQ(reader.u64(), 0x1122334455667788U);
    EXPECT_EQ(reader.u32(), 0xCAFEU);
    EXPECT_EQ(reader.text(4), "name");
    EXPECT_TRUE(reader.finished());
}

TEST(Wire, IsLittleEndianOnEveryMachine) {
    WireWriter writer(MessageType::kOpen);
    writer.u32(0x01020304U);

    EXPECT_EQ(writer.frame(), (Bytes{5, 0, 0, 0, 1, 4, 3, 2, 1}));
}

TEST(Wire, RefusesEveryTruncation) {
    const Bytes frame = sample_frame();
    const ByteView body = body_of(frame);
    for (std::size_t length = 0; length < body.size(); ++length) {
        WireReader reader(body.first(length));

        reader.u64();
        reader.u32();
        reader.text(100);

        EXPECT_FALSE(reader.finished()) << length;
    }
}

TEST(Wire, RefusesWhatIsLeftOver) {
    Bytes frame = sample_frame();
    frame.push_back(0);
    WireReader reader(body_of(frame));

    reader.u64();
    reader.u32();
    reader.text(100);

    EXPECT_FALSE(reader.finished());
}

TEST(Wire, RefusesATextLongerThanAllowedOrThere) {
    WireWriter writer(MessageType::kLoaded);
    writer.text("12345");
    WireReader too_long(body_of(writer.frame()));
    EXPECT_EQ(too_long.text(4), "");
    EXPECT_TRUE(too_long.spoiled());

    const Bytes lying{67, 0xFF, 0xFF, 0xFF, 0xFF, 'a'};
    WireReader not_there(lying);
    EXPECT_EQ(not_there.text(SIZE_MAX), "");
    EXPECT_TRUE(not_there.spoiled());
}

TEST(Wire, RefusesACountThatTheFrameCannotHold) {
    const Bytes lying{69, 0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0};
    WireReader reader(lying);

    EXPECT_EQ(reader.count(8), 0U);
    EXPECT_TRUE(reader.spoiled());
}

TEST(Wire, GivesNothingMoreOnceSpoiled) {
    WireReader reader(ByteView{});

    EXPECT_EQ(reader.u32(), 0U);
    EXPECT_EQ(reader.u64(), 0U);
    EXPECT_EQ(reader.text(10), "");
    EXPECT_EQ(reader.count(1), 0U);
    EXPECT_FALSE(reader.finished());
}

}  // namespace
}  // namespace firebreak::validator
