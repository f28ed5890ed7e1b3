#include "core/base/log.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <gtest/gtest.h>

#include "core/base/json.hpp"
#include "tests/support/fake_clock.hpp"

namespace firebreak {
namespace {

class LogTest : public ::testing::Test {
protected:
    void SetUp() override { ASSERT_EQ(::pipe2(ends_.data(), O_CLOEXEC | O_NONBLOCK), 0); }
    void TearDown() override {
        for (const int end : ends_) ::close(end);
    }

    /// Everything written since the last call.
    std::string written() {
        std::array<char, 4096> buffer{};
        const ssize_t got = ::read(ends_[0], buffer.data(), buffer.size());
        return got > 0 ? std::string(buffer.data(), static_cast<std::size_t>(got)) : "";
    }

    std::array<int, 2> ends_{-1, -1};
    test::FakeClock clock_{Instant{std::chrono::milliseconds{1'721'362'140'007}}};
};

TEST_F(LogTest, WritesOneObjectALine) {
    const Log log(clock_, ends_[1], Severity::kInfo);

    log.warning("report.refused", {{"device", "d\n1"}, {"count", 2}});

    EXPECT_EQ(written(),
              "{\"time\":\"2024-07-19T04:09:00.007Z\",\"severity\":\"warning\","
              "\"event\":\"report.refused\",\"device\":\"d\\n1\",\"count\":2}\n");
}

TEST_F(LogTest, LeavesOutWhatIsLessSevere) {
    const Log log(clock_, ends_[1], Severity::kWarning);

    log.debug("a");
    log.info("b");
    EXPECT_EQ(written(), "");
    log.warning("c");
    log.error("d");

    const std::string text = written();
    EXPECT_NE(text.find("\"severity\":\"warning\""), std::string::npos);
    EXPECT_NE(text.find("\"severity\":\"error\""), std::string::npos);
}

TEST_F(LogTest, DoesNotLetAFieldTakeThePlaceOfTheTimeOrTheEvent) {
    const Log log(clock_, ends_[1], Severity::kInfo);

    log.info("real", {{"event", "fake"}, {"time", "never"}, {"severity", "debug"}});

    const Result<json::value> line = parse_json(written());
    ASSERT_TRUE(line);
    EXPECT_EQ(line->at("event"), json::value("real"));
    EXPECT_EQ(line->at("severity"), json::value("info"));
    EXPECT_EQ(line->at("time"), json::value("2024-07-19T04:09:00.007Z"));
}

TEST_F(LogTest, SurvivesADescriptorThatIsGone) {
    const Log log(clock_, -1, Severity::kInfo);

    log.error("nobody.hears");
}

}  // namespace
}  // namespace firebreak
