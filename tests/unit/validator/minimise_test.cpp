#include "validator/proof/minimise.hpp"

#include <gtest/gtest.h>

#include "validator/generate/mutator.hpp"

namespace firebreak::validator {
namespace {

InputProbe holds(std::string_view word) {
    return [word](ByteView input) { return text_of(input).find(word) != std::string_view::npos; };
}

TEST(Minimise, LeavesOnlyWhatTheFaultNeeds) {
    const Bytes input = to_bytes(std::string(700, 'a') + "trapdoor" + std::string(300, 'b'));
    EXPECT_EQ(to_text(minimise(input, holds("trapdoor"), 500)), "trapdoor");
}

TEST(Minimise, LeavesNothingWhereNothingIsNeeded) {
    EXPECT_TRUE(minimise(
                    to_bytes("anything"), [](ByteView) { return true; }, 10)
                    .empty());
}

TEST(Minimise, KeepsAnInputOfWhichAllIsNeeded) {
    const Bytes input = to_bytes("exact");
    EXPECT_EQ(minimise(
                  input, [&](ByteView each) { return text_of(each) == "exact"; }, 100),
              input);
}

TEST(Minimise, StopsAtItsAllowanceWithSomethingThatShows) {
    const Bytes input = to_bytes(std::string(5000, 'a') + "trapdoor");
    std::uint64_t probes = 0;
    const InputProbe probe = [&](ByteView each) {
        ++probes;
        return holds("trapdoor")(each);
    };

    const Bytes smaller = minimise(input, probe, 20);

    EXPECT_LE(probes, 20U);
    EXPECT_TRUE(holds("trapdoor")(smaller));
    EXPECT_LT(smaller.size(), input.size());
}

TEST(Minimise, TakesEventsFieldByField) {
    EventShape event{"c/v1", {}};
    for (int field = 0; field < 20; ++field) {
        event.values.push_back(to_bytes("filler " + std::to_string(field)));
    }
    event.values[3] = to_bytes("with a trapdoor in it");

    const Bytes smaller = minimise(event.document(), holds("trapdoor"), 500);

    const std::optional<EventShape> left = EventShape::of(smaller);
    ASSERT_TRUE(left) << to_text(smaller);
    ASSERT_EQ(left->values.size(), 4U);
    EXPECT_EQ(left->values[3], FieldValue{to_bytes("trapdoor")});
    EXPECT_EQ(left->values[0], FieldValue{});
}

}  // namespace
}  // namespace firebreak::validator
