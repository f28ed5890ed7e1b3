#include "core/net/https_transport.hpp"

#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>
#include <optional>
#include <string_view>
#include <sys/socket.h>
#include <vector>

#include "core/base/check.hpp"
#include "core/net/beast_message.hpp"
#include "core/net/deadline.hpp"
#include "core/net/errc.hpp"
#include "core/net/tls.hpp"

namespace firebreak::net {
namespace asio = boost::asio;
namespace http = boost::beast::http;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

constexpr std::uint32_t kHeaderBytesMax = 64U << 10U;
constexpr int kInterimAnswersMax = 8;

// Completes with (error_code, ...) instead of throwing: a server that hangs up is not exceptional.
constexpr auto kNoThrow = asio::as_tuple(asio::use_awaitable);

using Parser = http::response_parser<GrowingBody>;

tl::unexpected<Error> broken(std::string_view what, const error_code& error) {
    return fail(Errc::kConnection, std::string(what) + ": " + error.message());
}

bool is_framing(std::string_view name) {
    return equal_without_case(name, "Host") || equal_without_case(name, "Content-Length") ||
           equal_without_case(name, "Transfer-Encoding") || equal_without_case(name, "Connection");
}

bool may_be_repeated(std::string_view method) {
    return method == "GET" || method == "HEAD" || method == "PUT" || method == "DELETE" ||
           method == "OPTIONS";
}

// The request line and the fields, ready to be sent. Framing is ours, whatever the caller set.
Result<std::string> head_of(const Request& request, const Url& url, const std::string& user_agent) {
    if (!is_token(request.method)) return fail(Errc::kBadRequest, "the method is not a token");
    const Result<std::string> target = url.target_for(request.target);
    if (!target) return fail(Errc::kBadRequest, target.error().context());
    std::string head = request.method + " " + *target + " HTTP/1.1\r\nHost: " + url.authority();
    if (request.headers.find("User-Agent") == request.headers.end()) {
        head += "\r\nUser-Agent: " + user_agent;
    }
    for (const auto& [name, value] : request.headers) {
        if (!is_token(name) || !is_field_value(value)) {
            return fail(Errc::kBadRequest, "a header has characters that HTTP does not allow");
        }
        if (is_framing(name)) continue;
        head.append("\r\n").append(name).append(": ").append(value);
    }
    const bool has_body = !request.body.empty() || request.method == "POST" ||
                          request.method == "PUT" || request.method == "PATCH";
    if (has_body) head += "\r\nContent-Length: " + std::to_string(request.body.size());
    return head + "\r\n\r\n";
}

// One TCP connection, with TLS unless the URL says http (Schemes::kHttpToo).
class Connection {
public:
    Connection(asio::any_io_executor executor, asio::ssl::context& tls, bool encrypted)
        : stream_(std::move(executor), tls), encrypted_(encrypted) {}

    asio::awaitable<Result<void>> connect(tcp::endpoint endpoint, std::string host);
    asio::awaitable<Result<Response>> exchange(std::string head, const Request& request,
                                               std::uint64_t body_bytes_max);

    bool answer_begun() const noexcept { return answer_begun_; }
    bool may_be_kept() const noexcept { return may_be_kept_; }

