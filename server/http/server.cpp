#include "server/http/server.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <set>

#include "core/net/tls.hpp"
#include "server/http/dispatch.hpp"
#include "server/http/session.hpp"

namespace firebreak::server {
namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

constexpr auto kNoThrow = asio::as_tuple(asio::use_awaitable);

/// Connections past connections_max that are still told so; past them the door just closes.
constexpr std::uint32_t kRefusalsMax = 64;
/// Before the next accept, when the machine has no descriptor or memory for one.
constexpr std::chrono::milliseconds kBreath{100};

}  // namespace

/// Lives on one strand, but for the sessions, which have one each.
class HttpServer::State : public std::enable_shared_from_this<HttpServer::State> {
public:
    State(asio::any_io_executor executor, asio::ssl::context tls, const HttpServerOptions& options,
          HttpServerParts parts)
        : executor_(executor),
          strand_(asio::make_strand(executor)),
          acceptor_(strand_),
          changed_(strand_, asio::steady_timer::time_point::max()),
          deadline_(strand_),
          tls_(std::move(tls)),
          dispatcher_(parts, options.limits),
          connections_max_(options.connections_max),
          drain_timeout_(options.drain_timeout) {}

    Result<void> listen(const std::string& address, std::uint16_t port);
    std::uint16_t port() const { return port_; }
    asio::awaitable<void> run();
    void stop();

private:
    asio::awaitable<void> accept_all();
    void admit(tcp::socket socket);
    void drain();

    asio::any_io_executor executor_;
    asio::strand<asio::any_io_executor> strand_;
    tcp::acceptor acceptor_;
    asio::steady_timer changed_;  ///< Cancelled when a session has gone.
    asio::steady_timer deadline_;
    asio::ssl::context tls_;
    Dispatcher dispatcher_;
    std::uint32_t connections_max_;
    std::chrono::milliseconds drain_timeout_;
    std::uint16_t port_ = 0;
    bool stopping_ = false;
    std::set<std::shared_ptr<Session>> sessions_;
};

Result<void> HttpServer::State::listen(const std::string& address, std::uint16_t port) {
    const std::string place = "listen on " + address + ":" + std::to_string(port);
    error_code error;
    const auto ip = asio::ip::make_address(address, error);
    if (error) return fail(std::make_error_code(std::errc::invalid_argument), place);
    const tcp::endpoint endpoint(ip, port);
    acceptor_.open(endpoint.protocol(), error);
    if (!error) acceptor_.set_option(tcp::acceptor::reuse_address(true), error);
    if (!error) acceptor_.bind(endpoint, error);
    if (!error) acceptor_.listen(asio::socket_base::max_listen_connections, error);
    if (!error) port_ = acceptor_.local_endpoint(error).port();
    if (error) return fail(error, place);
    return {};
}

asio::awaitable<void> HttpServer::State::run() {
    auto accepting = accept_all();
    co_await asio::co_spawn(strand_, std::move(accepting), asio::use_awaitable);
}

asio::awaitable<void> HttpServer::State::accept_all() {
    while (!stopping_) {
        auto [error, socket] =
            co_await acceptor_.async_accept(asio::make_strand(executor_), kNoThrow);
        if (stopping_) break;
        if (!error) {
            admit(std::move(socket));
        } else if (error != asio::error::connection_aborted) {
            dispatcher_.parts().log.error("http.accept", {{"what", error.message()}});
            asio::steady_timer breath(strand_, kBreath);
            (void)co_await breath.async_wait(kNoThrow);
        }
    }
    while (!sessions_.empty()) (void)co_await changed_.async_wait(kNoThrow);
    deadline_.cancel();
}

void HttpServer::State::admit(tcp::socket socket) {
    if (sessions_.size() >= std::size_t{connections_max_} + kRefusalsMax) return;
    const Capacity capacity =
        sessions_.size() < connections_max_ ? Capacity::kServe : Capacity::kRefuse;
    auto session = make_session(std::move(socket), tls_, dispatcher_, capacity);
    sessions_.insert(session);
    auto gone = [self = shared_from_this(), weak = std::weak_ptr(session)] {
        asio::post(self->strand_, [self, weak] {
            if (const auto ended = weak.lock()) self->sessions_.erase(ended);
            self->changed_.cancel();
        });
    };
    session->start(std::move(gone));
}

void HttpServer::State::stop() {
    asio::post(strand_, [self = shared_from_this()] { self->drain(); });
}

void HttpServer::State::drain() {
    if (stopping_) return;
    stopping_ = true;
    error_code ignored;
    acceptor_.close(ignored);
    for (const auto& session : sessions_) session->drain();
    deadline_.expires_after(drain_timeout_);
    deadline_.async_wait([self = shared_from_this()](const error_code& error) {
        if (error) return;
        for (const auto& session : self->sessions_) session->abort();
    });
}

Result<std::unique_ptr<HttpServer>> HttpServer::open(asio::any_io_executor executor,
                                                     HttpServerOptions options,
                                                     HttpServerParts parts) {
    Result<asio::ssl::context> tls = net::make_server_tls(options.certificate, options.key);
    if (!tls) return fail(tls.error());
    auto state = std::make_shared<State>(std::move(executor), std::move(*tls), options, parts);
    if (const auto listening = state->listen(options.address, options.port); !listening) {
        return fail(listening.error());
    }
    return std::unique_ptr<HttpServer>(new HttpServer(std::move(state)));
}

HttpServer::HttpServer(std::shared_ptr<State> state) : state_(std::move(state)) {}
HttpServer::~HttpServer() = default;

std::uint16_t HttpServer::port() const {
    return state_->port();
}

asio::awaitable<void> HttpServer::run() {
    co_await state_->run();
}

void HttpServer::stop() {
    state_->stop();
}

}  // namespace firebreak::server
