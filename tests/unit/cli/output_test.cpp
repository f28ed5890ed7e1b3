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

const char* const kRolling = R"({"stream": "yara", "counter": 7, "phase": "rolling", "reason": "",
  "rings": [], "harm_bound": 12,
  "segments": [{"segment": "os=Windows 11", "activated": 9, "confirmed": 6, "failed": 2,
                "window": 11, "filled": 3, "e": 2.302585},
               {"segment": "os=Windows 10", "activated": 4, "confirmed": 4, "failed": 0,
                "window": 9, "filled": 0, "e": null}],
  "window": {"ring": "canary", "size": 10, "filled": 4, "room": 6, "failures_to_halt": 3},
  "gates": [
    {"gate": "exposed", "open": false, "have": 420000000, "need": 1000000000, "opens_at": null},
    {"gate": "baked", "open": false, "have": 0, "need": 0, "opens_at": "2027-01-15T08:00:00.000Z"},
    {"gate": "resolved", "open": true, "have": 0, "need": 0, "opens_at": null},
    {"gate": "confirmed", "open": false, "have": 12, "need": 100, "opens_at": null},
    {"gate": "hours", "open": true, "have": 60, "need": 50, "opens_at": null},
    {"gate": "evidence", "open": true, "have": -2.302585, "need": 0, "opens_at": null},
    {"gate": "heard", "open": true, "have": 1, "need": 2.9, "opens_at": null}],
  "evidence": {"e": -1.2, "threshold": 9.21034, "e_crash": 0, "e_silence": 0, "e_control": 0,
               "e_losses": 0}})";

TEST(RolloutExplanation, SaysWhatItWaitsForAndWhatWouldHaltIt) {
    const Result<Output> output = render_explanation(parse_json(kRolling).value());

    ASSERT_TRUE(output) << output.error().to_string();
    for (const char* line :
         {"yara/7 is rolling.\n", "4 of 10 places are taken, 6 devices may activate now",
          "It halts at E = 10^4.0; E is 10^-0.5", "3 failures would halt it; at most 12",
          "[ ] all of the ring is exposed: 42% so far\n",
          "[ ] its bake is over: at 2027-01-15T08:00:00.000Z\n",
          "[x] no device is pending: 0 are\n", "[ ] confirmed: 12 of 100\n",
          "[x] device-hours: 60 of 50\n",
          "[x] E of the ring, and of the segments, is below 1: 10^-1.0 now\n",
          "os=Windows 11  9          6          2       3 of 11  10^1.0\n",
          "os=Windows 10  4          4          0       0 of 9   -\n",
          "lost after they confirmed than of the others: 1, 2 at most\n"}) {
        EXPECT_NE(output->text.find(line), std::string::npos) << line << "\n" << output->text;
    }
}

TEST(RolloutExplanation, SaysWhatPeopleAndTheCalendarHaveToSay) {
    json::object rolling = parse_json(kRolling).value().as_object();
    rolling["gates"] = parse_json(R"([
        {"gate": "approved", "open": false, "have": 1, "need": 2, "opens_at": null},
        {"gate": "thawed", "open": false, "have": 0, "need": 0,
         "opens_at": "2026-11-30T07:00:00.000Z"}])")
                           .value();
    rolling["people"] = parse_json(R"({"approved_by": ["alice"], "overridden": [],
        "override_asked": {"person": "bob", "ring": "canary", "reason": "a worm is out",
                           "until": "2026-11-28T13:00:00Z"},
        "freeze": {"name": "weekends", "from": "2026-11-27T15:00:00Z",
                   "until": "2026-11-30T07:00:00Z"}})")
                            .value();

    const Result<Output> output = render_explanation(rolling);

    ASSERT_TRUE(output) << output.error().to_string();
    for (const char* line :
         {"[ ] people approved the next ring: 1 of 2\n", "was approved by alice.\n",
          "[ ] no freeze is on: this one lasts until 2026-11-30T07:00:00.000Z\n",
          "bob asks to pass over what ring canary waits for: a worm is out\n",
          "grants it until 2026-11-28T13:00:00Z", "Freeze 'weekends' from 2026-11-27T15:00:00Z"}) {
        EXPECT_NE(output->text.find(line), std::string::npos) << line << "\n" << output->text;
    }
}

