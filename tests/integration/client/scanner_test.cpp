// Which files a pass over real folders finds, and which it leaves alone.

#include "client/scanner.hpp"

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "core/base/errc.hpp"

namespace firebreak::client {
namespace {

namespace fs = std::filesystem;

/// Matches every input that says so, and has no answer to one that asks for that.
class WordSensor final : public LiveSensor {
public:
    Result<void> load(const content::Bundle&) override { return {}; }
    void unload() override {}
    const Sha256* running() const override { return &build_; }
    Result<void> probe() override { return {}; }
    Result<std::vector<sensor::Match>> scan(std::string_view, ByteView bytes) override {
        const std::string_view text = text_of(bytes);
        if (text.find("NO ANSWER") != text.npos) return fail(Errc::kUnavailable, "timeout");
        if (text.find("MATCH") == text.npos) return std::vector<sensor::Match>{};
        return std::vector<sensor::Match>{{.rule = "word", .detail = "$a at 0x0"}};
    }
    bool takes(std::string_view, std::size_t) const override { return false; }
    Result<std::vector<sensor::Match>> evaluate(const fb_input&) override {
        return fail(Errc::kUnsupported, "files only");
    }
    const Sha256& build() const override { return build_; }
    std::uint64_t input_bytes_max() const override { return 1000; }
    std::chrono::nanoseconds processor_time() const override { return {}; }

private:
    Sha256 build_;
};

class ScannerTest : public ::testing::Test {
protected:
    static fs::path make_folder() {
        std::string name = (fs::temp_directory_path() / "firebreak-scan-XXXXXX").string();
        return ::mkdtemp(name.data());
    }
    ~ScannerTest() override {
        std::error_code ignored;
        fs::remove_all(folder_, ignored);
    }

    void write(const std::string& name, const std::string& text) {
        fs::create_directories((folder_ / name).parent_path());
        std::ofstream(folder_ / name) << text;
    }

    ScanPass pass() {
        ScanPass result;
        for (const fs::path& file : scanner_.changed()) scanner_.scan(file, sensor_, result);
        return result;
    }

    fs::path folder_ = make_folder();
    PosixFileStore store_;
    WordSensor sensor_;
    Scanner scanner_{store_, {folder_}};
};

TEST_F(ScannerTest, FindsMatchesInFoldersBelow) {
    write("a.txt", "nothing");
    write("deep/er/b.txt", "MATCH");

    const ScanPass result = pass();

    EXPECT_EQ(result.scanned, 2U);
    ASSERT_EQ(result.detections.size(), 1U);
    EXPECT_EQ(result.detections[0].file, folder_ / "deep/er/b.txt");
    EXPECT_EQ(result.detections[0].sha256, sha256(bytes_of("MATCH")));
}

TEST_F(ScannerTest, ScansAgainOnlyWhatHasChanged) {
    write("a.txt", "one");
    write("b.txt", "two");
    pass();
    write("b.txt", "changed");

    EXPECT_EQ(pass().scanned, 1U);
    EXPECT_EQ(pass().scanned, 0U);
}

TEST_F(ScannerTest, ScansEverythingAgainForNewContent) {
    write("a.txt", "one");
    pass();

    scanner_.forget();

    EXPECT_EQ(pass().scanned, 1U);
}

TEST_F(ScannerTest, FollowsNoLinksAndOpensNoDevices) {
    write("outside/secret.txt", "MATCH");
    Scanner inner(store_, {folder_ / "watched"});
    fs::create_directories(folder_ / "watched");
    fs::create_symlink(folder_ / "outside", folder_ / "watched/folder-link");
    fs::create_symlink(folder_ / "outside/secret.txt", folder_ / "watched/file-link");
    ASSERT_EQ(::mkfifo((folder_ / "watched/fifo").c_str(), 0600), 0);

    EXPECT_TRUE(inner.changed().empty());
}

TEST_F(ScannerTest, CountsWhatHadNoAnswerAndWhatIsTooLong) {
    write("a.txt", "NO ANSWER");
    write("b.txt", std::string(5000, 'x'));
    write("c.txt", "fine");

    const ScanPass result = pass();

    EXPECT_EQ(result.failed, 1U);
    EXPECT_EQ(result.skipped, 1U);
    EXPECT_EQ(result.scanned, 1U);
    EXPECT_FALSE(result.first_failure.empty());
}

TEST_F(ScannerTest, AFolderThatIsNotThereIsEmpty) {
    Scanner nowhere(store_, {folder_ / "nowhere"});

    EXPECT_TRUE(nowhere.changed().empty());
}

}  // namespace
}  // namespace firebreak::client
