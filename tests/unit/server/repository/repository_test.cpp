#include "server/repository/repository.hpp"

#include <gtest/gtest.h>

#include "core/base/errc.hpp"
#include "core/trust/updater.hpp"
#include "tests/support/memory_file_store.hpp"
#include "tests/unit/server/vendor.hpp"

namespace firebreak::server {
namespace {

using std::chrono::seconds;
using test::MemoryFileStore;
using test::Vendor;

constexpr std::chrono::sys_seconds kNow{seconds{1'800'000'000}};
const Bytes kBundle = to_bytes("the packed bytes of bundle 1");

/// What a client with only the first root learns from `files`, read as a web server would.
class Client {
public:
    explicit Client(const MemoryFileStore& files) : files_(files) {
        local_["root"] = files.files.at("repo/metadata/1.root.json");
    }

    /// The pointer of `stream`, its content target's bytes checked as well.
    Result<trust::RingPointer> refresh(const std::string& stream, std::chrono::sys_seconds now) {
        Result<trust::Updater> updater = trust::Updater::start(local_, now, {});
        if (!updater) return fail(updater.error());
        const std::string path = "rings/" + stream + ".json";
        updater->look_for(path);
        if (const Result<void> ran = run(*updater); !ran) return fail(ran.error());
        const Result<Bytes> bytes = target(*updater, path);
        if (!bytes) return fail(bytes.error());
        Result<trust::RingPointer> pointer = trust::parse_ring_pointer(*bytes);
        if (!pointer) return pointer;

        updater->look_for(pointer->content_path);
        if (const Result<void> ran = run(*updater); !ran) return fail(ran.error());
        const Result<Bytes> content = target(*updater, pointer->content_path);
        if (!content) return fail(content.error());
        return pointer;
    }

private:
    Result<void> run(trust::Updater& updater) {
        for (;;) {
            const Result<trust::Updater::Step> step = updater.next();
            if (!step) return fail(step.error());
            if (std::holds_alternative<trust::Updater::Idle>(*step)) return {};
            if (const auto* keep = std::get_if<trust::Updater::Persist>(&*step)) {
                local_[keep->role] = keep->bytes;
            } else if (const auto* drop = std::get_if<trust::Updater::Forget>(&*step)) {
                local_.erase(drop->role);
            } else {
                const auto& fetch = std::get<trust::Updater::Fetch>(*step);
                const Result<Bytes> bytes =
                    files_.read("repo/metadata/" + fetch.path, fetch.bytes_max);
                if (!bytes && !fetch.absence_is_an_answer) return fail(bytes.error());
                if (bytes) {
                    updater.fetched(*bytes);
                } else {
                    updater.not_available();
                }
            }
        }
    }

    Result<Bytes> target(const trust::Updater& updater, const std::string& path) const {
        const Result<trust::FoundTarget> found = updater.found(path);
        if (!found) return fail(found.error());
        Result<Bytes> bytes = files_.read(
            "repo/targets/" + trust::consistent_target_path(path, found->file), 1U << 20U);
        if (!bytes) return bytes;
        if (const auto right = trust::verify_target(found->file, *bytes); !right) {
            return fail(right.error());
        }
        return bytes;
    }

    const MemoryFileStore& files_;
    trust::LocalMetadata local_;
};

class RepositoryTest : public testing::Test {
protected:
    RepositoryTest() : vendor_(kNow) {}

    static RepositoryOptions options() {
        return {"repo", seconds{3'600}, seconds{86'400}, seconds{86'400}};
    }

    static trust::RingPointer pointer(std::int64_t threshold) {
        trust::RingPointer pointer;
        pointer.stream = "yara";
        pointer.content_path = "content/yara/1.fbb";
        pointer.sha256 = sha256(kBundle);
        pointer.counter = 1;
        pointer.rings["canary"] = {threshold, "rolling"};
        return pointer;
    }

    void create() {
        const auto created =
            Repository::create(files_, vendor_.online, options(), vendor_.ceremony(), kNow);
        ASSERT_TRUE(created) << created.error().to_string();
    }

    DesiredState released(std::int64_t threshold) {
        if (vendor_.content.targets.empty()) {
            trust::ContentTerms terms;
            terms.counter = 1;
            vendor_.add_bundle("yara", kBundle, terms);
        }
        return {vendor_.signed_content(), {{"yara", pointer(threshold)}}};
    }

    static Result<Bytes> bundles(const Sha256& digest) {
        if (digest != sha256(kBundle)) return fail(Errc::kNotFound, "bundle");
        return kBundle;
    }

    Result<Published> publish(Repository& repository, std::int64_t threshold,
                              std::chrono::sys_seconds now = kNow) {
        return repository.publish(released(threshold), &bundles, now);
    }

    void publish_first() {
        Result<Repository> repository = open();
        ASSERT_TRUE(repository) << repository.error().to_string();
        const auto published = publish(*repository, 500);
        ASSERT_TRUE(published) << published.error().to_string();
    }

    Result<Repository> open() { return Repository::open(files_, vendor_.online, options()); }

    Vendor vendor_;
    MemoryFileStore files_;
};

TEST_F(RepositoryTest, IsWhatAnyClientCanRead) {
    create();
    Result<Repository> repository = open();
    ASSERT_TRUE(repository) << repository.error().to_string();
    const auto published = publish(*repository, 500);
    ASSERT_TRUE(published) << published.error().to_string();

    const auto seen = Client(files_).refresh("yara", kNow);

    ASSERT_TRUE(seen) << seen.error().to_string();
    EXPECT_EQ(seen->rings.at("canary").threshold_ppb, 500);
}

TEST_F(RepositoryTest, WritesNothingWhenItSaysItAlready) {
    create();
    Result<Repository> repository = open();
    ASSERT_TRUE(repository && publish(*repository, 500));
    const int changes = files_.changes;

    const auto published = publish(*repository, 500);

    ASSERT_TRUE(published);
    EXPECT_FALSE(published->anything());
    EXPECT_EQ(files_.changes, changes);
}

TEST_F(RepositoryTest, SaysTheSameAfterARestartWithoutWriting) {
    create();
    {
        Result<Repository> repository = open();
        ASSERT_TRUE(repository && publish(*repository, 500));
    }
    Result<Repository> repository = open();
    ASSERT_TRUE(repository);

    const auto published = publish(*repository, 500);

    ASSERT_TRUE(published);
    EXPECT_FALSE(published->anything());
}

TEST_F(RepositoryTest, SignsTheTimestampAgainAtHalfOfItsLifetime) {
    create();
    Result<Repository> repository = open();
    ASSERT_TRUE(repository && publish(*repository, 500));

    EXPECT_FALSE(repository->is_due(kNow + seconds{1'799}));
    EXPECT_TRUE(repository->is_due(kNow + seconds{1'800}));
    const auto published = publish(*repository, 500, kNow + seconds{1'800});

    ASSERT_TRUE(published);
    EXPECT_TRUE(published->timestamp);
    EXPECT_FALSE(published->snapshot);
    EXPECT_TRUE(Client(files_).refresh("yara", kNow + seconds{5'399}));
}

TEST_F(RepositoryTest, SignsEverythingOnlineAgainBeforeItExpires) {
    create();
    Result<Repository> repository = open();
    ASSERT_TRUE(repository && publish(*repository, 500));

    const auto published = publish(*repository, 500, kNow + seconds{43'200});

    ASSERT_TRUE(published);
    EXPECT_TRUE(published->rollout && published->snapshot && published->timestamp);
    EXPECT_FALSE(published->content);
}

TEST_F(RepositoryTest, ShowsTheOldStateOrTheNewOneWhereverItIsKilled) {
    create();
    publish_first();
    const MemoryFileStore before = files_;
    const int steps = [&] {
        Result<Repository> repository = open();
        const int start = files_.changes;
        EXPECT_TRUE(publish(*repository, 900));
        return files_.changes - start;
    }();
    ASSERT_GE(steps, 4) << "pointer, rollout, snapshot, timestamp";

    for (int step = 1; step <= steps; ++step) {
        files_ = before;
        Client client(files_);
        ASSERT_TRUE(client.refresh("yara", kNow));
        {
            Result<Repository> repository = open();
            files_.fail_change(step, true);
            EXPECT_FALSE(publish(*repository, 900)) << "step " << step;
        }
        const auto after_kill = client.refresh("yara", kNow);
        ASSERT_TRUE(after_kill) << "step " << step << ": " << after_kill.error().to_string();
        EXPECT_EQ(after_kill->rings.at("canary").threshold_ppb, 500) << "step " << step;

        files_.heal();
        Result<Repository> repository = open();
        ASSERT_TRUE(repository) << "step " << step << ": " << repository.error().to_string();
        ASSERT_TRUE(publish(*repository, 900)) << "step " << step;
        const auto healed = client.refresh("yara", kNow);
        ASSERT_TRUE(healed) << "step " << step << ": " << healed.error().to_string();
        EXPECT_EQ(healed->rings.at("canary").threshold_ppb, 900) << "step " << step;
    }
}

TEST_F(RepositoryTest, HealsInTheSameProcessAfterAFailureAtAnyStep) {
    create();
    publish_first();
    const MemoryFileStore before = files_;
    for (int step = 1; step <= 4; ++step) {
        files_ = before;
        Client client(files_);
        Result<Repository> repository = open();
        files_.fail_change(step);
        ASSERT_FALSE(publish(*repository, 900)) << "step " << step;
        ASSERT_TRUE(publish(*repository, 900)) << "step " << step;

        const auto healed = client.refresh("yara", kNow);

        ASSERT_TRUE(healed) << "step " << step << ": " << healed.error().to_string();
        EXPECT_EQ(healed->rings.at("canary").threshold_ppb, 900) << "step " << step;
    }
}

TEST_F(RepositoryTest, FirstPublishOfABundleSurvivesAKillAtEachStep) {
    create();
    const MemoryFileStore before = files_;
    for (int step = 1;; ++step) {
        ASSERT_LT(step, 20);
        files_ = before;
        Result<Repository> repository = open();
        files_.fail_change(step, true);
        const bool done = publish(*repository, 500).has_value();
        files_.heal();
        Result<Repository> reopened = open();
        ASSERT_TRUE(reopened) << "step " << step;
        ASSERT_TRUE(publish(*reopened, 500)) << "step " << step;
        EXPECT_TRUE(Client(files_).refresh("yara", kNow)) << "step " << step;
        if (done) return;
    }
}

TEST_F(RepositoryTest, NeverGivesAVersionThatWasOnDiskToOtherBytes) {
    create();
    publish_first();
    std::map<std::string, Bytes> seen = files_.files;
    for (int step = 1; step <= 4; ++step) {
        Result<Repository> repository = open();
        files_.fail_change(step);
        static_cast<void>(publish(*repository, 1'000 + step));
        static_cast<void>(publish(*repository, 2'000 + step));
        for (const auto& [path, bytes] : files_.files) {
            if (path.ends_with("timestamp.json") || path == "repo/timestamp-versions") continue;
            const auto [known, fresh] = seen.emplace(path, bytes);
            EXPECT_EQ(known->second, bytes) << path;
        }
    }
}

TEST_F(RepositoryTest, NeverGivesATimestampsVersionToOtherBytesAfterAPowerCutEither) {
    create();
    publish_first();
    const Bytes on_disk = files_.files.at("repo/metadata/timestamp.json");
    Client client(files_);
    {
        // Its write came through to who read it, failed, and was gone with the power.
        Result<Repository> repository = open();
        ASSERT_TRUE(publish(*repository, 900));
        ASSERT_TRUE(client.refresh("yara", kNow));
        files_.files["repo/metadata/timestamp.json"] = on_disk;
    }

    Result<Repository> repository = open();
    ASSERT_TRUE(repository && publish(*repository, 1'000));

    const auto pointer = client.refresh("yara", kNow);
    ASSERT_TRUE(pointer) << pointer.error().to_string();
    EXPECT_EQ(pointer->rings.at("canary").threshold_ppb, 1'000);
}

TEST_F(RepositoryTest, NotesNoVersionsForEachTimestamp) {
    create();
    Result<Repository> repository = open();
    ASSERT_TRUE(repository && publish(*repository, 1));
    const Bytes note = files_.files.at("repo/timestamp-versions");
    for (int i = 2; i < 900; ++i) ASSERT_TRUE(publish(*repository, i));
    EXPECT_EQ(files_.files.at("repo/timestamp-versions"), note);
    for (int i = 900; i < 1'100; ++i) ASSERT_TRUE(publish(*repository, i));
    EXPECT_NE(files_.files.at("repo/timestamp-versions"), note);
}

TEST_F(RepositoryTest, DoesNotStartWithANoteThatIsNone) {
    create();
    for (const std::string bad : {"", "x\n", "12", "12\n\n", "-1\n", "99999999999999999999\n"}) {
        files_.files["repo/timestamp-versions"] = to_bytes(bad);
        const Result<Repository> repository = open();
        ASSERT_FALSE(repository) << bad;
        EXPECT_EQ(repository.error(), Errc::kCorrupt) << bad;
    }
}

TEST_F(RepositoryTest, DoesNotGoBackToOlderContentMetadata) {
    create();
    Result<Repository> repository = open();
    const DesiredState old{vendor_.signed_content(), {}};
    ASSERT_TRUE(publish(*repository, 500));
    const auto files = files_.files;

    const auto published = repository->publish(old, &bundles, kNow);

    ASSERT_FALSE(published);
    EXPECT_EQ(published.error(), Errc::kConflict);
    EXPECT_EQ(files_.files, files);
}

TEST_F(RepositoryTest, DoesNotOfferABundleItDoesNotHave) {
    create();
    Result<Repository> repository = open();
    const auto files = files_.files;
    const BundleSource wrong = [](const Sha256&) -> Result<Bytes> { return to_bytes("other"); };

    const auto published = repository->publish(released(500), wrong, kNow);

    ASSERT_FALSE(published);
    EXPECT_EQ(files_.files, files);
}

TEST_F(RepositoryTest, IsMadeOnce) {
    create();
    const auto files = files_.files;

    const auto again =
        Repository::create(files_, vendor_.online, options(), vendor_.ceremony(), kNow);

    ASSERT_FALSE(again);
    EXPECT_EQ(again.error(), Errc::kConflict);
    EXPECT_EQ(files_.files, files);
}

TEST_F(RepositoryTest, CanBeMadeAgainAfterAKillAtEachStep) {
    for (int step = 1;; ++step) {
        ASSERT_LT(step, 20);
        files_ = MemoryFileStore();
        files_.fail_change(step, true);
        const bool done =
            Repository::create(files_, vendor_.online, options(), vendor_.ceremony(), kNow)
                .has_value();
        files_.heal();
        if (done) return;
        EXPECT_EQ(open().error(), Errc::kNotFound) << "step " << step;
        create();
        EXPECT_TRUE(open()) << "step " << step;
    }
}

TEST_F(RepositoryTest, DoesNotOpenUnderAnotherKey) {
    create();
    const auto mallory = signing::Ed25519Signer::from_seed(SecretBytes(32));

    const auto repository = Repository::open(files_, mallory, options());

    ASSERT_FALSE(repository);
    EXPECT_EQ(repository.error(), Errc::kInvalid);
}

TEST_F(RepositoryTest, DoesNotOpenOnTamperedFiles) {
    create();
    for (const char* name :
         {"1.root.json", "1.targets.json", "1.rollout.json", "1.snapshot.json", "timestamp.json"}) {
        Bytes& bytes = files_.files.at(std::string("repo/metadata/") + name);
        const Bytes good = bytes;
        const std::string text = to_text(bytes);
        const std::size_t at = text.find("\"version\":1");
        ASSERT_NE(at, std::string::npos) << name;
        bytes[at + 10] = '2';

        const auto repository = open();

        ASSERT_FALSE(repository) << name;
        EXPECT_EQ(repository.error(), Errc::kCorrupt) << name;
        bytes = good;
    }
    EXPECT_TRUE(open());
}

TEST_F(RepositoryTest, DoesNotOpenWhenAFileThatWasVouchedForIsGone) {
    create();
    files_.files.erase("repo/metadata/1.snapshot.json");

    const auto repository = open();

    ASSERT_FALSE(repository);
    EXPECT_EQ(repository.error(), Errc::kCorrupt);
}

}  // namespace
}  // namespace firebreak::server