json::object held_rollout(const char* held_by, const char* resume_asked) {
    json::object held = parse_json(kRolling).value().as_object();
    held["phase"] = "held";
    held["reason"] = "3 of 5 devices failed";
    held["held_by"] = held_by == nullptr ? json::value(nullptr) : json::value(held_by);
    held["people"] = json::object{{"resume_asked", parse_json(resume_asked).value()}};
    json::object& evidence = held["evidence"].as_object();
    evidence["e"] = 2.302585;
    evidence["failed_devices"] = 3;
    evidence["failed_tenants"] = 2;
    evidence["lost_devices"] = 1;
    return held;
}

constexpr const char* kAsked =
    R"({"person": "bob", "reason": "a switch was off", "at": "2026-11-28T12:00:00Z",
        "until": "2026-11-28T13:00:00Z"})";

TEST(HeldRollout, ByTheEvidenceSaysWhatTwoPeopleWouldPassOverAndHow) {
    for (const auto render : {&render_explanation, &render_rollout}) {
        const Result<Output> nobody = render(held_rollout("controller", "null"));
        ASSERT_TRUE(nobody) << nobody.error().to_string();
        EXPECT_NE(
            nobody->text.find(
                "Held by the evidence.\n"
                "Who goes on passes over 3 devices that failed, of 2 tenants, and 1 that fell "
                "silent later; E is 10^1.0.\n"
                "One person halts it, two go on; each of the two: "
                "firebreak rollout resume yara/7 --reason \"...\"\n"),
            std::string::npos)
            << nobody->text;

        const Result<Output> asked = render(held_rollout("controller", kAsked));
        ASSERT_TRUE(asked) << asked.error().to_string();
        for (const char* line :
             {"Held by the evidence; bob asked to go on at 2026-11-28T12:00:00Z: a switch was "
              "off.\n",
              "passes over 3 devices that failed",
              "A second person, until 2026-11-28T13:00:00Z: "
              "firebreak rollout resume yara/7 --reason \"...\"\n"}) {
            EXPECT_NE(asked->text.find(line), std::string::npos) << line << "\n" << asked->text;
        }
    }
}

TEST(HeldRollout, ByAPersonTakesOneAndOfAServerOfBeforeToo) {
    for (const char* held_by : {"person", static_cast<const char*>(nullptr)}) {
        const Result<Output> output = render_explanation(held_rollout(held_by, "null"));
        ASSERT_TRUE(output) << output.error().to_string();
        EXPECT_NE(output->text.find("A person decides, to halt it or to go on: firebreak rollout "
                                    "resume yara/7 --reason"),
                  std::string::npos)
            << output->text;
        EXPECT_EQ(output->text.find("evidence."), std::string::npos);
    }
    json::object of_before = held_rollout("person", "null");
    of_before.erase("held_by");
    of_before.erase("people");
    EXPECT_TRUE(render_explanation(of_before));
}

TEST(RolloutExplanation, SaysWhoIsToActWhenItIsOver) {
    json::object halted = parse_json(kRolling).value().as_object();
    halted["phase"] = "halted";
    halted["reason"] = "3 of 5 devices failed";
    halted["gates"] = json::array{};
    halted["segments"] = json::array{};

    const Result<Output> output = render_explanation(halted);

    ASSERT_TRUE(output) << output.error().to_string();
    EXPECT_EQ(output->text,
              "yara/7 is halted.\nReason: 3 of 5 devices failed\nA halt is final. Publish a higher "
              "counter.\n");
}

TEST(RolloutExplanation, TakesNoAnswerOfAnotherForm) {
    for (const char* member : {"window", "gates", "evidence", "segments"}) {
        json::object without = parse_json(kRolling).value().as_object();
        without.erase(member);
        EXPECT_FALSE(render_explanation(without)) << member;
    }
    EXPECT_FALSE(render_explanation(json::value(7)));
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
