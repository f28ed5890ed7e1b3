// The table of those let in: whoever was put in is found, through every growth of its index, and
// nobody else.

#include "core/rollout/exposures.hpp"

#include <gtest/gtest.h>
#include <string>
#include <vector>

namespace firebreak::rollout {
namespace {

std::string id(int number) {
    return "device-" + std::to_string(number);
}

Exposure of_group(std::uint32_t group) {
    return {.activated = {}, .resolved = {}, .group = group};
}

TEST(Exposures, FindsWhoIsThereAndNobodyElseWhileItGrows) {
    constexpr int kDevices = 5000;
    Exposures exposures;
    for (int i = 0; i < kDevices; ++i) {
        EXPECT_FALSE(exposures.contains(id(i)));
        EXPECT_EQ(exposures.add(key_of(id(i)), of_group(static_cast<std::uint32_t>(i))),
                  static_cast<Exposures::Place>(i));
    }

    ASSERT_EQ(exposures.size(), static_cast<std::size_t>(kDevices));
    for (int i = 0; i < kDevices; ++i) {
        const Exposure* found = exposures.find(id(i));
        ASSERT_NE(found, nullptr) << i;
        EXPECT_EQ(found->group, static_cast<std::uint32_t>(i));
        EXPECT_FALSE(exposures.contains(id(kDevices + i)));
    }
}

TEST(Exposures, FindsDevicesWhoseKeysBelongInTheSamePlaceEvenAtTheEnd) {
    // Alike in the piece that says where they belong, which is the last slot of all.
    std::vector<DeviceKey> keys(40);
    for (std::size_t i = 0; i < keys.size(); ++i) {
        keys[i].fill(0xFF);
        keys[i].back() = static_cast<std::uint8_t>(i);
    }
    Exposures exposures;
    for (const DeviceKey& key : keys) exposures.add(key, {});

    for (std::size_t i = 0; i < keys.size(); ++i) {
        EXPECT_EQ(exposures.place_of(keys[i]), static_cast<Exposures::Place>(i));
    }
    DeviceKey other = keys.front();
    other[8] = 0;
    EXPECT_FALSE(exposures.place_of(other));
}

TEST(Exposures, AreTheSameInAnyOrder) {
    Exposures forth;
    Exposures back;
    for (int i = 0; i < 100; ++i) forth.add(key_of(id(i)), of_group(7));
    for (int i = 99; i >= 0; --i) back.add(key_of(id(i)), of_group(7));
    EXPECT_EQ(forth, back);

    back.at(50).outcome = DeviceOutcome::kFailed;
    EXPECT_NE(forth, back);
    back.at(50).outcome = DeviceOutcome::kPending;
    EXPECT_EQ(forth, back);
    back.add(key_of("one more"), {});
    EXPECT_NE(forth, back);
}

}  // namespace
}  // namespace firebreak::rollout
