#include "client/slots.hpp"

#include <gtest/gtest.h>

#include "core/base/errc.hpp"
#include "tests/support/memory_file_store.hpp"

namespace firebreak::client {
namespace {

const Bytes kBundle = to_bytes("the bytes of a bundle");
const Bytes kOther = to_bytes("the bytes of another bundle");

SlotRecord record_of(const Bytes& bundle, std::int64_t counter, bool confirmed) {
    SlotRecord record;
    record.stream = "yara";
    record.content = {.counter = counter, .sha256 = sha256(bundle)};
    record.terms.counter = counter;
    record.terms.builds = {sha256(bytes_of("engine"))};
    record.terms.ceiling = {{.ring = "canary", .not_before = {}, .max_ppb = 5}};
    record.confirmed = confirmed;
    return record;
}

class SlotsTest : public ::testing::Test {
protected:
    test::MemoryFileStore store_;
    Slots slots_{store_, "/slots"};
};

TEST_F(SlotsTest, GivesBackWhatWasWritten) {
    const SlotRecord record = record_of(kBundle, 4, true);
    ASSERT_TRUE(slots_.write(SlotName::kA, record, kBundle));

    const Result<Bytes> bundle = slots_.read(SlotName::kA, record.content);
    const Result<SlotRecord> read = slots_.record(SlotName::kA);

    ASSERT_TRUE(bundle);
    EXPECT_EQ(*bundle, kBundle);
    ASSERT_TRUE(read);
    EXPECT_EQ(read->content, record.content);
    EXPECT_EQ(read->terms.builds, record.terms.builds);
    EXPECT_TRUE(read->confirmed);
}

TEST_F(SlotsTest, AnEmptySlotIsAnAnswer) {
    EXPECT_EQ(slots_.record(SlotName::kB).error(), make_error_code(Errc::kNotFound));
}

TEST_F(SlotsTest, RefusesAnyChangedByteOfABundle) {
    const SlotRecord record = record_of(kBundle, 4, true);
    ASSERT_TRUE(slots_.write(SlotName::kA, record, kBundle));
    for (std::size_t at = 0; at < kBundle.size(); ++at) {
        store_.files["/slots/a/bundle.fbb"] = kBundle;
        store_.files["/slots/a/bundle.fbb"][at] ^= 1U;

        EXPECT_EQ(slots_.read(SlotName::kA, record.content).error(),
                  make_error_code(Errc::kCorrupt));
    }
}

TEST_F(SlotsTest, RefusesABundleOtherThanTheOneAskedFor) {
    ASSERT_TRUE(slots_.write(SlotName::kA, record_of(kBundle, 4, true), kBundle));

    EXPECT_FALSE(slots_.read(SlotName::kA, record_of(kOther, 5, true).content));
}

TEST_F(SlotsTest, ARecordCutShortAtAnyByteIsCorrupt) {
    ASSERT_TRUE(slots_.write(SlotName::kA, record_of(kBundle, 4, true), kBundle));
    const Bytes whole = store_.files["/slots/a/record.json"];
    for (std::size_t length = 0; length + 1 < whole.size(); ++length) {
        store_.files["/slots/a/record.json"] = Bytes(whole.begin(), whole.begin() + long(length));

        EXPECT_FALSE(slots_.record(SlotName::kA)) << length;
    }
}

TEST_F(SlotsTest, AWriteThatFailsAtAnyStepLeavesNoHalfBundle) {
    const SlotRecord old = record_of(kBundle, 4, true);
    const SlotRecord wanted = record_of(kOther, 5, false);
    for (int change = 1; change <= 3; ++change) {
        store_.files.clear();
        ASSERT_TRUE(slots_.write(SlotName::kA, old, kBundle));
        store_.fail_change(change);

        EXPECT_FALSE(slots_.write(SlotName::kA, wanted, kOther));

        EXPECT_FALSE(slots_.read(SlotName::kA, wanted.content));
        const bool old_stands = slots_.read(SlotName::kA, old.content).has_value();
        EXPECT_EQ(old_stands, change == 1);
        store_.heal();
    }
}

TEST_F(SlotsTest, RebuildsFromConfirmedContentAlone) {
    ASSERT_TRUE(slots_.write(SlotName::kA, record_of(kBundle, 4, true), kBundle));
    ASSERT_TRUE(slots_.write(SlotName::kB, record_of(kOther, 5, false), kOther));

    const CycleState state = rebuild_from(slots_);

    EXPECT_EQ(counter_of(state.active), 4);
    EXPECT_EQ(counter_of(state.last_known_good), 4);
    EXPECT_TRUE(state.active_confirmed);
    ASSERT_EQ(state.quarantined.size(), 1U);
    EXPECT_EQ(state.quarantined[0].content.counter, 5);
}

TEST_F(SlotsTest, RebuildsWithTheNewerOfTwoConfirmedOnTop) {
    ASSERT_TRUE(slots_.write(SlotName::kA, record_of(kBundle, 4, true), kBundle));
    ASSERT_TRUE(slots_.write(SlotName::kB, record_of(kOther, 5, true), kOther));

    const CycleState state = rebuild_from(slots_);

    EXPECT_EQ(counter_of(state.last_known_good), 5);
    EXPECT_EQ(counter_of(state.previous_good), 4);
}

}  // namespace
}  // namespace firebreak::client
