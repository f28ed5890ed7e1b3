// Events that other programs log, on their way to the sensor: real files, a sensor that counts.

#include "client/event_logs.hpp"

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>

#include "core/base/errc.hpp"

namespace firebreak::client {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kContract = "process_creation_linux/v1";

/// For events of one contract: matches where some field says MATCH, fails where one says NO ANSWER.
class WordSensor final : public LiveSensor {
public:
    std::size_t field_count = 0;  ///< Of the last event.
    bool takes_none = false;

    Result<void> load(const content::Bundle&) override { return {}; }
    void unload() override {}
    const Sha256* running() const override { return &build_; }
    Result<void> probe() override { return {}; }
    Result<std::vector<sensor::Match>> scan(std::string_view, ByteView) override {
        return fail(Errc::kUnsupported, "events only");
    }
    bool takes(std::string_view contract, std::size_t count) const override {
        return !takes_none && contract == kContract && count > 0;
    }
    Result<std::vector<sensor::Match>> evaluate(const fb_input& input) override {
        const fb_event_input& event = input.as.event;
        field_count = event.field_count;
        std::vector<sensor::Match> matches;
        for (std::size_t index = 0; index < event.field_count; ++index) {
            const fb_field& field = event.fields[index];
            const std::string_view text = text_of({field.data, field.length});
            if (text == "NO ANSWER") return fail(Errc::kUnavailable, "timeout");
            if (text == "MATCH") matches.push_back({.rule = "word", .detail = ""});
        }
        return matches;
    }
    const Sha256& build() const override { return build_; }
    std::uint64_t input_bytes_max() const override { return 1000; }
    std::chrono::nanoseconds processor_time() const override { return {}; }

private:
    Sha256 build_;
};

class EventLogsTest : public ::testing::Test {
protected:
    static fs::path make_folder() {
        std::string name = (fs::temp_directory_path() / "firebreak-events-XXXXXX").string();
        return ::mkdtemp(name.data());
    }
    ~EventLogsTest() override {
        std::error_code ignored;
        fs::remove_all(folder_, ignored);
    }

    void append(const std::string& line) {
        std::ofstream(folder_ / "events.jsonl", std::ios::app) << line << "\n";
    }
    void append_process(const std::string& command) {
        append(R"({"contract":"process_creation_linux/v1","fields":{"CommandLine":")" + command +
               R"("}})");
    }

    const fs::path folder_ = make_folder();
    WordSensor sensor_;
    EventLogs logs_{{folder_ / "events.jsonl", folder_ / "not-there.jsonl"}};
};

TEST_F(EventLogsTest, JudgesEachEventOnceAndNamesTheLog) {
    append_process("ls");
    append_process("MATCH");

    const EventPass pass = logs_.judge(sensor_);

    EXPECT_EQ(pass.judged, 2U);
    ASSERT_EQ(pass.detections.size(), 1U);
    EXPECT_EQ(pass.detections[0].match.rule, "word");
    EXPECT_EQ(pass.detections[0].contract, kContract);
    EXPECT_EQ(pass.detections[0].log, folder_ / "events.jsonl");
    EXPECT_GT(sensor_.field_count, 5U);
    EXPECT_EQ(logs_.judge(sensor_).judged, 0U);
}

TEST_F(EventLogsTest, CountsAnOutageAsAnOutage) {
    append_process("NO ANSWER");
    append_process("ls");

    const EventPass pass = logs_.judge(sensor_);

    EXPECT_EQ(pass.failed, 1U);
    EXPECT_EQ(pass.judged, 1U);
    EXPECT_NE(pass.first_failure.find("timeout"), std::string::npos);
}

TEST_F(EventLogsTest, PassesOverWhatItCannotReadAndSaysSo) {
    for (const char* line : {"{", "[1]", "\"text\"", "null", R"({"a":1,"a":2})", "\xFF"})
        append(line);
    append_process("MATCH");

    const EventPass pass = logs_.judge(sensor_);

    EXPECT_EQ(pass.unreadable, 6U);
    EXPECT_NE(pass.first_unreadable.find("events.jsonl"), std::string::npos);
    EXPECT_EQ(pass.detections.size(), 1U);
}

TEST_F(EventLogsTest, HandsOverNothingThatTheContentInForceIsNotFor) {
    sensor_.takes_none = true;
    append_process("MATCH");

    const EventPass pass = logs_.judge(sensor_);

    EXPECT_EQ(pass.judged + pass.failed + pass.unreadable, 0U);
    EXPECT_TRUE(pass.detections.empty());
}

TEST_F(EventLogsTest, ListsNoMoreThanItsShareAndCountsTheRest) {
    for (std::size_t index = 0; index < EventLogs::kDetectionsMax + 5; ++index) {
        append_process("MATCH");
    }

    const EventPass pass = logs_.judge(sensor_);

    EXPECT_EQ(pass.detections.size(), EventLogs::kDetectionsMax);
    EXPECT_EQ(pass.not_listed, 5U);
}

}  // namespace
}  // namespace firebreak::client
