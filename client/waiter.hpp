#pragma once

#include <boost/asio/awaitable.hpp>
#include <chrono>

namespace firebreak::client {

/// How the agent lets time pass. A test's waiter moves its clock instead.
class Waiter {
public:
    virtual ~Waiter() = default;

    /// Returns after `duration`; at once, but after everything else that was ready, for 0.
    /// Cancellation: honoured.
    virtual boost::asio::awaitable<void> wait(std::chrono::milliseconds duration) = 0;
};

/// By the executor's own timer, which is not moved by changes of the wall clock.
class TimerWaiter final : public Waiter {
public:
    boost::asio::awaitable<void> wait(std::chrono::milliseconds duration) override;
};

}  // namespace firebreak::client
