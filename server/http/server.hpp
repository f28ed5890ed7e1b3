#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include "core/base/clock.hpp"
#include "core/base/error.hpp"
#include "core/base/log.hpp"
#include "core/base/random.hpp"
#include "server/http/limits.hpp"
#include "server/http/router.hpp"

namespace firebreak::server {

struct HttpServerOptions {
    std::string address = "127.0.0.1";  ///< A numeric IPv4 or IPv6 address.
    std::uint16_t port = 0;             ///< 0: the kernel chooses; see HttpServer::port().
    std::filesystem::path certificate;  ///< PEM: the server's own first, then its chain.
    std::filesystem::path key;          ///< PEM, without passphrase, not readable by others.
    SessionLimits limits;
    std::uint32_t connections_max = 4096;             ///< One more is told 503 and closed.
    std::chrono::milliseconds drain_timeout{10'000};  ///< For requests in flight, at stop().
};

/// What the server uses and does not own; all of it must outlive the server.
struct HttpServerParts {
    const Router& router;
    const Log& log;
    const Clock& clock;
    Random& random;  ///< Called from any thread of the executor.
};

/// HTTPS/1.1 on one listening socket, one strand and one coroutine per connection.
///
/// Every request that could be read is one line "http.request" in the log: id, peer, method, route
/// pattern, status, bytes, milliseconds. Never the target, headers or body.
///
/// Thread safety: any thread. The executor may be run by several threads.
/// Tests: tests/integration/http/.
class HttpServer {
public:
    /// Loads certificate and key, binds, listens.
    ///
    /// @returns net::Errc::kTls for certificate and key (the context says which, and why), or an
    ///   errno for the address ("listen on 127.0.0.1:8443: Address already in use").
    [[nodiscard]] static Result<std::unique_ptr<HttpServer>> open(
        boost::asio::any_io_executor executor, HttpServerOptions options, HttpServerParts parts);

    /// @pre run() has returned, or was never called.
    ~HttpServer();
    HttpServer(const HttpServer&) = delete;
    HttpServer& operator=(const HttpServer&) = delete;

    std::uint16_t port() const;

    /// Serves until stop(), and returns when the last session is gone. Call it once.
    boost::asio::awaitable<void> run();

    /// Stops in order: no new connections, idle ones are closed, requests in flight are answered,
    /// each answer that begins after this call with "Connection: close"; what is left after
    /// drain_timeout is cancelled. Work that handlers gave to run_blocking() is waited for even
    /// then. Idempotent; returns at once.
    void stop();

private:
    class State;
    explicit HttpServer(std::shared_ptr<State> state);

    std::shared_ptr<State> state_;  ///< Shared with the sessions that it counts.
};

}  // namespace firebreak::server