    // False once the server closed, or said something that nobody asked for.
    bool still_open() {
        char byte = 0;
        const ssize_t got =
            ::recv(stream_.next_layer().native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
        return got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
    }

private:
    asio::awaitable<error_code> write(std::string_view bytes);
    asio::awaitable<Result<void>> read_more();
    asio::awaitable<Result<void>> read_head(Parser& parser);
    asio::awaitable<Result<void>> read_body(Parser& parser, std::uint64_t bytes_max);

    asio::ssl::stream<tcp::socket> stream_;
    bool encrypted_;
    bool answer_begun_ = false;
    bool may_be_kept_ = false;
    bool ended_cleanly_ = false;  ///< The server said that it has nothing more to send.
    std::string unread_;          ///< Received, and not yet parsed.
    std::array<char, 16U << 10U> incoming_{};
};

asio::awaitable<Result<void>> Connection::connect(tcp::endpoint endpoint, std::string host) {
    const auto [refused] = co_await stream_.next_layer().async_connect(endpoint, kNoThrow);
    if (refused) co_return broken("connect", refused);
    error_code ignored;  // Slower without it, not wrong.
    stream_.next_layer().set_option(tcp::no_delay(true), ignored);
    if (!encrypted_) co_return Result<void>{};

    const Result<void> expected = expect_server(stream_.native_handle(), host);
    if (!expected) co_return fail(expected.error());
    const auto [failed] =
        co_await stream_.async_handshake(asio::ssl::stream_base::client, kNoThrow);
    if (failed) {
        co_return fail(Errc::kTls, why_handshake_failed(stream_.native_handle(), failed));
    }
    co_return Result<void>{};
}

asio::awaitable<error_code> Connection::write(std::string_view bytes) {
    if (encrypted_) {
        const auto [error, count] =
            co_await asio::async_write(stream_, asio::buffer(bytes), kNoThrow);
        co_return error;
    }
    const auto [error, count] =
        co_await asio::async_write(stream_.next_layer(), asio::buffer(bytes), kNoThrow);
    co_return error;
}

asio::awaitable<Result<void>> Connection::read_more() {
    const auto room = asio::buffer(incoming_);
    error_code error;
    std::size_t count = 0;
    if (encrypted_) {
        const auto [tls_error, tls_count] = co_await stream_.async_read_some(room, kNoThrow);
        error = tls_error;
        count = tls_count;
    } else {
        const auto [tcp_error, tcp_count] =
            co_await stream_.next_layer().async_read_some(room, kNoThrow);
        error = tcp_error;
        count = tcp_count;
    }
    if (!error) {
        answer_begun_ = true;
        unread_.append(incoming_.data(), count);
        co_return Result<void>{};
    }
    if (!answer_begun_) co_return broken("closed without an answer", error);
    // Only a TLS close_notify proves that nobody cut the connection on the way (RFC 9112, 9.8).
    if (error != asio::error::eof) co_return fail(Errc::kBadResponse, "the answer was cut off");
    ended_cleanly_ = true;
    co_return Result<void>{};
}

asio::awaitable<Result<void>> Connection::read_head(Parser& parser) {
    std::size_t head_bytes = 0;
    while (true) {
        error_code error;
        const std::size_t used = parser.put(asio::buffer(unread_), error);
        unread_.erase(0, used);
        head_bytes += used;
        if (error && error != http::error::need_more && error != http::error::header_limit) {
            co_return fail(Errc::kBadResponse, "header: " + error.message());
        }
        if (parser.is_header_done()) co_return Result<void>{};
        if (error == http::error::header_limit || head_bytes + unread_.size() >= kHeaderBytesMax) {
            co_return fail(Errc::kBadResponse, "the answer's header is longer than 64 KiB");
        }
        if (ended_cleanly_) co_return fail(Errc::kBadResponse, "the answer was cut off");
        const Result<void> read = co_await read_more();
        if (!read) co_return fail(read.error());
    }
}

asio::awaitable<Result<void>> Connection::read_body(Parser& parser, std::uint64_t bytes_max) {
    if (parser.content_length().value_or(0) > bytes_max && !parser.is_done()) {
        co_return fail(Errc::kTooLarge, "Content-Length is over " + std::to_string(bytes_max));
    }
    parser.body_limit(bytes_max);
    parser.eager(true);
    while (!parser.is_done()) {
        error_code error;
        const std::size_t used = parser.put(asio::buffer(unread_), error);
        unread_.erase(0, used);
        if (error == http::error::body_limit) {
            co_return fail(Errc::kTooLarge, "the body is over " + std::to_string(bytes_max));
        }
        if (error && error != http::error::need_more) {
            co_return fail(Errc::kBadResponse, "body: " + error.message());
        }
        if (parser.is_done()) break;
        if (ended_cleanly_) {
            parser.put_eof(error);  // Ends a body that the connection's end delimits, and no other.
            if (error) co_return fail(Errc::kBadResponse, "the answer was cut off");
            break;
        }
        // What a parser holds back is a chunk's header or the trailer.
        if (unread_.size() >= kHeaderBytesMax) {
            co_return fail(Errc::kBadResponse, "a chunk header is longer than 64 KiB");
        }
        const Result<void> read = co_await read_more();
        if (!read) co_return fail(read.error());
    }
    co_return Result<void>{};
}

asio::awaitable<Result<Response>> Connection::exchange(std::string head, const Request& request,
                                                       std::uint64_t body_bytes_max) {
    may_be_kept_ = false;
    answer_begun_ = false;
    const error_code head_error = co_await write(head);
    if (head_error) co_return broken("send", head_error);
    const error_code body_error = co_await write(request.body);
    // A server may answer, 413 say, and close before it has read all: so the answer comes first.

    for (int interim = 0; interim <= kInterimAnswersMax; ++interim) {
        Parser parser;
        parser.header_limit(kHeaderBytesMax);
        parser.body_limit(boost::none);
        if (request.method == "HEAD") parser.skip(true);
        const Result<void> head_read = co_await read_head(parser);
        if (!head_read && body_error) co_return broken("send", body_error);
        if (!head_read) co_return fail(head_read.error());
        const unsigned status = parser.get().result_int();
        if (status == 101) co_return fail(Errc::kBadResponse, "switches protocols");
        if (status < 200) continue;

        // Trailers would be added to the headers, so these are read first.
        Response response{status, headers_of(parser.get()), {}};
        const auto coding = response.headers.find("Transfer-Encoding");
        if (coding != response.headers.end() && !equal_without_case(coding->second, "chunked")) {
            co_return fail(Errc::kBadResponse, "a transfer coding that nobody asked for");
        }
        const Result<void> body_read = co_await read_body(parser, body_bytes_max);
        if (!body_read) co_return fail(body_read.error());
        response.body = std::move(parser.get().body());
        may_be_kept_ = parser.keep_alive() && !body_error && !ended_cleanly_ && unread_.empty();
        co_return response;
    }
    co_return fail(Errc::kBadResponse, "more than eight interim answers");
}

// Looks `host` up. The system's resolver cannot be cancelled, so it runs on, if it must, into a
// state that it then shares with nobody any more.
asio::awaitable<Result<std::vector<tcp::endpoint>>> resolve(std::string host, std::uint16_t port) {
    const auto executor = co_await asio::this_coro::executor;
    error_code not_an_address;
    const asio::ip::address address = asio::ip::make_address(host, not_an_address);
    if (!not_an_address) co_return std::vector{tcp::endpoint(address, port)};

    struct Lookup {
        explicit Lookup(const asio::any_io_executor& executor)
            : resolver(executor), done(executor, asio::steady_timer::time_point::max()) {}
        tcp::resolver resolver;
        asio::steady_timer done;
        error_code error;
        std::vector<tcp::endpoint> endpoints;
        bool finished = false;
    };
    // Owners: this coroutine, and the completion below.
    const auto lookup = std::make_shared<Lookup>(executor);
    lookup->resolver.async_resolve(
        host, std::to_string(port), tcp::resolver::numeric_service,
        [lookup](const error_code& error, const tcp::resolver::results_type& found) {
            lookup->error = error;
            for (const auto& entry : found) lookup->endpoints.push_back(entry.endpoint());
            lookup->finished = true;
            lookup->done.cancel();
        });
    if (!lookup->finished) co_await lookup->done.async_wait(kNoThrow);
    if (lookup->error) co_return broken("look up " + host, lookup->error);
    if (lookup->endpoints.empty()) co_return fail(Errc::kConnection, "look up " + host + ": none");
    co_return lookup->endpoints;
}

class HttpsTransport final : public Transport {
public:
    HttpsTransport(asio::any_io_executor executor, HttpsOptions options, Url url,
                   asio::ssl::context tls)
        : executor_(std::move(executor)),
          options_(std::move(options)),
          url_(std::move(url)),
          tls_(std::move(tls)) {}

