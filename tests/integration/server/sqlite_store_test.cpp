#include "server/store/sqlite_store.hpp"

#include <SQLiteCpp/SQLiteCpp.h>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>

#include "core/base/errc.hpp"
#include "tests/support/temporary_folder.hpp"

namespace firebreak::server {
namespace {

constexpr Instant kNow{std::chrono::seconds{1'800'000'000}};

class SqliteStoreTest : public testing::Test {
protected:
    std::filesystem::path path() const { return folder_.path() / "server.db"; }

    Result<std::unique_ptr<Store>> open(SqliteOptions options = {.create = true}) {
        return open_sqlite_store(path(), options);
    }

    static Result<void> append(Store& store, const std::string& text) {
        return store.transact([&](StoreWriter& writer) -> Result<void> {
            const auto entry = writer.append({"test", "tester", json::value(text), kNow, {}});
            if (!entry) return fail(entry.error());
            return {};
        });
    }

    test::TemporaryFolder folder_;
};

TEST_F(SqliteStoreTest, KeepsWhatWasCommittedWhenItIsOpenedAgain) {
    {
        const auto store = open();
        ASSERT_TRUE(store) << store.error().to_string();
        ASSERT_TRUE(append(**store, "kept"));
    }
    const auto store = open({});

    ASSERT_TRUE(store) << store.error().to_string();
    const auto last = (*store)->last_entry();
    ASSERT_TRUE(last && *last);
    EXPECT_EQ((*last)->data.as_string(), "kept");
}

TEST_F(SqliteStoreTest, IsNotMadeUnlessAskedTo) {
    const auto store = open({});

    ASSERT_FALSE(store);
    EXPECT_EQ(store.error(), Errc::kNotFound);
    EXPECT_FALSE(std::filesystem::exists(path()));
}

TEST_F(SqliteStoreTest, SeesWhatAnotherProcessCommitted) {
    const auto first = open();
    const auto second = open();
    ASSERT_TRUE(first && second);
    ASSERT_TRUE(append(**first, "one"));
    ASSERT_TRUE(append(**second, "two"));

    const auto entries = (*first)->entries(0, 10);

    ASSERT_TRUE(entries);
    ASSERT_EQ(entries->size(), 2U);
    EXPECT_TRUE(rollout::verify_follows(&entries->at(0), entries->at(1)));
}

TEST_F(SqliteStoreTest, SaysThatTheDiskIsFullAndGoesOnWhenThereIsSpace) {
    std::string last_kept;
    {
        const auto store = open({.create = true, .pages_max = 64});
        ASSERT_TRUE(store);
        Result<void> appended;
        for (int i = 0; appended && i < 1'000; ++i) {
            const std::string text = std::to_string(i) + std::string(4'000, 'x');
            appended = append(**store, text);
            if (appended) last_kept = text;
        }
        ASSERT_FALSE(appended);
        EXPECT_EQ(appended.error(), std::make_error_code(std::errc::no_space_on_device));
        EXPECT_EQ((*(*store)->last_entry())->data.as_string(), last_kept);
    }
    const auto store = open();
    ASSERT_TRUE(store);

    EXPECT_TRUE(append(**store, "again"));

    EXPECT_EQ((*(*store)->last_entry())->data.as_string(), "again");
}

TEST_F(SqliteStoreTest, NeverChangesOrForgetsALogEntry) {
    const auto store = open();
    ASSERT_TRUE(store && append(**store, "kept"));
    SQLite::Database other(path().string(), SQLite::OPEN_READWRITE);

    EXPECT_THROW(other.exec("UPDATE log SET actor = 'mallory'"), SQLite::Exception);
    EXPECT_THROW(other.exec("DELETE FROM log"), SQLite::Exception);
}

TEST_F(SqliteStoreTest, TakesAStoreFromBeforeDevicesWerePlacedByRules) {
    Device device;
    device.id = "d1";
    device.ring = "canary";
    device.public_key = to_bytes("key");
    const EnrolmentToken token{"t1", "acme", "canary", {}, 1, kNow, kNow};
    ASSERT_TRUE((*open())->transact([&](StoreWriter& writer) -> Result<void> {
        if (const Result<void> added = writer.add_device(device); !added) return added;
        return writer.add_enrolment_token(token);
    }));
    SQLite::Database(path().string(), SQLite::OPEN_READWRITE)
        .exec(
            "ALTER TABLE enrolment_tokens DROP COLUMN tags; ALTER TABLE devices DROP COLUMN tags; "
            "ALTER TABLE devices DROP COLUMN placed_by; "
            "ALTER TABLE devices DROP COLUMN placed_name; PRAGMA user_version = 1");

    const auto store = open();

    ASSERT_TRUE(store) << store.error().to_string();
    const auto found = (*store)->device("d1");
    ASSERT_TRUE(found && *found);
    EXPECT_EQ((*found)->ring, "canary");
    EXPECT_EQ((*found)->placement, Placement{}) << "by its token, as all were then";
    EXPECT_EQ((*(*store)->enrolment_token("t1"))->ring, "canary");
}

TEST_F(SqliteStoreTest, RefusesAStoreOfANewerServer) {
    ASSERT_TRUE(open());
    SQLite::Database(path().string(), SQLite::OPEN_READWRITE).exec("PRAGMA user_version = 999");

    const auto store = open();

    ASSERT_FALSE(store);
    EXPECT_EQ(store.error(), Errc::kUnsupported);
}

TEST_F(SqliteStoreTest, RefusesADatabaseOfSomebodyElse) {
    SQLite::Database(path().string(), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE)
        .exec("CREATE TABLE theirs (x); PRAGMA application_id = 7");

    const auto store = open();

    ASSERT_FALSE(store);
    EXPECT_EQ(store.error(), Errc::kCorrupt);
}

TEST_F(SqliteStoreTest, RefusesAFileThatIsNoDatabase) {
    std::ofstream(path()) << std::string(10'000, 'x');

    const auto store = open();

    ASSERT_FALSE(store);
    EXPECT_EQ(store.error(), Errc::kCorrupt);
}

TEST_F(SqliteStoreTest, FollowsNoLinkInPlaceOfTheDatabase) {
    std::filesystem::create_symlink(folder_.path() / "elsewhere.db", path());

    const auto store = open();

    EXPECT_FALSE(store);
    EXPECT_FALSE(std::filesystem::exists(folder_.path() / "elsewhere.db"));
}

}  // namespace
}  // namespace firebreak::server
