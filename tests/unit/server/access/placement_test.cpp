#include "server/access/placement.hpp"

#include <gtest/gtest.h>

#include "core/base/errc.hpp"

namespace firebreak::server {
namespace {

/// "ring by name": all of a Placed in one text.
std::string text_of(const Result<Placed>& placed) {
    if (!placed) return placed.error().to_string();
    return placed->ring + " by " + std::string(name_of(placed->placement.by)) +
           (placed->placement.name.empty() ? "" : " " + placed->placement.name);
}

class PlacementTest : public testing::Test {
protected:
    std::string place_of(const Newcomer& newcomer) const {
        return text_of(place(rules_, known_, newcomer));
    }

    PlacementRules rules_{{"vendor", "canary", "early", "broad"},
                          {{.ring = "vendor", .tenants = {"acme-internal"}},
                           {.ring = "canary", .tags = {"early-adopter"}},
                           {.ring = "early", .devices = {"d-1"}, .tags = {"careful"}}}};
    SignedRings known_{{"vendor", "canary", "early", "broad"}, "broad"};
};

TEST_F(PlacementTest, WhomNoRuleNamesIsInTheSlowestRing) {
    EXPECT_EQ(place_of({"d-2", "acme", {}}), "broad by default");
    EXPECT_EQ(place_of({"d-2", "acme", {"unheard-of"}}), "broad by default");
}

TEST_F(PlacementTest, ARulePlacesByTenantTagOrDevice) {
    EXPECT_EQ(place_of({"d-2", "acme-internal", {}}), "vendor by tenant acme-internal");
    EXPECT_EQ(place_of({"d-2", "acme", {"early-adopter"}}), "canary by tag early-adopter");
    EXPECT_EQ(place_of({"d-1", "acme", {}}), "early by device d-1");
}

TEST_F(PlacementTest, ADeviceGoesBeforeItsTagsAndTheseBeforeItsTenant) {
    EXPECT_EQ(place_of({"d-1", "acme-internal", {"early-adopter"}}), "early by device d-1");
    EXPECT_EQ(place_of({"d-2", "acme-internal", {"early-adopter"}}), "canary by tag early-adopter");
}

TEST_F(PlacementTest, OfTwoTagsTheFirstRuleInTheListDecides) {
    EXPECT_EQ(place_of({"d-2", "acme", {"careful", "early-adopter"}}),
              "canary by tag early-adopter");
}

TEST_F(PlacementTest, ANameOfOneKindIsNoNameOfAnother) {
    EXPECT_EQ(place_of({"early-adopter", "d-1", {"acme-internal"}}), "broad by default");
}

TEST_F(PlacementTest, ARuleForARingThatNoReleaseHasPlacesNobody) {
    known_ = {{"canary", "laggards"}, "laggards"};

    EXPECT_EQ(place_of({"d-2", "acme-internal", {}}), "laggards by default");
    EXPECT_EQ(place_of({"d-2", "acme", {"early-adopter"}}), "canary by tag early-adopter");
    EXPECT_EQ(place_of({"d-1", "acme", {"early-adopter"}}), "canary by tag early-adopter")
        << "the rule for the device names no ring there is";
}

TEST_F(PlacementTest, BeforeTheFirstReleaseTheConfigurationKnowsTheRings) {
    known_ = {};

    EXPECT_EQ(place_of({"d-2", "acme-internal", {}}), "vendor by tenant acme-internal");
    EXPECT_EQ(place_of({"d-2", "acme", {}}), "broad by default");
}

TEST_F(PlacementTest, TheSignedCeilingGoesBeforeTheConfiguration) {
    rules_.rings = {"broad", "early", "vendor", "canary"};

    EXPECT_EQ(place_of({"d-2", "acme", {}}), "broad by default");
}

TEST_F(PlacementTest, NobodyIsPlacedWhereNoRingIsKnown) {
    const Result<Placed> placed = place({}, {}, {"d-2", "acme", {}});

    ASSERT_FALSE(placed);
    EXPECT_EQ(placed.error(), Errc::kNotFound);
}

}  // namespace
}  // namespace firebreak::server
