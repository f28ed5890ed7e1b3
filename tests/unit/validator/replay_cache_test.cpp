#include "validator/cache/replay_cache.hpp"

#include <filesystem>
#include <gtest/gtest.h>

#include "core/base/errc.hpp"
#include "tests/support/refusal.hpp"
#include "tests/support/temporary_folder.hpp"

namespace firebreak::validator {
namespace {

namespace fs = std::filesystem;

class ReplayCacheTest : public ::testing::Test {
protected:
    ReplayCache open(const std::string& key = "key") {
        Result<ReplayCache> cache = ReplayCache::open(files_, folder(), sha256(bytes_of(key)));
        EXPECT_TRUE(cache) << cache.error().to_string();
        return *std::move(cache);
    }
    fs::path folder() const { return folder_.path() / "cache"; }

    std::vector<fs::path> segments() const {
        std::vector<fs::path> found;
        for (const auto& entry : fs::recursive_directory_iterator(folder())) {
            if (entry.is_regular_file()) found.push_back(entry.path());
        }
        return found;
    }

    void fill() {
        ReplayCache cache = open();
        cache.remember(kFile, kDigest);
        cache.remember(kDigest, {{"rule", "$a at 0x0"}, {"other", ""}});
        ASSERT_TRUE(cache.save());
    }

    static inline const FileIdentity kFile{1, 2, 3, 4, 5};
    static inline const Sha256 kDigest = sha256(bytes_of("a file"));

    firebreak::test::TemporaryFolder folder_;
    PosixFileStore files_;
};

TEST_F(ReplayCacheTest, RemembersFromOneRunToTheNext) {
    fill();

    const ReplayCache again = open();
    EXPECT_EQ(again.digest_of(kFile), kDigest);
    const auto matches = again.matches_of(kDigest);
    ASSERT_TRUE(matches);
    ASSERT_EQ(matches->size(), 2U);
    EXPECT_EQ((*matches)[0].detail, "$a at 0x0");
}

TEST_F(ReplayCacheTest, KnowsNothingUnderAnotherKeyButTheDigests) {
    fill();

    const ReplayCache other = open("another content");
    EXPECT_EQ(other.digest_of(kFile), kDigest);
    EXPECT_FALSE(other.matches_of(kDigest));
}

TEST_F(ReplayCacheTest, KnowsNoFileThatChangedInAnyWay) {
    fill();
    const ReplayCache cache = open();
    for (std::uint64_t FileIdentity::*member :
         {&FileIdentity::device, &FileIdentity::inode, &FileIdentity::bytes}) {
        FileIdentity changed = kFile;
        ++(changed.*member);
        EXPECT_FALSE(cache.digest_of(changed));
    }
    for (std::int64_t FileIdentity::*member :
         {&FileIdentity::modified_ns, &FileIdentity::changed_ns}) {
        FileIdentity changed = kFile;
        ++(changed.*member);
        EXPECT_FALSE(cache.digest_of(changed));
    }
}

TEST_F(ReplayCacheTest, TakesEveryDamagedSegmentForAMiss) {
    fill();
    for (const fs::path& segment : segments()) {
        const Bytes whole = *files_.read(segment, 1U << 20U);
        for (std::size_t offset = 0; offset < whole.size(); offset += 7) {
            Bytes flipped = whole;
            flipped[offset] ^= 1U;
            ASSERT_TRUE(files_.write(segment, flipped, FileMode::kPrivate));
            const ReplayCache cache = open();
            EXPECT_FALSE(cache.digest_of(kFile) && cache.matches_of(kDigest)) << offset;
        }
        ASSERT_TRUE(
            files_.write(segment, ByteView(whole).first(whole.size() / 2), FileMode::kPrivate));
        const ReplayCache cut = open();
        EXPECT_FALSE(cut.digest_of(kFile) && cut.matches_of(kDigest));
        ASSERT_TRUE(files_.write(segment, whole, FileMode::kPrivate));
    }
}

TEST_F(ReplayCacheTest, KeepsWhatTwoRunsWroteAtTheSameTime) {
    const Sha256 second = sha256(bytes_of("another file"));
    ReplayCache one = open();
    ReplayCache two = open();
    one.remember(kDigest, {});
    two.remember(second, {});
    ASSERT_TRUE(one.save());
    ASSERT_TRUE(two.save());

    const ReplayCache both = open();
    EXPECT_TRUE(both.matches_of(kDigest));
    EXPECT_TRUE(both.matches_of(second));
}

TEST_F(ReplayCacheTest, MergesManySegmentsIntoOneAndLosesNothing) {
    constexpr int kRuns = 30;
    for (int run = 0; run < kRuns; ++run) {
        ReplayCache cache = open();
        cache.remember(sha256(bytes_of(std::to_string(run))), {});
        ASSERT_TRUE(cache.save());
    }

    const ReplayCache cache = open();
    for (int run = 0; run < kRuns; ++run) {
        EXPECT_TRUE(cache.matches_of(sha256(bytes_of(std::to_string(run))))) << run;
    }
    EXPECT_LE(segments().size(), 9U);
}

TEST_F(ReplayCacheTest, RefusesAFolderThatOthersCanWriteTo) {
    fs::create_directories(folder());
    fs::permissions(folder(), fs::perms::all);

    EXPECT_TRUE(
        firebreak::test::refused(ReplayCache::open(files_, folder(), kDigest), Errc::kDenied));
}

TEST(FileIdentity, IsNotSettledWithinTheClocksGrain) {
    using std::chrono::seconds;
    const FileIdentity file{1, 2, 3, 999'999'999, 1'500'000'000};
    EXPECT_FALSE(file.settled(std::chrono::sys_seconds(seconds{2})));
    EXPECT_TRUE(file.settled(std::chrono::sys_seconds(seconds{3})));
}

TEST(CacheRecords, EndWhereTheyAreMalformed) {
    std::map<Sha256, std::vector<sensor::Match>> answers;
    Bytes many(32, 1);
    many.insert(many.end(), {0xFF, 0xFF, 0xFF, 0x7F});
    read_answer_records(many, answers);
    EXPECT_TRUE(answers.empty());
    std::map<FileIdentity, Sha256> files;
    read_file_records(Bytes(71, 0), files);
    EXPECT_TRUE(files.empty());
    read_file_records(Bytes(73, 0), files);
    EXPECT_EQ(files.size(), 1U);
}

}  // namespace
}  // namespace firebreak::validator
