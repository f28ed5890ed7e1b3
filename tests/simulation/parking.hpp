#pragma once

#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <functional>
#include <memory>
#include <utility>

#include "tests/simulation/disk.hpp"

namespace firebreak::simulation {

/// Where the one coroutine of a machine waits until an event lets it go on, or its machine dies.
class Parking {
public:
    /// A number for the wait that begins next; only its holder may end it.
    std::uint64_t ticket() { return ++ticket_; }

    /// Waits for resume() of the last ticket. Throws Died when the machine has died meanwhile.
    boost::asio::awaitable<void> park() {
        const auto initiate = [this](auto handler) {
            const auto kept = std::make_shared<decltype(handler)>(std::move(handler));
            resume_ = [kept] { std::move (*kept)(); };
        };
        co_await boost::asio::async_initiate<const boost::asio::use_awaitable_t<>&, void()>(
            initiate, boost::asio::use_awaitable);
        if (dead_) throw Died{};
    }

    bool is_last(std::uint64_t ticket) const { return ticket == ticket_; }

    void resume(std::uint64_t ticket) {
        if (!is_last(ticket)) return;
        ++ticket_;
        if (const auto go_on = std::exchange(resume_, nullptr)) go_on();
    }
    /// Ends whatever waits, by Died.
    void die() {
        dead_ = true;
        ++ticket_;
        if (const auto go_on = std::exchange(resume_, nullptr)) go_on();
    }

private:
    std::function<void()> resume_;
    std::uint64_t ticket_ = 0;
    bool dead_ = false;
};

}  // namespace firebreak::simulation
