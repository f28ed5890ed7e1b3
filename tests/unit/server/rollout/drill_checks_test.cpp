// What a release of the drill stream must keep to, and what it may do that no other may.

#include <gtest/gtest.h>

#include "server/rollout/release_checks.hpp"
#include "tests/support/repository_simulator.hpp"
#include "tests/unit/server/release_kit.hpp"

namespace firebreak::server {
namespace {

constexpr std::chrono::sys_seconds kNow{std::chrono::seconds{1'800'000'000}};

/// Each test hands in drill 1, spoiled in one way; yara/1 is published.
class DrillChecksTest : public testing::Test {
protected:
    void SetUp() override {
        first_.list();
        published_ = vendor_.content;
        use_rings({"vendor"});
    }

    void use_rings(const std::vector<std::string>& rings) {
        kit_.plan = test::small_plan(rings);
        kit_.plan.rings[0].vendor_own = true;
        kit_.terms.ceiling.clear();
        for (const std::string& ring : rings) {
            kit_.terms.ceiling.push_back({ring, kNow, trust::kPpbAll});
        }
    }

    /// Lists drill `counter` beside the one that is handed in.
    void list_beside(std::int64_t counter, const std::string& ring,
                     const std::string& stream = "drill") {
        trust::ContentTerms terms = kit_.terms;
        terms.counter = counter;
        terms.ceiling = {{ring, kNow, trust::kPpbAll}};
        vendor_.add_bundle(stream, to_bytes("later " + std::to_string(counter)), terms);
        --vendor_.content.version;
    }

    tl::expected<NewRelease, Problem> check() { return check(kit_.documents()); }
    tl::expected<NewRelease, Problem> check(const ReleaseDocuments& documents) {
        return check_release(documents, {.targets = vendor_.targets,
                                         .content = published_,
                                         .validators = validators_,
                                         .newest_counter = std::nullopt,
                                         .builds_alive = {sha256(bytes_of("a real sensor"))},
                                         .now = kNow,
                                         .lab_plans = true,
                                         .drill = drill_});
    }

    void expect_invalid(const std::string& word) { expect_invalid(word, kit_.documents()); }
    void expect_invalid(const std::string& word, const ReleaseDocuments& documents) {
        const auto release = check(documents);
        ASSERT_FALSE(release) << "wanted: " << word;
        EXPECT_EQ(release.error().status, 422U);
        EXPECT_NE(release.error().detail.find(word), std::string::npos) << release.error().detail;
    }

    test::Vendor vendor_{kNow};
    test::ReleaseKit first_{vendor_, 1, kNow};
    test::ReleaseKit kit_{vendor_, 1, kNow, "drill"};
    trust::Targets published_;
    std::vector<trust::Key> validators_{test::RepositorySimulator::signer("validator").key()};
    std::optional<DrillRules> drill_{{.stream = "drill", .tenant = "drill", .ring = "vendor"}};
};

TEST_F(DrillChecksTest, TakesADrillWhateverBuildsRealDevicesRun) {
    kit_.list();

    const auto release = check();

    ASSERT_TRUE(release) << release.error().detail;
    EXPECT_EQ(release->id, (rollout::RolloutId{"drill", 1}));
    EXPECT_TRUE(release->beside.empty());
}

TEST_F(DrillChecksTest, RefusesAPlanThatReachesFurther) {
    use_rings({"vendor", "canary"});
    kit_.list();
    expect_invalid("one ring, vendor");
}

TEST_F(DrillChecksTest, RefusesAnotherRingAlone) {
    use_rings({"canary"});
    kit_.list();
    expect_invalid("one ring, vendor");
}

TEST_F(DrillChecksTest, RefusesARingThatIsNotTheVendorsOwn) {
    kit_.plan.rings[0].vendor_own = false;
    kit_.list();
    expect_invalid("vendor_own");
}

TEST_F(DrillChecksTest, RefusesACeilingThatReachesFurtherThanThePlan) {
    kit_.terms.ceiling.push_back({"broad", kNow, trust::kPpbAll});
    kit_.list();
    expect_invalid("ceiling");
}

TEST_F(DrillChecksTest, LaterDrillsMayBeListedWithTheFirst) {
    list_beside(2, "vendor");
    list_beside(3, "vendor");
    kit_.list();

    const auto release = check();

    ASSERT_TRUE(release) << release.error().detail;
    EXPECT_EQ(release->beside,
              (std::vector<Sha256>{sha256(bytes_of("later 2")), sha256(bytes_of("later 3"))}));
}

TEST_F(DrillChecksTest, RealContentMayNotBeListedWithADrill) {
    list_beside(2, "vendor", "yara");
    kit_.list();
    expect_invalid("no later drill");
}

TEST_F(DrillChecksTest, NorALaterDrillForAnotherRing) {
    list_beside(2, "broad");
    kit_.list();
    expect_invalid("for ring broad");
}

TEST_F(DrillChecksTest, NorADrillWithRealContent) {
    test::ReleaseKit real(vendor_, 2, kNow);
    list_beside(1, "vendor");
    real.list();
    expect_invalid("beside this bundle", real.documents());
}

TEST_F(DrillChecksTest, ADrillThatIsListedAlreadyNeedsNoOtherContentMetadata) {
    kit_.list();
    published_ = vendor_.content;
    ReleaseDocuments documents = kit_.documents();
    documents.content_role.clear();

    const auto release = check(documents);

    ASSERT_TRUE(release) << release.error().detail;
    EXPECT_EQ(release->content_version, published_.version);
    EXPECT_TRUE(release->content_role.empty());
}

TEST_F(DrillChecksTest, OneThatIsNotListedDoes) {
    ReleaseDocuments documents = kit_.documents();
    documents.content_role.clear();
    expect_invalid("does not list content/drill/1.fbb", documents);
}

TEST_F(DrillChecksTest, RealContentAlwaysDoes) {
    test::ReleaseKit real(vendor_, 2, kNow);
    real.list();
    published_ = vendor_.content;
    ReleaseDocuments documents = real.documents();
    documents.content_role.clear();
    expect_invalid("is missing", documents);
}

TEST_F(DrillChecksTest, WhereNoDrillsAreHeldTheStreamIsLikeAnyOther) {
    drill_.reset();
    kit_.list();
    const auto release = check();
    ASSERT_FALSE(release);
    EXPECT_EQ(release.error().name, "build-not-attested");
}

}  // namespace
}  // namespace firebreak::server
