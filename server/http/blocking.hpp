#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <optional>
#include <type_traits>
#include <utility>

namespace firebreak::server {

/// Runs `work` on `pool`, the executor of a thread pool, and comes back to the caller's with what
/// it returned. For everything that would hold up an I/O thread: SQLite, fsync, argon2.
///
/// `auto stored = co_await run_blocking(executor, [&store, report] { return store.add(report); });`
///
/// Work that has begun is always finished, and waited for, also when the caller is cancelled; so
/// `work` may refer to the caller's locals.
/// Cancellation: before `work` has begun, it never runs; afterwards, none.
template <class Work>
boost::asio::awaitable<std::invoke_result_t<Work&>> run_blocking(boost::asio::any_io_executor pool,
                                                                 Work work) {
    using Value = std::invoke_result_t<Work&>;
    // In an optional, because a completion has to be made before there is a value for it.
    if constexpr (std::is_void_v<Value>) {
        auto on_pool = [&work]() -> boost::asio::awaitable<void> {
            work();
            co_return;
        };
        co_await boost::asio::co_spawn(pool, on_pool, boost::asio::use_awaitable);
    } else {
        auto on_pool = [&work]() -> boost::asio::awaitable<std::optional<Value>> {
            co_return work();
        };
        std::optional<Value> value =
            co_await boost::asio::co_spawn(pool, on_pool, boost::asio::use_awaitable);
        co_return std::move(*value);
    }
}

}  // namespace firebreak::server
