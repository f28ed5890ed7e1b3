#include "client/report_queue.hpp"

#include <gtest/gtest.h>

namespace firebreak::client {
namespace {

using health::Kind;

const Instant kNow{std::chrono::seconds{1'800'000'000}};

ReportDraft draft(Kind kind, std::int64_t counter) {
    return {.kind = kind, .counter = counter, .to_counter = 0, .detail = ""};
}

/// Empties the queue as a sender does; returns what was sent.
std::vector<WaitingReport> send_all(ReportQueue& queue) {
    std::vector<WaitingReport> sent;
    while (!queue.empty()) {
        sent.push_back(queue.number_first());
        queue.pop_first();
    }
    return sent;
}

TEST(ReportQueue, KeepsTheOrderAndNumbersFromOne) {
    ReportQueue queue;
    queue.push(draft(Kind::kActivating, 1), kNow);
    queue.push(draft(Kind::kHealthy, 1), kNow);
    queue.push(draft(Kind::kHeartbeat, 1), kNow);

    const std::vector<WaitingReport> sent = send_all(queue);

    ASSERT_EQ(sent.size(), 3U);
    EXPECT_EQ(sent[0].sequence, 1);
    EXPECT_EQ(sent[1].sequence, 2);
    EXPECT_EQ(sent[2].sequence, 3);
    EXPECT_EQ(sent[1].draft.kind, Kind::kHealthy);
}

TEST(ReportQueue, ARepeatIsTheSameReportUnderTheSameNumber) {
    ReportQueue queue;
    queue.push(draft(Kind::kCrash, 4), kNow);
    const WaitingReport first = queue.number_first();
    queue.push(draft(Kind::kRollback, 4), kNow);

    EXPECT_EQ(queue.number_first(), first);
}

TEST(ReportQueue, DoesNotReuseANumberAfterARestart) {
    ReportQueue queue;
    queue.push(draft(Kind::kCrash, 4), kNow);
    queue.number_first();
    Result<ReportQueue> restarted = ReportQueue::parse(queue.to_json());
    ASSERT_TRUE(restarted);
    EXPECT_EQ(*restarted, queue);

    EXPECT_EQ(restarted->number_first().sequence, 1);
    restarted->pop_first();
    restarted->push(draft(Kind::kHealthy, 5), kNow);
    EXPECT_EQ(restarted->number_first().sequence, 2);
}

TEST(ReportQueue, OneHeartbeatWaitsAtMost) {
    ReportQueue queue;
    for (int i = 0; i < 1000; ++i) queue.push(draft(Kind::kHeartbeat, 1), kNow);

    EXPECT_EQ(queue.size(), 1U);
}

TEST(ReportQueue, AHeartbeatThatWasSentIsNotReplaced) {
    ReportQueue queue;
    queue.push(draft(Kind::kHeartbeat, 1), kNow);
    const WaitingReport first = queue.number_first();
    queue.push(draft(Kind::kHeartbeat, 2), kNow);

    EXPECT_EQ(queue.size(), 2U);
    EXPECT_EQ(queue.number_first(), first);
}

TEST(ReportQueue, AnAnnouncementThatWasSentIsNotDoubled) {
    ReportQueue queue;
    queue.push(draft(Kind::kActivating, 2), kNow);
    queue.number_first();
    queue.push(draft(Kind::kActivating, 2), kNow);

    EXPECT_EQ(queue.size(), 1U);
}

TEST(ReportQueue, WhenFullDropsTheHeartbeatThenTheOldest) {
    ReportQueue queue;
    queue.push(draft(Kind::kCrash, 1), kNow);
    queue.number_first();
    queue.push(draft(Kind::kHeartbeat, 1), kNow);
    for (std::int64_t counter = 1; counter < 400; ++counter) {
        queue.push(draft(Kind::kRollback, counter), kNow);
    }

    ASSERT_EQ(queue.size(), ReportQueue::kReportsMax);
    const std::vector<WaitingReport> left = send_all(queue);
    EXPECT_EQ(left.front().draft.kind, Kind::kCrash);  // May have been received.
    EXPECT_EQ(left.back().draft.counter, 399);
    for (const WaitingReport& one : left) EXPECT_NE(one.draft.kind, Kind::kHeartbeat);
}

TEST(ReportQueue, MakesDetailsPrintableAndShort) {
    ReportQueue queue;
    ReportDraft noisy = draft(Kind::kCrash, 1);
    noisy.detail = std::string("a\n\x1b[31m\xff") + std::string(10'000, 'x');
    queue.push(noisy, kNow);

    const std::string& detail = queue.number_first().draft.detail;

    EXPECT_LE(detail.size(), 500U);
    EXPECT_TRUE(detail.starts_with("a??[31m?x"));
}

TEST(ReportQueue, RefusesAFileThatContradictsItself) {
    ReportQueue queue;
    queue.push(draft(Kind::kCrash, 1), kNow);
    queue.push(draft(Kind::kRollback, 1), kNow);
    const json::object good = queue.to_json();
    json::object late = good;
    late["waiting"].as_array()[1].as_object()["sequence"] = 1;  // Sent before the first.
    json::object early = good;
    early["waiting"].as_array()[0].as_object()["sequence"] = 9;  // Never given.
    json::object unknown = good;
    unknown["waiting"].as_array()[0].as_object()["kind"] = "rumour";
    json::object zero = good;
    zero["next_sequence"] = 0;

    for (const json::object& bad : {late, early, unknown, zero}) {
        EXPECT_FALSE(ReportQueue::parse(bad));
    }
    EXPECT_TRUE(ReportQueue::parse(good));
}

}  // namespace
}  // namespace firebreak::client
