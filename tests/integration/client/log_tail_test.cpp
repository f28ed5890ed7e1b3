// A log as other programs leave it: growing, renamed, cut short, gone, no log at all.

#include "client/platform/log_tail.hpp"

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <sys/stat.h>

namespace firebreak::client {
namespace {

namespace fs = std::filesystem;
using Strings = std::vector<std::string>;

class LogTailTest : public ::testing::Test {
protected:
    static fs::path make_folder() {
        std::string name = (fs::temp_directory_path() / "firebreak-tail-XXXXXX").string();
        return ::mkdtemp(name.data());
    }
    ~LogTailTest() override {
        std::error_code ignored;
        fs::remove_all(folder_, ignored);
    }

    void append(const std::string& text) { std::ofstream(log_, std::ios::app) << text; }
    Strings read(LogTail& tail) {
        const Result<LogTail::Lines> lines = tail.read();
        EXPECT_TRUE(lines.has_value()) << lines.error().to_string();
        return lines ? lines->lines : Strings{};
    }

    const fs::path folder_ = make_folder();
    const fs::path log_ = folder_ / "events.jsonl";
};

TEST_F(LogTailTest, BeginsAtTheEndOfWhatIsThere) {
    append("old\n");
    LogTail tail(log_);

    EXPECT_EQ(read(tail), Strings{});
    append("one\ntwo\n");
    EXPECT_EQ(read(tail), (Strings{"one", "two"}));
    EXPECT_EQ(read(tail), Strings{});
}

TEST_F(LogTailTest, BeginsAtTheStartOfALogThatIsMadeLater) {
    LogTail tail(log_);
    EXPECT_EQ(read(tail), Strings{});

    append("one\n");

    EXPECT_EQ(read(tail), Strings{"one"});
}

TEST_F(LogTailTest, WaitsForTheEndOfALine) {
    LogTail tail(log_);
    append("half");
    EXPECT_EQ(read(tail), Strings{});

    append(" and half\n\n");

    EXPECT_EQ(read(tail), Strings{"half and half"});
}

TEST_F(LogTailTest, ReadsARenamedLogToItsEndBeforeTheNext) {
    LogTail tail(log_);
    append("one\n");
    EXPECT_EQ(read(tail), Strings{"one"});
    append("two\n");
    fs::rename(log_, folder_ / "events.jsonl.1");
    append("three\n");

    EXPECT_EQ(read(tail), (Strings{"two", "three"}));
}

TEST_F(LogTailTest, BeginsAgainWhereALogWasCutShort) {
    LogTail tail(log_);
    append("a long first line\n");
    EXPECT_EQ(read(tail), Strings{"a long first line"});
    fs::resize_file(log_, 0);
    append("two\n");

    EXPECT_EQ(read(tail), Strings{"two"});
}

TEST_F(LogTailTest, LeavesOutALineThatIsTooLongAndGoesOn) {
    LogTail tail(log_);
    append(std::string(LogTail::kLineBytesMax + 1, 'x'));
    append("xx\nshort\n");

    const Result<LogTail::Lines> lines = tail.read();

    ASSERT_TRUE(lines);
    EXPECT_EQ(lines->lines, Strings{"short"});
    EXPECT_EQ(lines->too_long, 1U);
}

TEST_F(LogTailTest, TakesNoMoreThanATurnsShare) {
    LogTail tail(log_);
    const std::string line(1023, 'x');
    std::string much;
    for (std::size_t bytes = 0; bytes <= LogTail::kReadBytesMax; bytes += 1024) much += line + "\n";
    append(much);

    const Result<LogTail::Lines> first = tail.read();
    const Result<LogTail::Lines> second = tail.read();

    ASSERT_TRUE(first && second);
    EXPECT_TRUE(first->more);
    EXPECT_FALSE(second->more);
    EXPECT_EQ(first->lines.size() + second->lines.size(), much.size() / 1024);
}

TEST_F(LogTailTest, RefusesWhatIsNoRegularFileAndDoesNotWaitForIt) {
    ASSERT_EQ(::mkfifo(log_.c_str(), 0600), 0);
    LogTail tail(log_);

    const Result<LogTail::Lines> lines = tail.read();

    ASSERT_FALSE(lines);
    EXPECT_NE(lines.error().to_string().find("events.jsonl"), std::string::npos);
}

}  // namespace
}  // namespace firebreak::client
