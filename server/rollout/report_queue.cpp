#include "server/rollout/report_queue.hpp"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <iterator>

#include "core/base/errc.hpp"
#include "server/http/blocking.hpp"

namespace firebreak::server {

boost::asio::awaitable<Result<ReportAnswer>> ReportQueue::submit(health::Report report) {
    auto ticket = std::make_shared<Ticket>();
    ticket->report = std::move(report);
    {
        const std::lock_guard lock(mutex_);
        if (waiting_.size() >= kWaitingMax) {
            co_return fail(Errc::kUnavailable, "reports: too many are waiting");
        }
        waiting_.push_back(ticket);
    }
    // Each request queues for the controller's thread, and the first that gets there commits for
    // all:
    // the rest find their answers waiting.
    auto committed = [this, ticket]() -> Result<ReportAnswer> {
        while (!ticket->answer) commit_waiting();
        return *ticket->answer;
    };
    Result<ReportAnswer> answer = co_await run_blocking(controller_, std::move(committed));
    co_return answer;
}

void ReportQueue::commit_waiting() {
    std::vector<std::shared_ptr<Ticket>> batch;
    {
        const std::lock_guard lock(mutex_);
        const auto count = static_cast<std::ptrdiff_t>(std::min(waiting_.size(), kBatchMax));
        batch.assign(waiting_.begin(), waiting_.begin() + count);
        waiting_.erase(waiting_.begin(), waiting_.begin() + count);
    }
    std::vector<health::Report> reports;
    reports.reserve(batch.size());
    for (const auto& ticket : batch) reports.push_back(ticket->report);
    std::vector<Result<ReportAnswer>> answers = driver_.accept(reports);
    for (std::size_t i = 0; i < batch.size(); ++i) batch[i]->answer = std::move(answers[i]);
    decide_soon();
}

/// After the answers of this batch are on their way, not before: publishing takes a few fsyncs.
void ReportQueue::decide_soon() {
    if (decide_posted_) return;
    decide_posted_ = true;
    boost::asio::post(controller_, [this] {
        decide_posted_ = false;
        // What fails is in Driver::health(), and tried again at the next tick.
        static_cast<void>(driver_.decide());
    });
}

}  // namespace firebreak::server
