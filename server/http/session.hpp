#pragma once

#include <atomic>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <functional>
#include <memory>

#include "server/http/dispatch.hpp"

namespace firebreak::server {

/// Whether a new connection is served, or told 503 because there are too many.
enum class Capacity { kServe, kRefuse };

/// One TLS connection, from the handshake until the peer leaves, a limit is hit, the server drains,
/// or it is aborted. Nobody learns how it ended but the log.
///
/// Limits: all of SessionLimits. Time is given to a whole step and not to a single read, so that a
/// byte now and then does not buy more of it.
/// Tests: tests/integration/http/.
class Session {
public:
    virtual ~Session() = default;

    /// Serves, on the socket's executor, which is a strand of its own. Call it once. The session
    /// keeps itself alive, and calls `gone` on its strand as the last thing that it does.
    virtual void start(std::function<void()> gone) = 0;

    /// Leave the peer now if no request is in flight: the server stops. Any thread.
    virtual void drain() = 0;

    /// Go now. Cancels the handler. Any thread.
    virtual void abort() = 0;
};

/// @param tls         Must outlive the session, as must `dispatcher` and `stopping`.
/// @param stopping    True from the moment that the server stops, set before drain() is called: the
///                    request in flight is then the connection's last.
/// Shared between its coroutine and the server that may want it gone.
std::shared_ptr<Session> make_session(boost::asio::ip::tcp::socket socket,
                                      boost::asio::ssl::context& tls, const Dispatcher& dispatcher,
                                      Capacity capacity, const std::atomic<bool>& stopping);

}  // namespace firebreak::server
