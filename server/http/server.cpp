#include "server/http/server.hpp"

#include <atomic>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <set>

#include "core/base/check.hpp"
#include "core/base/errc.hpp"
#include "core/net/tls.hpp"
#include "server/http/dispatch.hpp"
#include "server/http/session.hpp"

namespace firebreak::server {
namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

constexpr auto kNoThrow = asio::as_tuple(asio::use_awaitable);
constexpr std::chrono::milliseconds kOutOfDescriptorsPause{100};

bool is_want_of_resources(const error_code& error) {
    return error == boost::system::errc::too_many_files_open ||
           error == boost::system::errc::too_many_files_open_in_system ||
           error == boost::system::errc::not_enough_memory ||
           error == boost::system::errc::no_buffer_space;
}

}  // namespace

// Everything in it that changes belongs to `strand_`, but for `stopping_`.
class HttpServer::State : public std::enable_shared_from_this<HttpServer::State> {
public:
    State(asio::any_io_executor executor, HttpServerOptions options, HttpServerParts parts,
          asio::ssl::context tls)
        : executor_(executor),
          strand_(asio::make_strand(executor)),
          options_(std::move(options)),
          dispatcher_(parts, options_.limits),
          tls_(std::move(tls)),
          acceptor_(strand_),
          pause_(strand_),
          gone_(strand_) {}

    Result<void> listen();
    asio::awaitable<void> serve();
    void stop();

    std::uint16_t port() const noexcept { return port_; }
    const asio::any_io_executor& strand() const noexcept { return strand_; }

private:
    asio::awaitable<void> accept_all();
    asio::awaitable<void> see_all_off();
    asio::awaitable<void> wait_until_empty(asio::steady_timer::time_point until);
    void admit(tcp::socket socket);
    void forget(const std::shared_ptr<Session>& session);

    asio::any_io_executor executor_;
    asio::any_io_executor strand_;
    HttpServerOptions options_;
    Dispatcher dispatcher_;
    asio::ssl::context tls_;
    tcp::acceptor acceptor_;
    asio::steady_timer pause_;  ///< Between two tries to accept without descriptors.
    asio::steady_timer gone_;   ///< Cancelled when the last session has gone.
    std::uint16_t port_ = 0;
    std::set<std::shared_ptr<Session>> sessions_;  ///< Each also owns itself until it is gone.
    std::atomic<bool> stopping_ =
        false;  ///< Set by any thread; what follows from it, on `strand_`.
};

Result<void> HttpServer::State::listen() {
    const std::string where = options_.address + ":" + std::to_string(options_.port);
    const auto failed = [&where](const error_code& error) {
        return fail(std::error_code(error.value(), std::generic_category()), "listen on " + where);
    };
    error_code error;
    const asio::ip::address address = asio::ip::make_address(options_.address, error);
    if (error) return fail(Errc::kInvalid, "listen on " + where + ": not a numeric IP address");
    const tcp::endpoint endpoint(address, options_.port);
    acceptor_.open(endpoint.protocol(), error);
    if (error) return failed(error);
    acceptor_.set_option(tcp::acceptor::reuse_address(true), error);
    if (error) return failed(error);
    acceptor_.bind(endpoint, error);
    if (error) return failed(error);
    acceptor_.listen(asio::socket_base::max_listen_connections, error);
    if (error) return failed(error);
    port_ = acceptor_.local_endpoint(error).port();
    if (error) return failed(error);
    return {};
}

void HttpServer::State::stop() {
    stopping_ = true;
    asio::post(strand_, [self = shared_from_this()] {
        error_code ignored;
        self->acceptor_.close(ignored);
        self->pause_.cancel();
    });
}

asio::awaitable<void> HttpServer::State::serve() {
    co_await accept_all();
    co_await see_all_off();
}

asio::awaitable<void> HttpServer::State::accept_all() {
    while (!stopping_) {
        auto [error, socket] =
            co_await acceptor_.async_accept(asio::make_strand(executor_), kNoThrow);
        if (stopping_) co_return;
        if (!error) {
            admit(tcp::socket(std::move(socket)));
        } else if (is_want_of_resources(error)) {
            // The connection stays in the kernel's queue; trying at once would only burn the CPU.
            dispatcher_.parts().log.warning("http.accept", {{"reason", error.message()}});
            pause_.expires_after(kOutOfDescriptorsPause);
            co_await pause_.async_wait(kNoThrow);
        }
        // Anything else befell that one connection before we had it.
    }
}

void HttpServer::State::admit(tcp::socket socket) {
    // A few more are told why they are not served; past those, closing is all we can afford.
    const std::size_t told_max = 8U + options_.connections_max / 16U;
    if (sessions_.size() >= options_.connections_max + told_max) return;
    const Capacity capacity =
        sessions_.size() < options_.connections_max ? Capacity::kServe : Capacity::kRefuse;
    auto session = make_session(std::move(socket), tls_, dispatcher_, capacity, stopping_);
    sessions_.insert(session);
    session->start([self = shared_from_this(), session] {
        asio::post(self->strand_, [self, session] { self->forget(session); });
    });
}

void HttpServer::State::forget(const std::shared_ptr<Session>& session) {
    sessions_.erase(session);
    if (sessions_.empty()) gone_.cancel();
}

asio::awaitable<void> HttpServer::State::see_all_off() {
    for (const auto& session : sessions_) session->drain();
    co_await wait_until_empty(asio::steady_timer::clock_type::now() + options_.drain_timeout);
    for (const auto& session : sessions_) session->abort();
    co_await wait_until_empty(asio::steady_timer::time_point::max());
}

asio::awaitable<void> HttpServer::State::wait_until_empty(asio::steady_timer::time_point until) {
    if (sessions_.empty()) co_return;
    gone_.expires_at(until);
    co_await gone_.async_wait(kNoThrow);
}

Result<std::unique_ptr<HttpServer>> HttpServer::open(asio::any_io_executor executor,
                                                     HttpServerOptions options,
                                                     HttpServerParts parts) {
    Result<asio::ssl::context> tls = net::make_server_tls(options.certificate, options.key);
    if (!tls) return fail(std::move(tls.error()));
    auto state =
        std::make_shared<State>(std::move(executor), std::move(options), parts, std::move(*tls));
    const Result<void> listening = state->listen();
    if (!listening) return fail(listening.error());
    return std::unique_ptr<HttpServer>(new HttpServer(std::move(state)));
}

HttpServer::HttpServer(std::shared_ptr<State> state) : state_(std::move(state)) {}
HttpServer::~HttpServer() = default;

std::uint16_t HttpServer::port() const {
    return state_->port();
}

asio::awaitable<void> HttpServer::run() {
    const std::shared_ptr<State> state = state_;
    co_await asio::co_spawn(state->strand(), state->serve(), asio::use_awaitable);
}

void HttpServer::stop() {
    state_->stop();
}

}  // namespace firebreak::server
