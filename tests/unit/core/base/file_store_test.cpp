// On a real folder: what PosixFileStore promises is about the real disk.
#include "core/base/file_store.hpp"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "core/base/errc.hpp"

namespace firebreak {
namespace {

namespace fs = std::filesystem;

class FileStoreTest : public ::testing::Test {
protected:
    void SetUp() override {
        std::string pattern = (fs::temp_directory_path() / "firebreak-test-XXXXXX").string();
        ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
        folder_ = pattern;
    }
    void TearDown() override {
        std::error_code ignored;
        fs::remove_all(folder_, ignored);
    }

    /// Everything in the folder, temporaries included.
    std::vector<std::string> everything() const {
        std::vector<std::string> names;
        for (const fs::directory_entry& entry : fs::directory_iterator(folder_)) {
            names.push_back(entry.path().filename().string());
        }
        std::ranges::sort(names);
        return names;
    }

    static mode_t mode_of(const fs::path& path) {
        struct stat status {};
        EXPECT_EQ(::stat(path.c_str(), &status), 0);
        return status.st_mode & 07777U;
    }

    fs::path folder_;
    PosixFileStore store_;
};

using Names = std::vector<std::string>;

TEST_F(FileStoreTest, ReadsBackWhatItWrote) {
    for (const std::size_t size : {0U, 1U, 4096U, 100'000U}) {
        const Bytes bytes(size, 0xA5);
        ASSERT_TRUE(store_.write(folder_ / "a", bytes, FileMode::kPrivate));
        EXPECT_EQ(store_.read(folder_ / "a", size), bytes);
    }
    EXPECT_EQ(everything(), Names{"a"});
}

TEST_F(FileStoreTest, ReplacesAFileWholly) {
    ASSERT_TRUE(store_.write(folder_ / "a", bytes_of("a long first version"), FileMode::kPrivate));
    ASSERT_TRUE(store_.write(folder_ / "a", bytes_of("short"), FileMode::kPrivate));

    EXPECT_EQ(to_text(*store_.read(folder_ / "a", 100)), "short");
}

TEST_F(FileStoreTest, SetsTheModeWhateverTheUmask) {
    const mode_t before = ::umask(0077);
    ASSERT_TRUE(store_.write(folder_ / "public", bytes_of("x"), FileMode::kPublic));
    ::umask(0);
    ASSERT_TRUE(store_.write(folder_ / "private", bytes_of("x"), FileMode::kPrivate));
    // A file that was open to all does not stay so.
    ASSERT_EQ(::chmod((folder_ / "public").c_str(), 0666), 0);
    ASSERT_TRUE(store_.write(folder_ / "public", bytes_of("y"), FileMode::kPrivate));
    ::umask(before);

    EXPECT_EQ(mode_of(folder_ / "private"), 0600U);
    EXPECT_EQ(mode_of(folder_ / "public"), 0600U);
}

TEST_F(FileStoreTest, ReplacesALinkAndNotWhatItPointsTo) {
    ASSERT_TRUE(store_.write(folder_ / "victim", bytes_of("kept"), FileMode::kPrivate));
    fs::create_symlink(folder_ / "victim", folder_ / "link");

    ASSERT_TRUE(store_.write(folder_ / "link", bytes_of("new"), FileMode::kPrivate));

    EXPECT_EQ(to_text(*store_.read(folder_ / "victim", 100)), "kept");
    EXPECT_FALSE(fs::is_symlink(folder_ / "link"));
}

TEST_F(FileStoreTest, SaysThatAFileIsNotThere) {
    const Result<Bytes> bytes = store_.read(folder_ / "nothing", 100);

    ASSERT_FALSE(bytes);
    EXPECT_EQ(bytes.error(), Errc::kNotFound);
    EXPECT_NE(bytes.error().context().find("nothing"), std::string::npos);
}

TEST_F(FileStoreTest, RefusesToReadMoreThanItMay) {
    ASSERT_TRUE(store_.write(folder_ / "a", Bytes(100), FileMode::kPrivate));

    const Result<Bytes> bytes = store_.read(folder_ / "a", 99);

    ASSERT_FALSE(bytes);
    EXPECT_EQ(bytes.error(), Errc::kTooLarge);
    EXPECT_TRUE(store_.read(folder_ / "a", 100));
}

TEST_F(FileStoreTest, DoesNotTakeASparseFileForAnInvitation) {
    ASSERT_TRUE(store_.write(folder_ / "a", {}, FileMode::kPrivate));
    fs::resize_file(folder_ / "a", std::uintmax_t{1} << 40U);

    const Result<Bytes> bytes = store_.read(folder_ / "a", 1000);

    ASSERT_FALSE(bytes);
    EXPECT_EQ(bytes.error(), Errc::kTooLarge);
}

TEST_F(FileStoreTest, DoesNotReadOrWaitForWhatIsNoFile) {
    ASSERT_EQ(::mkfifo((folder_ / "fifo").c_str(), 0600), 0);
    fs::create_directory(folder_ / "sub");

    for (const fs::path& path : {folder_ / "fifo", folder_ / "sub", fs::path("/dev/zero")}) {
        const Result<Bytes> bytes = store_.read(path, 100);
        ASSERT_FALSE(bytes) << path;
        EXPECT_EQ(bytes.error(), Errc::kInvalid);
    }
}

/// For its life, no file of this process may grow past `bytes`: as if the disk were full.
class FullDisk {
public:
    explicit FullDisk(rlim_t bytes) : handler_(::signal(SIGXFSZ, SIG_IGN)) {
        EXPECT_EQ(::getrlimit(RLIMIT_FSIZE, &before_), 0);
        const rlimit tight{bytes, before_.rlim_max};
        EXPECT_EQ(::setrlimit(RLIMIT_FSIZE, &tight), 0);
    }
    ~FullDisk() {
        ::setrlimit(RLIMIT_FSIZE, &before_);
        ::signal(SIGXFSZ, handler_);
    }
    FullDisk(const FullDisk&) = delete;
    FullDisk& operator=(const FullDisk&) = delete;

private:
    sighandler_t handler_;
    rlimit before_{};
};

TEST_F(FileStoreTest, KeepsTheOldFileAndNoTemporaryWhenTheDiskIsFull) {
    ASSERT_TRUE(store_.write(folder_ / "state.json", bytes_of("old"), FileMode::kPrivate));
    Result<void> written;
    {
        const FullDisk full(1000);
        written = store_.write(folder_ / "state.json", Bytes(100'000), FileMode::kPrivate);
    }

    ASSERT_FALSE(written);
    EXPECT_EQ(written.error().code(), std::make_error_code(std::errc::file_too_large));
    EXPECT_NE(written.error().context().find("state.json"), std::string::npos);
    EXPECT_EQ(to_text(*store_.read(folder_ / "state.json", 100)), "old");
    EXPECT_EQ(everything(), Names{"state.json"});
}

TEST_F(FileStoreTest, LeavesNoTemporaryWhenTheNameIsTakenByAFolder) {
    fs::create_directory(folder_ / "taken");

    const Result<void> written = store_.write(folder_ / "taken", bytes_of("x"), FileMode::kPrivate);

    ASSERT_FALSE(written);
    EXPECT_EQ(everything(), Names{"taken"});
    EXPECT_TRUE(fs::is_directory(folder_ / "taken"));
}

TEST_F(FileStoreTest, FailsToWriteWhereThereIsNoFolder) {
    ASSERT_TRUE(store_.write(folder_ / "file", bytes_of("x"), FileMode::kPrivate));

    const Result<void> nowhere =
        store_.write(folder_ / "missing" / "a", bytes_of("x"), FileMode::kPrivate);
    ASSERT_FALSE(nowhere);
    EXPECT_EQ(nowhere.error(), Errc::kNotFound);
    EXPECT_FALSE(store_.write(folder_ / "file" / "a", bytes_of("x"), FileMode::kPrivate));
    EXPECT_FALSE(store_.write(folder_ / std::string(300, 'n'), bytes_of("x"), FileMode::kPrivate));
    EXPECT_EQ(everything(), Names{"file"});
}

TEST_F(FileStoreTest, RemovesAlsoWhatIsNotThere) {
    ASSERT_TRUE(store_.write(folder_ / "a", bytes_of("x"), FileMode::kPrivate));

    EXPECT_TRUE(store_.remove(folder_ / "a"));
    EXPECT_TRUE(store_.remove(folder_ / "a"));

    EXPECT_TRUE(everything().empty());
}

TEST_F(FileStoreTest, DoesNotRemoveAFolder) {
    fs::create_directory(folder_ / "sub");

    EXPECT_FALSE(store_.remove(folder_ / "sub"));

    EXPECT_TRUE(fs::exists(folder_ / "sub"));
}

TEST_F(FileStoreTest, MakesFoldersForTheOwnerAlone) {
    const mode_t before = ::umask(0);
    ASSERT_TRUE(store_.make_folder(folder_ / "a" / "b", FileMode::kPrivate));
    ASSERT_TRUE(store_.make_folder(folder_ / "p", FileMode::kPublic));
    ::umask(before);

    EXPECT_EQ(mode_of(folder_ / "a"), 0700U);
    EXPECT_EQ(mode_of(folder_ / "a" / "b"), 0700U);
    EXPECT_EQ(mode_of(folder_ / "p"), 0755U);
    EXPECT_TRUE(store_.make_folder(folder_ / "a" / "b", FileMode::kPublic));
    EXPECT_EQ(mode_of(folder_ / "a" / "b"), 0700U);
    EXPECT_TRUE(store_.make_folder(folder_ / "c/", FileMode::kPrivate));
}

TEST_F(FileStoreTest, DoesNotTakeAFileForAFolder) {
    ASSERT_TRUE(store_.write(folder_ / "file", bytes_of("x"), FileMode::kPrivate));

    EXPECT_FALSE(store_.make_folder(folder_ / "file", FileMode::kPrivate));
    EXPECT_FALSE(store_.make_folder(folder_ / "file" / "b", FileMode::kPrivate));
}

TEST_F(FileStoreTest, ListsNamesInOrderWithoutTemporaries) {
    for (const char* name : {"b", "a", ".hidden"}) {
        ASSERT_TRUE(store_.write(folder_ / name, bytes_of("x"), FileMode::kPrivate));
    }
    // What a power cut in the middle of a write leaves behind.
    ASSERT_TRUE(store_.write(folder_ / ".a.firebreak-tmp-0123", bytes_of("x"), FileMode::kPrivate));

    EXPECT_EQ(store_.list(folder_), (Names{".hidden", "a", "b"}));
}

TEST_F(FileStoreTest, SaysThatAFolderIsNotThere) {
    const Result<Names> names = store_.list(folder_ / "nothing");

    ASSERT_FALSE(names);
    EXPECT_EQ(names.error(), Errc::kNotFound);
    ASSERT_TRUE(store_.write(folder_ / "file", bytes_of("x"), FileMode::kPrivate));
    EXPECT_FALSE(store_.list(folder_ / "file"));
}

}  // namespace
}  // namespace firebreak
