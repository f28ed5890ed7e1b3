#include "server/store/store.hpp"

#include <gtest/gtest.h>

#include "core/base/errc.hpp"
#include "server/store/sqlite_store.hpp"

namespace firebreak::server {
namespace {

using std::chrono::seconds;

constexpr Instant kNow{seconds{1'800'000'000}};

class StoreTest : public testing::Test {
protected:
    void SetUp() override {
        Result<std::unique_ptr<Store>> opened = open_memory_store();
        ASSERT_TRUE(opened) << opened.error().to_string();
        store_ = std::move(*opened);
    }

    Store& store() { return *store_; }

    Result<void> append(const std::string& kind) {
        return store_->transact([&](StoreWriter& writer) -> Result<void> {
            const auto entry = writer.append({kind, "tester", json::object{{"n", 1}}, kNow, {}});
            if (!entry) return fail(entry.error());
            return {};
        });
    }

    static Device device(const std::string& id, const std::string& ring = "canary") {
        Device device;
        device.id = id;
        device.tenant = "acme";
        device.ring = ring;
        device.public_key = to_bytes("public key of " + id);
        device.enrolment_token = "token";
        device.engine_build = sha256(bytes_of("build"));
        device.attributes = {{"os", "linux"}};
        device.enrolled = kNow;
        device.last_seen = kNow;
        return device;
    }

    void enrol(const Device& device) {
        const Result<void> added = store_->transact(
            [&](StoreWriter& writer) -> Result<void> { return writer.add_device(device); });
        ASSERT_TRUE(added) << added.error().to_string();
    }

    static Release release(std::int64_t counter) {
        return {{"yara", counter},
                sha256(bytes_of("bundle")),
                sha256(bytes_of("attestation")),
                "content/yara/1.fbb",
                json::object{{"name", "lab"}},
                "ready",
                kNow,
                "operator:alice",
                nullptr};
    }

    std::unique_ptr<Store> store_;
};

health::Report heartbeat(const std::string& device, std::int64_t sequence) {
    health::Report report;
    report.device = device;
    report.sequence = sequence;
    report.stream = "yara";
    return report;
}

using LogTest = StoreTest;

TEST_F(LogTest, ChainsEachEntryToTheOneBefore) {
    ASSERT_TRUE(append("first"));
    ASSERT_TRUE(append("second"));

    const auto entries = store().entries(0, 10);

    ASSERT_TRUE(entries);
    ASSERT_EQ(entries->size(), 2U);
    EXPECT_TRUE(rollout::verify_follows(nullptr, entries->at(0)));
    EXPECT_TRUE(rollout::verify_follows(&entries->at(0), entries->at(1)));
}

TEST_F(LogTest, HasNoGapAfterAFailedTransaction) {
    ASSERT_TRUE(append("first"));
    const Result<void> failed = store().transact([](StoreWriter& writer) -> Result<void> {
        static_cast<void>(writer.append({"lost", "tester", nullptr, kNow, {}}));
        return fail(Errc::kInvalid, "on purpose");
    });
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error(), Errc::kInvalid);

    ASSERT_TRUE(append("second"));

    const auto last = store().last_entry();
    ASSERT_TRUE(last && *last);
    EXPECT_EQ((*last)->sequence, 2);
    EXPECT_EQ((*last)->kind, "second");
}

TEST_F(LogTest, FindsTheEntriesOfOneRollout) {
    const Result<void> written = store().transact([](StoreWriter& writer) -> Result<void> {
        for (const std::int64_t counter : {1, 2, 1}) {
            const auto entry = writer.append({"rollout.event", "controller", nullptr, kNow,
                                              rollout::RolloutId{"yara", counter}});
            if (!entry) return fail(entry.error());
        }
        return {};
    });
    ASSERT_TRUE(written);

    const auto entries = store().entries_of({"yara", 1}, 1, 10);

    ASSERT_TRUE(entries);
    ASSERT_EQ(entries->size(), 1U);
    EXPECT_EQ(entries->front().sequence, 3);
}

TEST_F(StoreTest, TakesAReportOfOneSequenceOnce) {
    enrol(device("d1"));
    std::vector<bool> news;
    const Result<void> done = store().transact([&](StoreWriter& writer) -> Result<void> {
        for (const std::int64_t sequence : {1, 1, 2}) {
            const Result<bool> added = writer.add_report(heartbeat("d1", sequence), kNow);
            if (!added) return fail(added.error());
            news.push_back(*added);
        }
        return {};
    });

    ASSERT_TRUE(done) << done.error().to_string();
    EXPECT_EQ(news, (std::vector<bool>{true, false, true}));
}

TEST_F(StoreTest, RefusesAReportOfADeviceThatIsNotThere) {
    const Result<void> done = store().transact([&](StoreWriter& writer) -> Result<void> {
        const Result<bool> added = writer.add_report(heartbeat("nobody", 1), kNow);
        if (!added) return fail(added.error());
        return {};
    });

    ASSERT_FALSE(done);
    EXPECT_EQ(done.error(), Errc::kConflict);
}

TEST_F(StoreTest, GivesADeviceBackWithWhatItRuns) {
    enrol(device("d1"));
    const Sha256 build = sha256(bytes_of("newer build"));
    ASSERT_TRUE(store().transact([&](StoreWriter& writer) -> Result<void> {
        return writer.touch_device("d1", kNow + seconds{5}, build, rollout::RolloutId{"yara", 7});
    }));

    const auto found = store().device("d1");

    ASSERT_TRUE(found && *found);
    EXPECT_EQ((*found)->last_seen, kNow + seconds{5});
    EXPECT_EQ((*found)->engine_build, build);
    EXPECT_EQ((*found)->running.at("yara"), 7);
    EXPECT_EQ((*found)->attributes.at("os").as_string(), "linux");
}

TEST_F(StoreTest, RefusesASecondDeviceWithOneKey) {
    enrol(device("d1"));
    Device twin = device("d2");
    twin.public_key = device("d1").public_key;

    const Result<void> added =
        store().transact([&](StoreWriter& writer) { return writer.add_device(twin); });

    ASSERT_FALSE(added);
    EXPECT_EQ(added.error(), Errc::kConflict);
    EXPECT_EQ(*store().device_count(), 1);
}

TEST_F(StoreTest, PagesDevicesById) {
    for (const char* id : {"a", "b", "c"}) enrol(device(id, id[0] == 'b' ? "early" : "canary"));

    const auto after_a = store().devices({.ring = {}, .after = "a", .limit = 1});
    const auto canary = store().devices({.ring = "canary", .after = "", .limit = 10});

    ASSERT_TRUE(after_a && canary);
    ASSERT_EQ(after_a->size(), 1U);
    EXPECT_EQ(after_a->front().id, "b");
    EXPECT_EQ(canary->size(), 2U);
}

TEST_F(StoreTest, CountsOnlyDevicesHeardOfAndNotRevoked) {
    enrol(device("awake"));
    Device asleep = device("asleep");
    asleep.last_seen = kNow - seconds{100};
    enrol(asleep);
    enrol(device("stolen"));
    ASSERT_TRUE(store().transact(
        [](StoreWriter& writer) -> Result<void> { return writer.revoke_device("stolen"); }));

    const auto active = store().active_by_ring(kNow - seconds{50}, {});
    const auto census = store().census(kNow - seconds{200}, {});

    ASSERT_TRUE(active && census);
    EXPECT_EQ(active->at("canary"), 1);
    ASSERT_EQ(census->size(), 1U);
    EXPECT_EQ(census->front().devices, 2);
}

TEST_F(StoreTest, LeavesDevicesOnTheNewContentOutOfTheControl) {
    for (const char* id : {"new", "silent", "crashed"}) enrol(device(id));
    health::Report crash = heartbeat("crashed", 1);
    crash.kind = health::Kind::kCrash;
    crash.counter = 1;
    ASSERT_TRUE(store().transact([&](StoreWriter& writer) -> Result<void> {
        const auto activated = writer.add_activation({"yara", 2}, "new");
        if (!activated) return activated;
        const auto added = writer.add_report(crash, kNow + seconds{10});
        if (!added) return fail(added.error());
        return writer.touch_device("crashed", kNow + seconds{10}, {}, {});
    }));

    const auto control = store().control(
        {{"yara", 2}, {}, kNow - seconds{1}, kNow + seconds{5}, kNow + seconds{6}, kNow});

    ASSERT_TRUE(control);
    EXPECT_EQ(control->seen.devices, 2);
    EXPECT_EQ(control->seen.silent, 1);
    EXPECT_EQ(control->seen.crashed, 1);
    EXPECT_EQ(control->heard, 1);
}

TEST_F(StoreTest, CountsWhoFellSilentWithTheReleaseAndWithoutIt) {
    // Each is heard for the last time at so many seconds.
    const auto heard_at = [&](const char* id, const char* tenant, std::int64_t second) {
        Device one = device(id);
        one.tenant = tenant;
        one.last_seen = kNow + seconds{second};
        enrol(one);
    };
    heard_at("new-well", "a", 20);
    heard_at("new-lost", "a", 5);
    heard_at("new-long-gone", "b", -5);
    heard_at("new-back-on-the-old", "c", 5);
    heard_at("old-well", "a", 20);
    heard_at("old-lost", "a", 5);
    heard_at("old-long-gone", "a", -5);
    const auto done = store().transact([&](StoreWriter& writer) -> Result<void> {
        for (const char* id : {"new-well", "new-lost", "new-long-gone", "new-back-on-the-old"}) {
            const auto activated = writer.add_activation({"yara", 2}, id);
            if (!activated) return activated;
        }
        const auto runs = [&writer](const char* id, std::int64_t second, std::int64_t counter) {
            return writer.touch_device(id, kNow + seconds{second}, {},
                                       rollout::RolloutId{"yara", counter});
        };
        if (const auto run = runs("new-well", 20, 2); !run) return run;
        if (const auto run = runs("new-lost", 5, 2); !run) return run;
        if (const auto run = runs("new-back-on-the-old", 5, 1); !run) return run;
        return runs("new-long-gone", -5, 2);
    });
    ASSERT_TRUE(done) << done.error().to_string();

    const auto losses = store().losses({{"yara", 2}, {}, kNow, kNow + seconds{10}});

    ASSERT_TRUE(losses) << losses.error().to_string();
    const std::string ring = device("any").ring;
    EXPECT_EQ(*losses, (rollout::LossesSeen{.heard = {{ring, 2}},
                                            .lost = {{ring, 1}},
                                            .control_heard = {{ring, 2}},
                                            .control_lost = {{ring, 1}},
                                            .silent = {{ring, 2}},
                                            .silent_tenants = 2}));
}

TEST_F(StoreTest, CountsDevicesOfDrillsApart) {
    for (const char* id : {"real-1", "real-2", "made-1"}) {
        Device one = device(id);
        one.tenant = id[0] == 'm' ? "drill" : "acme";
        one.last_seen = kNow + seconds{5};
        enrol(one);
        health::Report crash = heartbeat(id, 1);
        crash.kind = health::Kind::kCrash;
        crash.counter = 1;
        ASSERT_TRUE(store().transact([&](StoreWriter& writer) -> Result<void> {
            const auto added = writer.add_report(crash, kNow + seconds{5});
            if (!added) return fail(added.error());
            return {};
        }));
    }
    for (const auto& [population, count] :
         {std::pair(Population{"drill", false}, 2), std::pair(Population{"drill", true}, 1),
          std::pair(Population{}, 3)}) {
        SCOPED_TRACE(count);
        EXPECT_EQ(store().active_by_ring(kNow, population)->at("canary"), count);
        EXPECT_EQ(store().census(kNow, population)->front().devices, count);
        const auto control = store().control(
            {{"yara", 2}, population, kNow, kNow + seconds{10}, kNow + seconds{1}, kNow});
        ASSERT_TRUE(control);
        EXPECT_EQ(control->seen.devices, count);
        EXPECT_EQ(control->seen.silent, count);
        EXPECT_EQ(control->seen.crashed, count);
        EXPECT_EQ(control->heard, count);
        const auto losses = store().losses({{"yara", 2}, population, kNow, kNow + seconds{10}});
        ASSERT_TRUE(losses);
        EXPECT_EQ(losses->control_heard.at("canary"), count);
        EXPECT_EQ(losses->control_lost.at("canary"), count);
    }
}

TEST_F(StoreTest, PublishesACounterOnce) {
    const auto publish = [&] {
        return store().transact(
            [](StoreWriter& writer) -> Result<void> { return writer.add_release(release(1)); });
    };
    ASSERT_TRUE(publish());

    const Result<void> again = publish();

    ASSERT_FALSE(again);
    EXPECT_EQ(again.error(), Errc::kConflict);
    EXPECT_EQ(store().releases(10)->size(), 1U);
}

TEST_F(StoreTest, ForgetsAsLastKnownGoodWhatWasHaltedAfterItWasComplete) {
    ASSERT_TRUE(store().transact([](StoreWriter& writer) -> Result<void> {
        for (const std::int64_t counter : {1, 2, 3}) {
            if (const auto added = writer.add_release(release(counter)); !added) return added;
            const auto completed = writer.set_phase({"yara", counter}, "complete");
            if (!completed) return completed;
        }
        if (const auto retired = writer.set_phase({"yara", 1}, "retired"); !retired) return retired;
        return writer.set_phase({"yara", 2}, "halted");
    }));

    EXPECT_EQ(*store().last_completed("yara", 3), 1);
    EXPECT_EQ(*store().last_completed("yara", 4), 3);
    EXPECT_EQ(*store().last_completed("sigma", 9), 0);
}

TEST_F(StoreTest, NamesWhatWasHaltedNewestFirst) {
    ASSERT_TRUE(store().transact([](StoreWriter& writer) -> Result<void> {
        for (const std::int64_t counter : {1, 2, 3, 4, 5}) {
            if (const auto added = writer.add_release(release(counter)); !added) return added;
            const char* phase = counter == 3 ? "complete" : "halted";
            const auto set = writer.set_phase({"yara", counter}, phase);
            if (!set) return set;
        }
        return {};
    }));

    EXPECT_EQ(*store().halted("yara", 5, 10), (std::vector<std::int64_t>{4, 2, 1}));
    EXPECT_EQ(*store().halted("yara", 5, 2), (std::vector<std::int64_t>{4, 2}));
    EXPECT_TRUE(store().halted("sigma", 5, 10)->empty());
}

TEST_F(StoreTest, SpendsAnEnrolmentTokenNoOftenerThanItHasUses) {
    const EnrolmentToken token{"id", "acme", "canary", sha256(bytes_of("secret")), 2, kNow, kNow};
    ASSERT_TRUE(store().transact(
        [&](StoreWriter& writer) -> Result<void> { return writer.add_enrolment_token(token); }));
    std::vector<bool> spent;
    ASSERT_TRUE(store().transact([&](StoreWriter& writer) -> Result<void> {
        for (int i = 0; i < 3; ++i) spent.push_back(*writer.spend_enrolment_token("id"));
        return {};
    }));

    EXPECT_EQ(spent, (std::vector<bool>{true, true, false}));
    EXPECT_EQ((*store().enrolment_token("id"))->uses_left, 0);
}

TEST_F(StoreTest, KeepsHowADeviceGotIntoItsRing) {
    Device placed = device("d1");
    placed.tags = {"lab", "early-adopter"};
    placed.placement = {PlacedBy::kTag, "lab"};
    enrol(placed);
    enrol(device("d2"));

    const auto found = store().devices({});

    ASSERT_TRUE(found) << found.error().to_string();
    EXPECT_EQ(found->at(0).tags, placed.tags);
    EXPECT_EQ(found->at(0).placement, placed.placement);
    EXPECT_TRUE(found->at(1).tags.empty());
    EXPECT_EQ(found->at(1).placement, Placement{});
}

TEST_F(StoreTest, KeepsATokenWithoutARingAndItsTags) {
    const EnrolmentToken token{"id", "acme", std::nullopt, {}, 2, kNow, kNow, {"lab", "x"}};
    ASSERT_TRUE(store().transact(
        [&](StoreWriter& writer) -> Result<void> { return writer.add_enrolment_token(token); }));

    const auto found = store().enrolment_token("id");

    ASSERT_TRUE(found && *found);
    EXPECT_FALSE((*found)->ring);
    EXPECT_EQ((*found)->tags, token.tags);
}

TEST_F(StoreTest, RevokesATokenOnce) {
    const ApiToken token{"id", "alice", Role::kAuthor, "hash", kNow, kNow + seconds{1}, false};
    std::vector<bool> revoked;
    ASSERT_TRUE(store().transact([&](StoreWriter& writer) -> Result<void> {
        if (const auto added = writer.add_token(token); !added) return added;
        for (int i = 0; i < 2; ++i) revoked.push_back(*writer.revoke_token("id"));
        return {};
    }));

    EXPECT_EQ(revoked, (std::vector<bool>{true, false}));
    const auto found = store().token("id");
    ASSERT_TRUE(found && *found);
    EXPECT_TRUE((*found)->revoked);
    EXPECT_EQ((*found)->role, Role::kAuthor);
    EXPECT_EQ((*found)->expires, kNow + seconds{1});
}

TEST_F(StoreTest, HasTheNewestContentMetadata) {
    EXPECT_EQ(store().content_role().error(), Errc::kNotFound);
    ASSERT_TRUE(store().transact([](StoreWriter& writer) -> Result<void> {
        if (const auto added = writer.add_content_role(1, bytes_of("one")); !added) return added;
        return writer.add_content_role(2, bytes_of("two"));
    }));

    EXPECT_EQ(*store().content_role(), to_bytes("two"));
}

TEST(RoleNames, NameTheRolesThereAreWhenOneIsUnknown) {
    EXPECT_EQ(*role_of(name_of(Role::kReleaseManager)), Role::kReleaseManager);
    const Result<Role> unknown = role_of("root");
    ASSERT_FALSE(unknown);
    EXPECT_EQ(unknown.error(), Errc::kInvalid);
}

}  // namespace
}  // namespace firebreak::server
