#include "server/repository/ceremony.hpp"

#include <gtest/gtest.h>

#include "core/base/errc.hpp"
#include "core/trust/errc.hpp"
#include "tests/support/repository_simulator.hpp"
#include "tests/unit/server/vendor.hpp"

namespace firebreak::server {
namespace {

constexpr std::chrono::sys_seconds kNow{std::chrono::seconds{1'800'000'000}};

class CeremonyTest : public testing::Test {
protected:
    std::error_code refusal() {
        const auto ceremony = verify_ceremony(vendor_.ceremony(), vendor_.online.key(), kNow);
        return ceremony ? std::error_code() : ceremony.error().code();
    }

    static std::string id_of(const std::string& name) {
        return test::RepositorySimulator::signer(name).key().id();
    }

    test::Vendor vendor_{kNow};
};

TEST_F(CeremonyTest, IsTakenWhenEverythingHolds) {
    const auto ceremony = verify_ceremony(vendor_.ceremony(), vendor_.online.key(), kNow);

    ASSERT_TRUE(ceremony) << ceremony.error().to_string();
    EXPECT_EQ(ceremony->root.version, 1);
}

TEST_F(CeremonyTest, IsRefusedBelowTheThresholdOfEachRole) {
    for (const char* role : {"root", "targets", "content"}) {
        const auto all = vendor_.signs[role];
        vendor_.signs[role].pop_back();
        EXPECT_EQ(refusal(), trust::Errc::kThresholdNotMet) << role;
        vendor_.signs[role] = all;
    }
}

TEST_F(CeremonyTest, IsRefusedWhenStrangersSigned) {
    vendor_.signs["content"] = {"mallory", "eve"};
    EXPECT_EQ(refusal(), trust::Errc::kThresholdNotMet);
}

TEST_F(CeremonyTest, IsRefusedWhenADocumentHasExpired) {
    for (auto* expires :
         {&vendor_.root.expires, &vendor_.targets.expires, &vendor_.content.expires}) {
        const auto good = *expires;
        *expires = kNow;
        EXPECT_EQ(refusal(), trust::Errc::kExpired);
        *expires = good;
    }
}

TEST_F(CeremonyTest, IsRefusedWithoutConsistentSnapshots) {
    vendor_.root.consistent_snapshot = false;
    EXPECT_EQ(refusal(), Errc::kInvalid);
}

TEST_F(CeremonyTest, IsRefusedWhenAnotherKeySignsOnline) {
    for (trust::RoleKeys* role : {&vendor_.root.snapshot, &vendor_.root.timestamp}) {
        const trust::RoleKeys good = *role;
        role->key_ids = {id_of("root-1")};
        EXPECT_EQ(refusal(), Errc::kInvalid);
        *role = good;
    }
    vendor_.rollout_delegation().keys.key_ids = {id_of("approver-1")};
    EXPECT_EQ(refusal(), Errc::kInvalid);
}

TEST_F(CeremonyTest, IsRefusedWhenTheOnlineKeyCouldSignOffline) {
    vendor_.root.root.key_ids.push_back(id_of("online"));
    EXPECT_EQ(refusal(), Errc::kInvalid);

    vendor_ = test::Vendor(kNow);
    vendor_.root.targets.key_ids.push_back(id_of("online"));
    EXPECT_EQ(refusal(), Errc::kInvalid);

    vendor_ = test::Vendor(kNow);
    vendor_.content_delegation().keys.key_ids.push_back(id_of("online"));
    EXPECT_EQ(refusal(), Errc::kInvalid);
}

TEST_F(CeremonyTest, IsRefusedWithOtherDelegations) {
    vendor_.content_delegation().terminating = false;
    EXPECT_EQ(refusal(), Errc::kInvalid);

    vendor_ = test::Vendor(kNow);
    vendor_.content_delegation().paths = {"*/*"};
    EXPECT_EQ(refusal(), Errc::kInvalid);

    vendor_ = test::Vendor(kNow);
    vendor_.rollout_delegation().paths.emplace_back("content/*/*");
    EXPECT_EQ(refusal(), Errc::kInvalid);

    vendor_ = test::Vendor(kNow);
    vendor_.targets.delegations->roles.pop_back();
    EXPECT_EQ(refusal(), Errc::kInvalid);

    vendor_ = test::Vendor(kNow);
    trust::DelegatedRole third = vendor_.rollout_delegation();
    third.name = "third";
    vendor_.targets.delegations->roles.push_back(third);
    EXPECT_EQ(refusal(), Errc::kInvalid);
}

TEST_F(CeremonyTest, IsRefusedWhenTargetsListsAFileItself) {
    vendor_.targets.targets["content/yara/1.fbb"] = {
        1, {{"sha256", sha256(bytes_of("x")).hex()}}, {}};
    EXPECT_EQ(refusal(), Errc::kInvalid);
}

TEST_F(CeremonyTest, IsRefusedWhenContentListsAFileAlready) {
    trust::ContentTerms terms;
    terms.counter = 1;
    vendor_.add_bundle("yara", to_bytes("bundle"), terms);
    EXPECT_EQ(refusal(), Errc::kInvalid);
}

TEST_F(CeremonyTest, IsRefusedWhenContentDelegatesFurther) {
    vendor_.content.delegations = vendor_.targets.delegations;
    EXPECT_EQ(refusal(), Errc::kInvalid);
}

TEST_F(CeremonyTest, IsRefusedWhenAFileIsNotMetadata) {
    CeremonyFiles files = vendor_.ceremony();
    files.targets = to_bytes("{}");

    const auto ceremony = verify_ceremony(files, vendor_.online.key(), kNow);

    ASSERT_FALSE(ceremony);
    EXPECT_EQ(ceremony.error(), trust::Errc::kMalformed);
}

}  // namespace
}  // namespace firebreak::server
