// What the commands print and exit with.

#include <boost/json/serialize.hpp>
#include <gtest/gtest.h>

#include "cli/command.hpp"
#include "cli/event_log.hpp"
#include "cli/rollouts.hpp"
#include "cli/table.hpp"
#include "core/base/errc.hpp"
#include "core/base/random.hpp"
#include "core/net/errc.hpp"
#include "core/rollout/event_log.hpp"
#include "tests/support/fake_clock.hpp"
#include "tests/support/memory_file_store.hpp"

namespace firebreak::cli {
namespace {

TEST(ExitCode, TellsBadInputFromARefusalFromAnUnreachableServer) {
    EXPECT_EQ(exit_code_of(Error(Errc::kRefused, "x")), 1);
    EXPECT_EQ(exit_code_of(Error(Errc::kBadInput, "x")), 2);
    EXPECT_EQ(exit_code_of(Error(firebreak::Errc::kMalformed, "x")), 2);
    EXPECT_EQ(exit_code_of(Error(net::Errc::kConnection, "x")), 3);
    EXPECT_EQ(exit_code_of(Error(net::Errc::kTls, "x")), 3);
    EXPECT_EQ(exit_code_of(Error(std::make_error_code(std::errc::no_space_on_device), "x")), 1);
}

TEST(Table, AlignsColumnsAndEndsNoLineInBlanks) {
    Table table({"a", "long heading"});
    table.add({"wide cell", "b"});

    EXPECT_EQ(table.render(), "a          long heading\nwide cell  b\n");
}

TEST(RolloutName, IsAStreamAndACounter) {
    EXPECT_EQ(*rollout_path("yara/41"), "/v1/rollouts/yara/41");
    for (const std::string bad : {"yara", "yara/", "/41", "yara/x", "yara/4/1", "../1", "yara/-1",
                                  "YARA/1", "yara/99999999999999999999"}) {
        EXPECT_EQ(rollout_path(bad).error(), Errc::kBadInput) << bad;
    }
}

class LogFile : public ::testing::Test {
protected:
    LogFile() {
        rollout::LogEntry first;
        first.kind = "test.one";
        first.actor = "operator:alice";
        first.data = json::object{{"n", 1}};
        first = rollout::follow(nullptr, first);
        rollout::LogEntry second = first;
        second.kind = "test.two";
        second = rollout::follow(&first, second);
        lines_ = {json::serialize(rollout::to_json(first)),
                  json::serialize(rollout::to_json(second))};
    }

    Result<Output> verify(const std::string& text) {
        files_.files["log"] = to_bytes(text);
        return verify_log_file(context_, "log");
    }

    std::vector<std::string> lines_;
    test::MemoryFileStore files_;
    test::FakeClock clock_;
    SeededRandom random_{1};
    Context context_{files_, clock_, random_, {}};
};

TEST_F(LogFile, VerifiesWhenWhole) {
    const auto verdict = verify(lines_[0] + "\n" + lines_[1] + "\n");

    ASSERT_TRUE(verdict) << verdict.error().to_string();
    EXPECT_EQ(verdict->data.at("entries"), 2);
}

TEST_F(LogFile, ShowsARemovedFirstEntry) {
    EXPECT_FALSE(verify(lines_[1] + "\n"));
}

TEST_F(LogFile, ShowsEntriesInAnotherOrder) {
    EXPECT_FALSE(verify(lines_[1] + "\n" + lines_[0] + "\n"));
}

TEST_F(LogFile, ShowsAnAlteredEntry) {
    std::string altered = lines_[0];
    altered.replace(altered.find("alice"), 5, "mallo");

    EXPECT_FALSE(verify(altered + "\n" + lines_[1] + "\n"));
}

TEST_F(LogFile, ShowsALineCutOff) {
    EXPECT_FALSE(verify(lines_[0] + "\n" + lines_[1]));
}

}  // namespace
}  // namespace firebreak::cli