    asio::awaitable<Result<Response>> exchange(Request request,
                                               std::uint64_t body_bytes_max) override;

private:
    asio::awaitable<Result<void>> connect();
    asio::awaitable<Result<void>> connect_to_any();
    asio::any_io_executor executor_;
    HttpsOptions options_;
    Url url_;
    asio::ssl::context tls_;
    std::unique_ptr<Connection> connection_;  ///< Between exchanges: one that may be kept, or none.
};

asio::awaitable<Result<void>> HttpsTransport::connect_to_any() {
    const Result<std::vector<tcp::endpoint>> endpoints = co_await resolve(url_.host, url_.port);
    if (!endpoints) co_return fail(endpoints.error());
    // Each address gets its share of the time, so that a dead first one does not cost the rest.
    const auto share = options_.connect_timeout / static_cast<int>(endpoints->size());
    Error last(Errc::kConnection, "no address");
    for (const tcp::endpoint& endpoint : *endpoints) {
        connection_ = std::make_unique<Connection>(executor_, tls_, url_.tls);
        auto attempt = connection_->connect(endpoint, url_.host);
        const Result<void> connected = co_await with_deadline(std::move(attempt), share);
        if (connected) co_return Result<void>{};
        last = connected.error();
        connection_.reset();
        // A server that is there and is not the one we trust: another address will not mend that.
        if (last == Errc::kTls) break;
    }
    co_return fail(std::move(last));
}

asio::awaitable<Result<void>> HttpsTransport::connect() {
    auto attempt = connect_to_any();
    Result<void> connected = co_await with_deadline(std::move(attempt), options_.connect_timeout);
    if (!connected) connection_.reset();
    co_return connected;
}

// Errors of deadlines come in std::errc; callers are promised net::Errc.
Error as_net_error(const Error& error, const Url& url) {
    const Error named = error == std::make_error_code(std::errc::timed_out)
                            ? Error(Errc::kTimedOut, "no answer in time")
                            : error;
    return named.seen_from(url.authority());
}

asio::awaitable<Result<Response>> HttpsTransport::exchange(Request request,
                                                           std::uint64_t body_bytes_max) {
    const Result<std::string> head = head_of(request, url_, options_.user_agent);
    if (!head) co_return fail(head.error());

    if (connection_ && !connection_->still_open()) connection_.reset();
    bool may_repeat = connection_ && may_be_repeated(request.method);
    while (true) {
        if (!connection_) {
            const Result<void> connected = co_await connect();
            if (!connected) co_return fail(as_net_error(connected.error(), url_));
        }
        // Ours while the exchange lasts: a cancelled one takes its connection with it.
        std::unique_ptr<Connection> connection = std::move(connection_);
        auto attempt = connection->exchange(*head, request, body_bytes_max);
        Result<Response> response =
            co_await with_deadline(std::move(attempt), options_.exchange_timeout);
        if (response) {
            if (connection->may_be_kept()) connection_ = std::move(connection);
            co_return response;
        }
        const bool repeat =
            may_repeat && response.error() == Errc::kConnection && !connection->answer_begun();
        if (!repeat) co_return fail(as_net_error(response.error(), url_));
        may_repeat = false;
    }
}

}  // namespace

Result<std::unique_ptr<Transport>> make_https_transport(asio::any_io_executor executor,
                                                        HttpsOptions options) {
    Result<Url> url = parse_url(options.base_url, options.schemes);
    if (!url) return fail(url.error().seen_from("server URL"));
    if (!is_field_value(options.user_agent)) {
        return fail(Errc::kBadRequest, "the user agent has characters that HTTP does not allow");
    }
    Result<asio::ssl::context> tls = make_client_tls(options.ca_certificates_pem);
    if (!tls) return fail(std::move(tls.error()));
    return std::make_unique<HttpsTransport>(std::move(executor), std::move(options),
                                            std::move(*url), std::move(*tls));
}

Result<Response> exchange_blocking(const HttpsOptions& options, Request request,
                                   std::uint64_t body_bytes_max) {
    asio::io_context loop(1);
    auto transport = make_https_transport(loop.get_executor(), options);
    if (!transport) return fail(transport.error());
    std::optional<Result<Response>> outcome;
    auto exchange = [&]() -> asio::awaitable<void> {
        outcome = co_await (*transport)->exchange(std::move(request), body_bytes_max);
        loop.stop();  // Not waiting for a look-up that was given up.
    };
    asio::co_spawn(loop, exchange, [](const std::exception_ptr& exception) {
        if (exception) std::rethrow_exception(exception);
    });
    loop.run();
    FIREBREAK_CHECK(outcome.has_value());
    return std::move(*outcome);
}

}  // namespace firebreak::net
