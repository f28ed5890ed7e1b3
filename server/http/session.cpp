#include "server/http/session.hpp"

#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/string.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/status.hpp>
#include <boost/system/system_error.hpp>
#include <optional>

#include "core/base/utc.hpp"
#include "core/net/beast_message.hpp"
#include "core/net/tls.hpp"
#include "server/http/date.hpp"

namespace firebreak::server {
namespace asio = boost::asio;
namespace http = boost::beast::http;
using asio::ip::tcp;
using boost::system::error_code;
using std::chrono::milliseconds;

namespace {

constexpr std::size_t kPieceBytes = 64U << 10U;       // Written, or read from a file, at once.
constexpr milliseconds kHandlerGrace{60'000};         // Past the handler's own limit.
constexpr milliseconds kLingerTimeout{2'000};         // For a peer to read our last words.
constexpr std::uint64_t kLingerBytesMax = 4U << 20U;  // What we throw away meanwhile.

// Completes with (error_code, ...) instead of throwing: a peer that hangs up is not exceptional.
constexpr auto kNoThrow = asio::as_tuple(asio::use_awaitable);

using Parser = http::request_parser<net::GrowingBody>;

// How a step ended. kRefused: `exchange_.problem` says why, and the peer is told. kGone: there is
// nobody to tell, or nothing to say.
enum class Step { kDone, kRefused, kGone };

Problem late_problem(const char* what) {
    return {.status = 408,
            .name = "request-timeout",
            .title = "The request did not arrive in time.",
            .detail = std::string("The ") + what + " took too long."};
}

Problem head_problem(const error_code& error, bool past_request_line) {
    if (error == http::error::header_limit && past_request_line) {
        return {.status = 431,
                .name = "header-too-large",
                .title = "The request's header is too large."};
    }
    if (error == http::error::header_limit || error == http::error::buffer_overflow) {
        return {.status = 414, .name = "target-too-long", .title = "The request line is too long."};
    }
    if (error == http::error::bad_version) {
        return {
            .status = 505, .name = "version-unsupported", .title = "This server speaks HTTP/1.1."};
    }
    return {.status = 400, .name = "request-malformed", .title = "The request is not HTTP."};
}

class TlsSession final : public Session, public std::enable_shared_from_this<TlsSession> {
public:
    TlsSession(tcp::socket socket, asio::ssl::context& tls, const Dispatcher& dispatcher,
               Capacity capacity)
        : stream_(std::move(socket), tls),
          watchdog_(stream_.get_executor()),
          dispatcher_(dispatcher),
          limits_(dispatcher.limits()),
          capacity_(capacity) {}

    void start(std::function<void()> gone) override;
    void drain() override;
    void abort() override;

private:
    asio::awaitable<void> run();
    asio::awaitable<void> serve();
    asio::awaitable<bool> serve_one(bool last);
    asio::awaitable<Step> wait_for_request();
    asio::awaitable<Step> read_head(Parser& parser);
    asio::awaitable<Step> read_request(Parser& parser);
    asio::awaitable<Step> read_body(Parser& parser);
    asio::awaitable<Step> invite_body(const Parser& parser);
    asio::awaitable<bool> send(Reply reply, bool close);
    asio::awaitable<bool> send_body(std::string first, Reply reply);
    asio::awaitable<bool> write(std::string_view bytes);
    asio::awaitable<bool> read_more();
    asio::awaitable<void> say_goodbye();
    asio::awaitable<void> discard_rest();

    std::optional<Problem> refusal_of(const Parser& parser) const;
    Step refuse_with(Problem problem);
    std::string head_of(const Reply& reply, bool close) const;

    void give(milliseconds time);
    void give_for(milliseconds base, std::uint64_t bytes);
    void watch_until(asio::steady_timer::time_point when);
    void watch();

    asio::ssl::stream<tcp::socket> stream_;
    asio::steady_timer watchdog_;
    asio::cancellation_signal cancellation_;
    const Dispatcher& dispatcher_;
    const SessionLimits& limits_;
    Capacity capacity_;

    std::string peer_;
    std::string unread_;  ///< Received, and not yet parsed.
    std::array<char, 16U << 10U> incoming_{};
    Exchange exchange_;
    asio::steady_timer::time_point step_begun_;
    asio::steady_timer::time_point deadline_;
    bool expired_ = false;   ///< The step's time is over.
    bool idle_ = false;      ///< Between two requests.
    bool draining_ = false;  ///< The present request is the last one.
};

void TlsSession::start(std::function<void()> gone) {
    auto self = shared_from_this();
    auto served = [self, gone = std::move(gone)](const std::exception_ptr& exception) {
        self->watchdog_.cancel();
        error_code ignored;
        self->stream_.next_layer().close(ignored);
        try {
            if (exception) std::rethrow_exception(exception);
        } catch (const boost::system::system_error& error) {
            // Cancelled by abort(): somebody else's decision, and no news.
            if (error.code() != asio::error::operation_aborted) {
                self->dispatcher_.parts().log.error("http.session", {{"what", error.what()}});
            }
        } catch (const std::exception& error) {
            self->dispatcher_.parts().log.error("http.session", {{"what", error.what()}});
        }
        gone();
    };
    asio::co_spawn(stream_.get_executor(), run(),
                   asio::bind_cancellation_slot(cancellation_.slot(), std::move(served)));
}

void TlsSession::drain() {
    asio::post(stream_.get_executor(), [self = shared_from_this()] {
        self->draining_ = true;
        if (!self->idle_) return;
        error_code ignored;
        self->stream_.next_layer().cancel(ignored);
    });
}

void TlsSession::abort() {
    asio::post(stream_.get_executor(), [self = shared_from_this()] {
        self->draining_ = true;
        self->cancellation_.emit(asio::cancellation_type::terminal);
        error_code ignored;
        self->stream_.next_layer().close(ignored);
    });
}

// Starts a step that may take `time`. When it is over, whatever the step waits for is cancelled.
void TlsSession::give(milliseconds time) {
    step_begun_ = asio::steady_timer::clock_type::now();
    deadline_ = step_begun_ + time;
    expired_ = false;
    if (deadline_ < watchdog_.expiry()) watch_until(deadline_);
}

// The same step goes on: for each byte moved it gets the time that the slowest peer we serve needs.
void TlsSession::give_for(milliseconds base, std::uint64_t bytes) {
    const std::uint64_t rate = std::max<std::uint64_t>(limits_.bytes_per_second_min, 1);
    deadline_ = step_begun_ + base + milliseconds(bytes / rate * 1000 + bytes % rate * 1000 / rate);
}

// One timer for all steps. A step that ends later than the timer goes off leaves it alone, and it
// follows then; so a busy connection does not set a timer for each of its reads.
void TlsSession::watch_until(asio::steady_timer::time_point when) {
    watchdog_.expires_at(when);
    watchdog_.async_wait([self = shared_from_this()](const error_code& error) {
        if (!error && self->stream_.next_layer().is_open()) self->watch();
    });
}

// A cancel can miss an operation that is just between two reads, so it is repeated until the step
// has noticed.
void TlsSession::watch() {
    static constexpr milliseconds kRepeat{20};
    const auto now = asio::steady_timer::clock_type::now();
    if (now < deadline_) {
        watch_until(deadline_);
        return;
    }
    expired_ = true;
    error_code ignored;
    stream_.next_layer().cancel(ignored);
    watch_until(now + kRepeat);
}

asio::awaitable<void> TlsSession::run() {
    error_code error;
    const tcp::endpoint remote = stream_.next_layer().remote_endpoint(error);
    if (error) co_return;
    peer_ = remote.address().to_string();
    stream_.next_layer().set_option(tcp::no_delay(true), error);

    watch_until(asio::steady_timer::clock_type::now() + limits_.handshake_timeout);
    give(limits_.handshake_timeout);
    const auto [handshake_error] =
        co_await stream_.async_handshake(asio::ssl::stream_base::server, kNoThrow);
    if (handshake_error) co_return;
    co_await serve();
    co_await say_goodbye();
}

asio::awaitable<void> TlsSession::serve() {
    if (capacity_ == Capacity::kRefuse) {
        exchange_ = dispatcher_.begin(net::Request{}, peer_);
        exchange_.problem = Problem{.status = 503,
                                    .name = "busy",
                                    .title = "The server has too many connections.",
                                    .headers = {{"Retry-After", "5"}}};
        Reply full(problem_response(*exchange_.problem));
        (void)co_await send(std::move(full), true);
        co_return;
    }
    for (std::uint32_t served = 1; served <= limits_.requests_max; ++served) {
        const bool go_on = co_await serve_one(served == limits_.requests_max);
        if (!go_on || draining_) co_return;
    }
}

/// @returns whether the connection may carry another request.
asio::awaitable<bool> TlsSession::serve_one(bool last) {
    Step step = co_await wait_for_request();
    if (step == Step::kGone) co_return false;

    exchange_ = {};
    Parser parser;
    parser.header_limit(limits_.header_bytes_max);
    parser.body_limit(boost::none);
    step = co_await read_request(parser);
    if (step == Step::kGone) co_return false;

    if (step == Step::kDone) {
        exchange_.context.request.body = std::move(parser.get().body());
        // The dispatcher keeps the handler's time; ours must only not run out before.
        give(limits_.handle_timeout + kHandlerGrace);
        Reply reply = co_await dispatcher_.answer(exchange_);
        // A handler's refusal has read the body, so the connection is still in step.
        const bool close = last || draining_ || !parser.keep_alive();
        const bool sent = co_await send(std::move(reply), close);
        co_return sent && !close;
    }
    // A body that was refused unread would be taken for the next request.
    Reply refusal(problem_response(*exchange_.problem));
    const bool close = last || draining_ || !parser.is_done() || !parser.keep_alive();
    const bool sent = co_await send(std::move(refusal), close);
    co_return sent && !close;
}

asio::awaitable<Step> TlsSession::wait_for_request() {
    if (!unread_.empty()) co_return Step::kDone;  // Pipelined.
    if (draining_) co_return Step::kGone;
    idle_ = true;
    give(limits_.idle_timeout);
    const bool came = co_await read_more();
    idle_ = false;
    co_return came ? Step::kDone : Step::kGone;
}

asio::awaitable<Step> TlsSession::read_request(Parser& parser) {
    Step step = co_await read_head(parser);
    if (step != Step::kDone) co_return step;

    const auto& message = parser.get();
    net::Request head{.method = std::string(message.method_string()),
                      .target = std::string(message.target()),
                      .headers = net::headers_of(message.base()),
                      .body = {}};
    exchange_ = dispatcher_.begin(std::move(head), peer_);
    if (std::optional<Problem> refusal = refusal_of(parser)) {
        co_return refuse_with(std::move(*refusal));
    }
    if (exchange_.problem) co_return Step::kRefused;
    give(limits_.handle_timeout + kHandlerGrace);
    co_await dispatcher_.admit(exchange_);
    if (exchange_.problem) co_return Step::kRefused;
    step = co_await invite_body(parser);
    if (step != Step::kDone) co_return step;
    co_return co_await read_body(parser);
}

asio::awaitable<Step> TlsSession::read_head(Parser& parser) {
    give(limits_.header_timeout);
    bool past_request_line = false;
    for (;;) {
        error_code error;
        const std::size_t used = parser.put(asio::buffer(unread_), error);
        past_request_line = past_request_line || used > 0 || unread_.find('\n') != unread_.npos;
        unread_.erase(0, used);
        if (parser.is_header_done()) co_return Step::kDone;
        if (error && error != http::error::need_more) {
            // No route, no id yet: an exchange of its own to answer and to log.
            exchange_ = dispatcher_.begin(net::Request{}, peer_);
            co_return refuse_with(head_problem(error, past_request_line));
        }
        const bool came = co_await read_more();
        if (!came) {
            if (!expired_) co_return Step::kGone;
            exchange_ = dispatcher_.begin(net::Request{}, peer_);
            co_return refuse_with(late_problem("header"));
        }
    }
}

/// What is wrong with a header that could be read: the reasons that no handler needs to know.
std::optional<Problem> TlsSession::refusal_of(const Parser& parser) const {
    const auto& message = parser.get();
    const auto bad = [](unsigned status, const char* name, const char* title) {
        return Problem{.status = status, .name = name, .title = title};
    };
    if (message.version() != 10 && message.version() != 11) {
        return bad(505, "version-unsupported", "This server speaks HTTP/1.1.");
    }
    if (std::distance(message.begin(), message.end()) >
        static_cast<std::ptrdiff_t>(limits_.fields_max)) {
        return bad(431, "header-too-large", "The request has too many header fields.");
    }
    if (message.version() == 11 && message.count(http::field::host) != 1) {
        return bad(400, "host-missing", "The request must have one Host field.");
    }
    const bool lengths = message.count(http::field::content_length) > 0;
    const bool encoded = message.count(http::field::transfer_encoding) > 0;
    // Two readers could disagree on where such a request ends (RFC 9112, 6.1).
    if (encoded && (lengths || message.version() == 10)) {
        return bad(400, "request-malformed", "The length of the body is stated in two ways.");
    }
    if (encoded && !parser.chunked()) {
        return bad(501, "encoding-unknown", "This server knows no transfer coding but chunked.");
    }
    if (parser.content_length().value_or(0) > dispatcher_.body_bytes_max(exchange_)) {
        return bad(413, "too-large", "The body is longer than this resource takes.");
    }
    return std::nullopt;
}

/// Tells a peer that waits for it to send the body (RFC 9110, 10.1.1).
asio::awaitable<Step> TlsSession::invite_body(const Parser& parser) {
    const auto& message = parser.get();
    if (message.count(http::field::expect) == 0 || parser.is_done()) co_return Step::kDone;
    if (!boost::beast::iequals(message[http::field::expect], "100-continue")) {
        co_return refuse_with({.status = 417,
                               .name = "expectation-unknown",
                               .title = "This server meets no expectation but 100-continue."});
    }
    give(limits_.write_timeout);
    const bool sent = co_await write("HTTP/1.1 100 Continue\r\n\r\n");
    co_return sent ? Step::kDone : Step::kGone;
}

asio::awaitable<Step> TlsSession::read_body(Parser& parser) {
    parser.body_limit(dispatcher_.body_bytes_max(exchange_));
    parser.eager(true);
    give(limits_.body_timeout);
    std::uint64_t received = 0;
    while (!parser.is_done()) {
        error_code error;
        const std::size_t used = parser.put(asio::buffer(unread_), error);
        unread_.erase(0, used);
        received += used;
        give_for(limits_.body_timeout, received);
        if (parser.is_done()) break;
        if (error == http::error::body_limit) {
            co_return refuse_with({.status = 413,
                                   .name = "too-large",
                                   .title = "The body is longer than this resource takes."});
        }
        if (error && error != http::error::need_more) {
            co_return refuse_with({.status = 400,
                                   .name = "request-malformed",
                                   .title = "The body of the request is not HTTP."});
        }
        // What the parser holds back is a chunk's header or the trailer; it must end some day.
        if (unread_.size() > limits_.header_bytes_max) {
            co_return refuse_with({.status = 431,
                                   .name = "header-too-large",
                                   .title = "A chunk's header or the trailer is too long."});
        }
        const bool came = co_await read_more();
        if (!came) {
            if (!expired_) co_return Step::kGone;
            co_return refuse_with(late_problem("body"));
        }
    }
    co_return Step::kDone;
}

Step TlsSession::refuse_with(Problem problem) {
    exchange_.problem = std::move(problem);
    return Step::kRefused;
}

std::string TlsSession::head_of(const Reply& reply, bool close) const {
    const net::Response& response = reply.response;
    const std::string_view reason = http::obsolete_reason(http::int_to_status(response.status));
    std::string head = "HTTP/1.1 " + std::to_string(response.status) + " " + std::string(reason);
    const auto add = [&head](std::string_view name, std::string_view value) {
        head.append("\r\n").append(name).append(": ").append(value);
    };
    for (const auto& [name, value] : response.headers) add(name, value);
    add("Date", http_date(dispatcher_.parts().clock.now()));
    if (response.status != 204 && response.status != 304) {
        add("Content-Length",
            std::to_string(reply.file ? reply.file->length() : response.body.size()));
    }
    if (!response.headers.contains("Cache-Control")) add("Cache-Control", "no-store");
    add("X-Content-Type-Options", "nosniff");
    if (!exchange_.id.empty()) add("X-Request-Id", exchange_.id);
    if (close) add("Connection", "close");
    return head + "\r\n\r\n";
}

asio::awaitable<bool> TlsSession::send(Reply reply, bool close) {
    const unsigned status = reply.response.status;
    const bool bare = exchange_.method == "HEAD" || status == 204 || status == 304;
    const std::uint64_t length = reply.file ? reply.file->length() : reply.response.body.size();
    give(limits_.write_timeout);
    std::string head = head_of(reply, close);
    bool sent = false;
    if (bare) {
        sent = co_await write(head);
    } else {
        sent = co_await send_body(std::move(head), std::move(reply));
    }
    dispatcher_.log(exchange_, status, bare ? 0 : length);
    co_return sent;
}

/// Head and first piece in one write; the rest piece by piece, so that a large file costs a buffer.
asio::awaitable<bool> TlsSession::send_body(std::string first, Reply reply) {
    if (!reply.file) co_return co_await write(first += reply.response.body);
    std::uint64_t sent = 0;
    for (;;) {
        Result<std::string> piece = reply.file->next(kPieceBytes);
        if (!piece) {
            // The head has promised a length: all that is left is to break off.
            dispatcher_.parts().log.error(
                "http.file", {{"id", exchange_.id}, {"what", piece.error().to_string()}});
            co_return false;
        }
        if (piece->empty() && first.empty()) co_return true;
        first += *piece;
        sent += first.size();
        give_for(limits_.write_timeout, sent);
        const bool written = co_await write(first);
        if (!written || piece->empty()) co_return written;
        first.clear();
    }
}

asio::awaitable<bool> TlsSession::write(std::string_view bytes) {
    while (!bytes.empty()) {
        const std::string_view piece = bytes.substr(0, kPieceBytes);
        const auto [error, written] =
            co_await asio::async_write(stream_, asio::buffer(piece), kNoThrow);
        if (error) co_return false;
        bytes.remove_prefix(written);
    }
    co_return true;
}

asio::awaitable<bool> TlsSession::read_more() {
    const auto [error, count] = co_await stream_.async_read_some(asio::buffer(incoming_), kNoThrow);
    unread_.append(incoming_.data(), count);
    co_return !error;
}

/// Closes so that a peer can still read our last words: a close with unread bytes in our buffer
/// would make the kernel send a reset, which takes them away.
asio::awaitable<void> TlsSession::say_goodbye() {
    give(kLingerTimeout);
    (void)co_await stream_.async_shutdown(kNoThrow);
    error_code ignored;
    stream_.next_layer().shutdown(tcp::socket::shutdown_send, ignored);
    co_await discard_rest();
}

asio::awaitable<void> TlsSession::discard_rest() {
    for (std::uint64_t discarded = 0; discarded < kLingerBytesMax && !expired_;) {
        const auto [error, count] =
            co_await stream_.next_layer().async_read_some(asio::buffer(incoming_), kNoThrow);
        if (error) co_return;
        discarded += count;
    }
}

}  // namespace

std::shared_ptr<Session> make_session(tcp::socket socket, asio::ssl::context& tls,
                                      const Dispatcher& dispatcher, Capacity capacity) {
    return std::make_shared<TlsSession>(std::move(socket), tls, dispatcher, capacity);
}

}  // namespace firebreak::server
