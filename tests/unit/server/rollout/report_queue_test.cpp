#include "server/rollout/report_queue.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <future>

#include "core/base/errc.hpp"
#include "tests/unit/server/rollout/driver_fixture.hpp"

namespace firebreak::server {
namespace {

class ReportQueueTest : public test::DriverFixture {
protected:
    void SetUp() override {
        DriverFixture::SetUp();
        enrol(4);
        start(1);
        queue_.emplace(*driver_, controller_.get_executor());
    }
    void TearDown() override { controller_.join(); }

    /// Submits all of `reports` while the controller is busy, then lets it go on.
    std::vector<Result<ReportAnswer>> submit_together(const std::vector<health::Report>& reports) {
        std::promise<void> go_on;
        boost::asio::post(controller_, [ready = go_on.get_future().share()] { ready.wait(); });
        boost::asio::io_context context;
        std::vector<Result<ReportAnswer>> answers(reports.size(),
                                                  fail(Errc::kUnavailable, "no answer"));
        for (std::size_t i = 0; i < reports.size(); ++i) {
            const auto done = [&answers, i](const std::exception_ptr&,
                                            Result<ReportAnswer> answer) {
                answers[i] = std::move(answer);
            };
            boost::asio::co_spawn(context, queue_->submit(reports[i]), done);
        }
        context.poll();
        go_on.set_value();
        context.run();
        return answers;
    }

    boost::asio::thread_pool controller_{1};
    std::optional<ReportQueue> queue_;
};

TEST_F(ReportQueueTest, CommitsWhatWaitsTogetherInOneTransaction) {
    std::vector<health::Report> reports;
    for (test::SimulatedDevice& device : fleet_) {
        reports.push_back(report(device, health::Kind::kHeartbeat, 0));
    }
    const int before = store_->commits;

    const auto answers = submit_together(reports);
    controller_.join();

    for (const auto& answer : answers) EXPECT_TRUE(answer);
    EXPECT_EQ(store_->commits, before + 1);
}

TEST_F(ReportQueueTest, GivesEachItsOwnAnswer) {
    test::SimulatedDevice stranger;
    stranger.id = "stranger";
    const health::Report known = report(fleet_.front(), health::Kind::kHeartbeat, 0);

    const auto answers =
        submit_together({known, report(stranger, health::Kind::kHeartbeat, 0), known});

    ASSERT_TRUE(answers.at(0));
    EXPECT_FALSE(answers.at(0)->duplicate);
    EXPECT_EQ(answers.at(1).error(), Errc::kNotFound);
    EXPECT_TRUE(answers.at(2)->duplicate);
}

TEST_F(ReportQueueTest, TellsAllOfABatchThatTheDiskIsFull) {
    store_->full = true;

    const auto answers = submit_together({report(fleet_.at(0), health::Kind::kHeartbeat, 0),
                                          report(fleet_.at(1), health::Kind::kHeartbeat, 0)});

    for (const auto& answer : answers) {
        ASSERT_FALSE(answer);
        EXPECT_EQ(answer.error(), std::make_error_code(std::errc::no_space_on_device));
    }
}

}  // namespace
}  // namespace firebreak::server
