#include "client/waiter.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace firebreak::client {

boost::asio::awaitable<void> TimerWaiter::wait(std::chrono::milliseconds duration) {
    namespace asio = boost::asio;
    asio::steady_timer timer(co_await asio::this_coro::executor, duration);
    co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
}

}  // namespace firebreak::client
