#pragma once

#include <boost/asio/awaitable.hpp>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/http/problem.hpp"
#include "server/http/reply.hpp"
#include "server/http/request.hpp"

namespace firebreak::server {

/// What a handler makes of a request. A net::Response converts to a Reply; a Problem or an Error
/// goes in by refuse().
using Answer = tl::expected<Reply, Problem>;

/// Turns one request into one answer. Runs on its session's strand; nothing slow there: SQLite,
/// fsync and password hashing go through run_blocking() (server/http/blocking.hpp). Meets no
/// socket, so tests call it directly.
///
/// Cancellation: a handler may be cancelled (terminal) at any co_await, when it outlives
/// SessionLimits::handle_timeout or the server stops.
using Handler = std::function<boost::asio::awaitable<Answer>(RequestContext)>;

/// Asked when the header has arrived and the body has not: may this request go on? A refusal is
/// answered without reading the body, so that nobody unknown can make us hold a large one. May
/// leave
/// in `context.caller` what it found out, for the handler. The same rules as for a Handler.
using Guard =
    std::function<boost::asio::awaitable<tl::expected<void, Problem>>(RequestContext& context)>;

struct Route {
    std::string method;   ///< "GET" (serves HEAD too), "POST", "PUT", "DELETE".
    std::string pattern;  ///< "/v1/rollouts/{stream}/{counter}", "/tuf/targets/{path...}".
    Handler handler;
    /// In place of SessionLimits::body_bytes_max: higher for bundle uploads.
    std::optional<std::uint64_t> body_bytes_max = std::nullopt;
    Guard guard = {};  ///< None: everybody may.
};

/// Which handler a request goes to.
///
/// A pattern is '/' and segments: a literal, `{name}` for one segment, or, as the last one,
/// `{name...}` for one or more, joined by '/'. A literal goes before `{name}`, that before
/// `{name...}`, looked at from left to right, whatever the order of add().
///
/// Thread safety: add() first, then find() from any thread.
class Router {
public:
    struct Match {
        const Route* route = nullptr;
        std::map<std::string, std::string, std::less<>> parameters;
    };

    Router();
    ~Router();
    Router(Router&&) noexcept;
    Router& operator=(Router&&) noexcept;

    /// @pre the pattern is well-formed, has no name twice, and is not there yet for this method.
    void add(Route route);

    /// @returns the route and what its placeholders stand for, or the problem
    ///   - 404 not-found            no pattern fits;
    ///   - 405 method-not-allowed   a pattern fits, for other methods: they are in Allow.
    [[nodiscard]] tl::expected<Match, Problem> find(std::string_view method,
                                                    const std::vector<std::string>& segments) const;

private:
    struct Node;
    std::unique_ptr<Node> root_;
};

}  // namespace firebreak::server
