// Files from a real folder through the real server, and every way to ask for more than the folder.

#include "core/base/file_store.hpp"
#include "tests/integration/http/server_fixture.hpp"

namespace firebreak::server {
namespace {

namespace fs = std::filesystem;

class StaticFiles : public HttpServerTest {
protected:
    void write(const std::string& name, std::string_view text) {
        fs::create_directories((files() / name).parent_path());
        PosixFileStore disk;
        ASSERT_TRUE(disk.write(files() / name, bytes_of(text), FileMode::kPublic));
    }
};

TEST_F(StaticFiles, ServesConsistentNamesForEverAndOthersForNow) {
    write("7.root.json", "{}");
    write("timestamp.json", "{}");
    write("yara/1/" + std::string(64, 'a') + ".bundle.fbb", "bundle");
    start();

    const auto root = get("/files/7.root.json");
    const auto timestamp = get("/files/timestamp.json");
    const auto bundle = get("/files/yara/1/" + std::string(64, 'a') + ".bundle.fbb");

    EXPECT_EQ(root->headers.at("Cache-Control"), "public, max-age=31536000, immutable");
    EXPECT_EQ(root->headers.at("Content-Type"), "application/json");
    EXPECT_EQ(timestamp->headers.at("Cache-Control"), "no-cache");
    EXPECT_EQ(bundle->headers.at("Cache-Control"), "public, max-age=31536000, immutable");
    EXPECT_EQ(bundle->headers.at("Content-Type"), "application/octet-stream");
    EXPECT_EQ(bundle->body, "bundle");
}

TEST_F(StaticFiles, DoesNotLetAMissingFileBeRemembered) {
    // The next root is missing until it is not.
    start();

    const auto missing = get("/files/8.root.json");

    EXPECT_EQ(missing->status, 404U);
    EXPECT_EQ(missing->headers.at("Cache-Control"), "no-store");
}

TEST_F(StaticFiles, SendsAFileOfManyPiecesWhole) {
    std::string text;
    for (int i = 0; i < 100'000; ++i) text += std::to_string(i) + "\n";
    write("1.large", text);
    start();

    const auto answer = get("/files/1.large");

    ASSERT_TRUE(answer) << answer.error().to_string();
    EXPECT_EQ(answer->body, text);
}

TEST_F(StaticFiles, SendsAnEmptyFile) {
    write("1.empty", "");
    start();

    const auto answer = get("/files/1.empty");

    ASSERT_TRUE(answer) << answer.error().to_string();
    EXPECT_EQ(answer->status, 200U);
    EXPECT_EQ(answer->body, "");
}

TEST_F(StaticFiles, AnswersHeadWithLengthAndTag) {
    write("timestamp.json", "0123456789");
    start();

    const auto head = request({"HEAD", "/files/timestamp.json", {}, {}});

    EXPECT_EQ(head->headers.at("Content-Length"), "10");
    EXPECT_EQ(head->headers.count("ETag"), 1U);
    EXPECT_EQ(head->body, "");
}

TEST_F(StaticFiles, Answers304ToWhomHasItAnd200OnceItChanged) {
    write("timestamp.json", "one");
    start();
    const std::string tag = get("/files/timestamp.json")->headers.at("ETag");

    const auto same = get("/files/timestamp.json", {{"If-None-Match", "\"x\", W/" + tag}});
    const auto any = get("/files/timestamp.json", {{"If-None-Match", "*"}});
    write("timestamp.json", "two");
    const auto changed = get("/files/timestamp.json", {{"If-None-Match", tag}});

    EXPECT_EQ(same->status, 304U);
    EXPECT_EQ(same->headers.at("ETag"), tag);
    EXPECT_EQ(same->body, "");
    EXPECT_EQ(any->status, 304U);
    EXPECT_EQ(changed->status, 200U);
    EXPECT_EQ(changed->body, "two");
}

struct Part {
    const char* range;
    unsigned status;
    const char* body;
    const char* content_range;
};

class FileRange : public StaticFiles, public ::testing::WithParamInterface<Part> {};

TEST_P(FileRange, IsSentOrRefused) {
    write("1.file", "0123456789");
    start();

    const auto answer = get("/files/1.file", {{"Range", GetParam().range}});

    ASSERT_TRUE(answer) << answer.error().to_string();
    EXPECT_EQ(answer->status, GetParam().status);
    EXPECT_TRUE(answer->status == 416 || answer->body == GetParam().body) << answer->body;
    const auto range = answer->headers.find("Content-Range");
    EXPECT_EQ(range == answer->headers.end() ? "" : range->second, GetParam().content_range);
}

// What is no single range in bytes is no range, and is answered in full (RFC 9110, 14.2).
INSTANTIATE_TEST_SUITE_P(
    StaticFiles, FileRange,
    ::testing::Values(
        Part{"bytes=0-0", 206, "0", "bytes 0-0/10"}, Part{"bytes=3-5", 206, "345", "bytes 3-5/10"},
        Part{"bytes=7-", 206, "789", "bytes 7-9/10"},
        Part{"bytes=7-999", 206, "789", "bytes 7-9/10"},
        Part{"bytes=-2", 206, "89", "bytes 8-9/10"},
        Part{"bytes=-999", 206, "0123456789", "bytes 0-9/10"},
        Part{"bytes=0-18446744073709551615", 206, "0123456789", "bytes 0-9/10"},
        Part{"bytes=10-", 416, "", "bytes */10"}, Part{"bytes=-0", 416, "", "bytes */10"},
        Part{"bytes=5-3", 200, "0123456789", ""}, Part{"bytes=0-1,3-4", 200, "0123456789", ""},
        Part{"bytes=-", 200, "0123456789", ""}, Part{"bytes=a-b", 200, "0123456789", ""},
        Part{"bytes=-1-2", 200, "0123456789", ""},
        Part{"bytes=99999999999999999999-", 200, "0123456789", ""},
        Part{"lines=1-2", 200, "0123456789", ""}));

TEST_F(StaticFiles, ResumesOnlyTheFileThatItBegan) {
    write("1.file", "0123456789");
    start();
    const std::string tag = get("/files/1.file")->headers.at("ETag");

    const auto same = get("/files/1.file", {{"Range", "bytes=5-"}, {"If-Range", tag}});
    const auto other = get("/files/1.file", {{"Range", "bytes=5-"}, {"If-Range", "\"x\""}});

    EXPECT_EQ(same->status, 206U);
    EXPECT_EQ(other->status, 200U);
    EXPECT_EQ(other->body, "0123456789");
}

TEST_F(StaticFiles, LeadsNowhereButBelowTheRoot) {
    write("1.file", "public");
    write(".hidden", "secret");
    write("folder/.git/config", "secret");
    fs::create_symlink(options_.key, files() / "link");
    fs::create_symlink(files() / "1.file", files() / "inside");
    fs::create_directory_symlink(folder_.path(), files() / "up");
    ASSERT_EQ(::mkfifo((files() / "fifo").c_str(), 0644), 0);
    start();

    for (const char* name :
         {"link", "inside", "up/server.key", "up", ".hidden", "folder/.git/config", "fifo",
          "folder", "none", "1.file/x", "...", ".server.pem.tmp"}) {
        const auto answer = get(std::string("/files/") + name);
        ASSERT_TRUE(answer) << name << ": " << answer.error().to_string();
        EXPECT_EQ(answer->status, 404U) << name;
        EXPECT_EQ(answer->body.find("secret"), std::string::npos) << name;
    }
    EXPECT_EQ(get("/files/1.file")->body, "public");
}

TEST_F(StaticFiles, MayBeReachedByALinkOfTheOperators) {
    write("1.file", "public");
    fs::create_directory_symlink(files(), folder_.path() / "current");
    add("GET", "/current/{path...}", static_files({.root = folder_.path() / "current"}));
    start();

    EXPECT_EQ(get("/current/1.file")->body, "public");
}

TEST_F(StaticFiles, SaysThatARootThatIsGoneHasNothing) {
    fs::remove_all(files());
    start();

    EXPECT_EQ(get("/files/1.file")->status, 404U);
}

}  // namespace
}  // namespace firebreak::server
