#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "server/rollout/driver.hpp"

namespace firebreak::server {

/// Group commit: reports that arrive while a commit is under way wait for it together and go into
/// the next one together. No timer: the next commit begins when the last one returns.
///
/// Limits: kWaitingMax reports wait; one more is told to come back. kBatchMax go into one commit,
/// so
/// that no transaction keeps the others waiting for long.
/// Thread safety: any thread.
/// Tests: tests/unit/server/rollout/report_queue_test.cpp
class ReportQueue {
public:
    static constexpr std::size_t kWaitingMax = 16'384;
    static constexpr std::size_t kBatchMax = 1'024;

    /// @param driver      Used on `controller` alone.
    /// @param controller  Of one thread. Both must outlive the queue's users; join the pool first.
    ReportQueue(Driver& driver, boost::asio::any_io_executor controller)
        : driver_(driver), controller_(std::move(controller)) {}

    /// Takes in one authenticated report, and answers once it is durable.
    ///
    /// @returns what Driver::accept says, or Errc::kUnavailable when too many wait.
    /// Cancellation: before the answer; the report may count all the same.
    boost::asio::awaitable<Result<ReportAnswer>> submit(health::Report report);

private:
    /// A report on its way, shared by the request that waits and the batch that carries it.
    struct Ticket {
        health::Report report;
        std::optional<Result<ReportAnswer>> answer;
    };

    void commit_waiting();
    void decide_soon();

    Driver& driver_;
    boost::asio::any_io_executor controller_;
    std::mutex mutex_;
    std::vector<std::shared_ptr<Ticket>> waiting_;  ///< Guarded by mutex_.
    bool decide_posted_ = false;                    ///< Used on the controller alone.
};

}  // namespace firebreak::server
