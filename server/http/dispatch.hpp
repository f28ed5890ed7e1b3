#pragma once

#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <optional>
#include <string>

#include "server/http/limits.hpp"
#include "server/http/router.hpp"
#include "server/http/server.hpp"

namespace firebreak::server {

/// One request from the moment its header is there.
struct Exchange {
    std::string id;
    std::string peer;
    std::string method;
    RequestContext context;          ///< The handler's, once it is asked.
    const Route* route = nullptr;    ///< None when `problem` is set.
    std::optional<Problem> problem;  ///< Why it was refused, once it is; also for the log.
    std::chrono::steady_clock::time_point begun;
};

/// What happens to a request between its bytes and its answer's bytes. Meets no socket: the session
/// (server/http/session.hpp) brings and sends the bytes, tests call it directly.
///
/// Thread safety: any thread, one thread an Exchange.
/// Tests: tests/unit/server/http/dispatch_test.cpp.
class Dispatcher {
public:
    /// `parts` and what they refer to must outlive the dispatcher.
    Dispatcher(HttpServerParts parts, SessionLimits limits) : parts_(parts), limits_(limits) {}

    /// Gives the request an id and finds its route. A request that is refused at once, 400, 404,
    /// 405 or 501, has its `problem` set.
    /// @param head  The request without its body.
    Exchange begin(net::Request head, std::string peer) const;

    /// An exchange that was refused before there was a request that could be read.
    Exchange refused(Problem problem, std::string peer) const;

    /// How long the body of this request may be.
    std::uint64_t body_bytes_max(const Exchange& exchange) const;

    /// Asks the route's guard; sets `problem` when it refuses. @pre no problem is set.
    boost::asio::awaitable<void> admit(Exchange& exchange) const;

    /// The answer: the problem's, or what the handler makes of the request, within handle_timeout.
    /// An exception of a handler is a bug; it is logged and answered by 500.
    boost::asio::awaitable<Reply> answer(Exchange& exchange) const;

    /// The line "http.request".
    void log(const Exchange& exchange, unsigned status, std::uint64_t body_bytes) const;

    const HttpServerParts& parts() const noexcept { return parts_; }
    const SessionLimits& limits() const noexcept { return limits_; }

private:
    HttpServerParts parts_;
    SessionLimits limits_;
};

}  // namespace firebreak::server
