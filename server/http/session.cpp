#include "server/http/session.hpp"

#include <algorithm>
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
#include <boost/beast/http/status.hpp>
#include <boost/system/system_error.hpp>
#include <optional>

#include "core/base/errc.hpp"
#include "core/net/beast_message.hpp"
#include "server/http/response_head.hpp"
#include "server/http/standard_problems.hpp"

namespace firebreak::server {
namespace asio = boost::asio;
namespace http = boost::beast::http;
using asio::ip::tcp;
using boost::system::error_code;
using std::chrono::milliseconds;
using SteadyClock = asio::steady_timer::clock_type;

namespace {

constexpr std::size_t kPieceBytes = 64U << 10U;       // Written, or read from a file, at once.
constexpr milliseconds kLingerTimeout{2'000};         // For a peer to read our last words.
constexpr std::uint64_t kLingerBytesMax = 4U << 20U;  // What we throw away meanwhile.

// Completes with (error_code, ...) instead of throwing: a peer that hangs up is not exceptional.
constexpr auto kNoThrow = asio::as_tuple(asio::use_awaitable);

using Parser = http::request_parser<net::GrowingBody>;

// How reading went. kRefused: `exchange_.problem` says why, and the framing is lost, so that the
// answer is the last one. kGone: there is nobody to tell.
enum class Step { kDone, kRefused, kGone };

// What becomes of the connection. kLinger: the peer may still be sending what we do not want, and
// would lose our answer if we just closed (RFC 9112, 9.6). kCut: close without a word.
enum class After { kKeep, kClose, kLinger, kCut };

// Fields of which two readers could pick different ones.
constexpr std::array kSingleFields = {http::field::host,         http::field::authorization,
                                      http::field::content_type, http::field::range,
                                      http::field::if_range,     http::field::expect};

// What the parser lets pass, and a server that stands behind or before us might read in another
// way (RFC 9112, 11.2).
std::optional<Problem> framing_problem(const Parser& parser, std::uint32_t fields_max) {
    const auto& message = parser.get();
    if (std::distance(message.begin(), message.end()) > fields_max) return header_too_large();
    for (const http::field name : kSingleFields) {
        if (message.count(name) > 1) return request_malformed();
    }
    if (message.version() == 11 && message.count(http::field::host) == 0)
        return request_malformed();
    const auto coding = message.find(http::field::transfer_encoding);
    if (coding != message.end()) {
        if (message.version() < 11) return request_malformed();
        if (!parser.chunked() || message.count(http::field::transfer_encoding) > 1 ||
            !boost::beast::iequals(coding->value(), "chunked")) {
            return coding_unknown();
        }
    }
    const auto expectation = message.find(http::field::expect);
    if (expectation != message.end() &&
        !boost::beast::iequals(expectation->value(), "100-continue")) {
        return expectation_unknown();
    }
    return std::nullopt;
}

class TlsSession final : public Session, public std::enable_shared_from_this<TlsSession> {
public:
    TlsSession(tcp::socket socket, asio::ssl::context& tls, const Dispatcher& dispatcher,
               Capacity capacity, const std::atomic<bool>& stopping)
        : stream_(std::move(socket), tls),
          watchdog_(stream_.get_executor()),
          dispatcher_(dispatcher),
          limits_(dispatcher.limits()),
          capacity_(capacity),
          stopping_(stopping) {}

    void start(std::function<void()> gone) override;
    void drain() override;
    void abort() override;

private:
    asio::awaitable<void> run();
    asio::awaitable<After> serve();
    asio::awaitable<After> serve_one(bool last);
    asio::awaitable<bool> wait_for_request();
    asio::awaitable<Step> read_request(Parser& parser);
    asio::awaitable<Step> read_head(Parser& parser);
    asio::awaitable<Step> read_body(Parser& parser);
    asio::awaitable<bool> read_more();
    asio::awaitable<bool> send(Reply reply, bool close);
    asio::awaitable<bool> send_body(std::string first, Reply& reply);
    asio::awaitable<bool> write(std::string_view bytes);
    asio::awaitable<void> say_goodbye(After after);

    Step refuse_with(Problem problem);
    Step late_or_gone();

    void give(milliseconds time);
    void give_more(milliseconds time, std::uint64_t bytes_moved);
    void give_all();
    void watch();

    asio::ssl::stream<tcp::socket> stream_;
    asio::steady_timer watchdog_;
    asio::cancellation_signal cancellation_;
    const Dispatcher& dispatcher_;
    const SessionLimits& limits_;
    Capacity capacity_;
    const std::atomic<bool>& stopping_;

    std::string peer_;
    std::string unread_;  ///< Received, and not yet parsed.
    std::array<char, 16U << 10U> incoming_{};
    Exchange exchange_;
    SteadyClock::time_point step_begun_;
    SteadyClock::time_point deadline_;
    bool expired_ = false;  ///< The step's time is over.
    bool idle_ = false;     ///< Between two requests.
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
        if (self->idle_) self->give(milliseconds{0});
    });
}

void TlsSession::abort() {
    asio::post(stream_.get_executor(), [self = shared_from_this()] {
        self->cancellation_.emit(asio::cancellation_type::terminal);
        error_code ignored;
        self->stream_.next_layer().close(ignored);
    });
}

// Starts a step that may take `time`. When it is over, whatever the step waits for is cancelled.
void TlsSession::give(milliseconds time) {
    step_begun_ = SteadyClock::now();
    deadline_ = step_begun_ + time;
    expired_ = false;
    if (deadline_ < watchdog_.expiry()) watch();
}

// The same step goes on: each byte moved adds the time that the slowest peer we serve needs for it.
void TlsSession::give_more(milliseconds time, std::uint64_t bytes_moved) {
    const std::uint64_t rate = std::max<std::uint64_t>(limits_.bytes_per_second_min, 1);
    const auto earned = bytes_moved / rate * 1000 + bytes_moved % rate * 1000 / rate;
    deadline_ = step_begun_ + time + milliseconds(earned);
}

// Nothing waits for the peer now.
void TlsSession::give_all() {
    deadline_ = SteadyClock::time_point::max();
    expired_ = false;
}

// One timer for all steps: a step moves the deadline, and the timer follows when it goes off. A
// cancel misses an operation that is just between two reads, so it is repeated until the step has
// noticed.
void TlsSession::watch() {
    static constexpr milliseconds kRepeat{20};
    if (SteadyClock::now() >= deadline_) {
        expired_ = true;
        error_code ignored;
        stream_.next_layer().cancel(ignored);
        watchdog_.expires_after(kRepeat);
    } else {
        watchdog_.expires_at(deadline_);
    }
    watchdog_.async_wait([self = shared_from_this()](const error_code& error) {
        if (!error && self->stream_.next_layer().is_open()) self->watch();
    });
}

asio::awaitable<void> TlsSession::run() {
    error_code ignored;
    stream_.next_layer().set_option(tcp::no_delay(true), ignored);
    const tcp::endpoint peer = stream_.next_layer().remote_endpoint(ignored);
    peer_ = peer.address().to_string();
    watchdog_.expires_at(SteadyClock::time_point::max());
    give(limits_.handshake_timeout);
    const auto [failed] =
        co_await stream_.async_handshake(asio::ssl::stream_base::server, kNoThrow);
    if (failed) {
        dispatcher_.parts().log.debug("http.handshake",
                                      {{"peer", peer_}, {"reason", failed.message()}});
        co_return;
    }
    const After after = co_await serve();
    if (after != After::kCut) co_await say_goodbye(after);
}

asio::awaitable<After> TlsSession::serve() {
    if (capacity_ == Capacity::kRefuse) {
        refuse_with(too_many_connections());
        const bool sent = co_await send(problem_response(*exchange_.problem), true);
        co_return sent ? After::kLinger : After::kCut;
    }
    for (std::uint32_t served = 1; served <= limits_.requests_max; ++served) {
        const After after = co_await serve_one(served == limits_.requests_max);
        if (after != After::kKeep) co_return after;
    }
    co_return After::kClose;
}

asio::awaitable<After> TlsSession::serve_one(bool last) {
    const bool comes = co_await wait_for_request();
    if (!comes) co_return After::kClose;
    exchange_ = {};
    Parser parser;
    parser.header_limit(limits_.header_bytes_max);
    parser.body_limit(boost::none);
    const Step step = co_await read_request(parser);
    if (step == Step::kGone) co_return After::kCut;

    give_all();
    Reply reply = co_await dispatcher_.answer(exchange_);
    // A request that was refused may have a body that nobody has read; then so has the connection.
    const bool all_read = step == Step::kDone && parser.is_done();
    const bool close =
        !all_read || last || stopping_ || parser.get().version() < 11 || !parser.keep_alive();
    const bool sent = co_await send(std::move(reply), close);
    if (!sent) co_return After::kCut;
    if (!all_read) co_return After::kLinger;
    co_return close ? After::kClose : After::kKeep;
}

asio::awaitable<bool> TlsSession::wait_for_request() {
    if (!unread_.empty()) co_return true;
    if (stopping_) co_return false;
    idle_ = true;
    give(limits_.idle_timeout);
    const bool in_time = co_await read_more();
    idle_ = false;
    // A request that came in the moment we wanted to close is still answered.
    co_return in_time || !unread_.empty();
}

// From the first byte to the end of the body. Afterwards `exchange_` has a problem or a body.
asio::awaitable<Step> TlsSession::read_request(Parser& parser) {
    give(limits_.header_timeout);
    const Step head = co_await read_head(parser);
    if (head != Step::kDone) co_return head;

    const auto& message = parser.get();
    net::Request request{std::string(message.method_string()),
                         std::string(message.target()),
                         net::headers_of(message),
                         {}};
    exchange_ = dispatcher_.begin(std::move(request), peer_);
    std::optional<Problem> misframed = framing_problem(parser, limits_.fields_max);
    if (misframed) co_return refuse_with(std::move(*misframed));
    if (exchange_.problem) co_return Step::kDone;
    if (parser.content_length().value_or(0) > dispatcher_.body_bytes_max(exchange_)) {
        co_return refuse_with(too_large());
    }
    give_all();
    co_await dispatcher_.admit(exchange_);
    if (exchange_.problem) co_return Step::kDone;

    give(limits_.body_timeout);
    if (message.count(http::field::expect) != 0 && !parser.is_done() && unread_.empty()) {
        const bool invited = co_await write("HTTP/1.1 100 Continue\r\n\r\n");
        if (!invited) co_return Step::kGone;
    }
    co_return co_await read_body(parser);
}

asio::awaitable<Step> TlsSession::read_head(Parser& parser) {
    std::size_t head_bytes = 0;
    while (true) {
        error_code error;
        const std::size_t used = parser.put(asio::buffer(unread_), error);
        unread_.erase(0, used);
        head_bytes += used;
        const bool over = error == http::error::header_limit ||
                          (parser.is_header_done() ? head_bytes : head_bytes + unread_.size()) >
                              limits_.header_bytes_max;
        if (over && parser.get().target().empty()) co_return refuse_with(target_too_long());
        if (over) co_return refuse_with(header_too_large());
        if (error == http::error::bad_version) co_return refuse_with(version_unsupported());
        if (error && error != http::error::need_more) co_return refuse_with(request_malformed());
        if (parser.is_header_done()) co_return Step::kDone;
        const bool read = co_await read_more();
        if (!read) co_return late_or_gone();
    }
}

asio::awaitable<Step> TlsSession::read_body(Parser& parser) {
    parser.body_limit(dispatcher_.body_bytes_max(exchange_));
    parser.eager(true);
    std::uint64_t received = 0;
    while (!parser.is_done()) {
        error_code error;
        const std::size_t used = parser.put(asio::buffer(unread_), error);
        unread_.erase(0, used);
        if (error == http::error::body_limit) co_return refuse_with(too_large());
        if (error && error != http::error::need_more) co_return refuse_with(request_malformed());
        if (parser.is_done()) break;
        // What a parser holds back is a chunk's header or the trailer.
        if (unread_.size() > limits_.header_bytes_max) co_return refuse_with(request_malformed());
        const bool read = co_await read_more();
        if (!read) co_return late_or_gone();
        received += unread_.size();
        give_more(limits_.body_timeout, received);
    }
    exchange_.context.request.body = std::move(parser.get().body());
    co_return Step::kDone;
}

// False when the peer is gone or the step's time is over.
asio::awaitable<bool> TlsSession::read_more() {
    const auto [error, count] = co_await stream_.async_read_some(asio::buffer(incoming_), kNoThrow);
    if (error) co_return false;
    unread_.append(incoming_.data(), count);
    co_return !expired_;
}

Step TlsSession::refuse_with(Problem problem) {
    if (exchange_.id.empty()) {
        exchange_ = dispatcher_.refused(std::move(problem), peer_);
    } else {
        exchange_.problem = std::move(problem);
    }
    return Step::kRefused;
}

Step TlsSession::late_or_gone() {
    if (!expired_) return Step::kGone;
    return refuse_with(request_timeout());
}

asio::awaitable<bool> TlsSession::send(Reply reply, bool close) {
    if (!can_be_sent(reply.response)) {
        dispatcher_.parts().log.error("http.bad_header", {{"id", exchange_.id}});
        exchange_.problem = problem_of(Error(Errc::kCorrupt, "a header of the answer"));
        reply = problem_response(*exchange_.problem);
    }
    const unsigned status = reply.response.status;
    const std::uint64_t length = length_of(reply);
    const bool with_body = has_length(status) && exchange_.method != "HEAD";
    give(limits_.write_timeout);
    std::string head = response_head(reply, {exchange_.id, dispatcher_.parts().clock.now(), close});
    bool sent = false;
    if (with_body) {
        sent = co_await send_body(std::move(head), reply);
    } else {
        sent = co_await write(head);
    }
    dispatcher_.log(exchange_, status, sent && with_body ? length : 0);
    co_return sent;
}

// In pieces, each of which has to be taken in its time; the first one goes with the head, in one
// record of TLS if it is small.
asio::awaitable<bool> TlsSession::send_body(std::string first, Reply& reply) {
    std::string piece = std::move(first);
    std::uint64_t sent = 0;
    std::size_t at = 0;
    while (true) {
        if (reply.file) {
            Result<std::string> read = reply.file->next(kPieceBytes);
            // Too late for another status; the peer sees from the length that this is not all.
            if (!read) {
                dispatcher_.parts().log.error(
                    "http.body", {{"id", exchange_.id}, {"cause", read.error().to_string()}});
                co_return false;
            }
            piece += *read;
        } else {
            piece.append(reply.response.body, at, kPieceBytes);
            at += kPieceBytes;
        }
        if (piece.empty()) co_return true;
        const bool written = co_await write(piece);
        if (!written) co_return false;
        sent += piece.size();
        give_more(limits_.write_timeout, sent);
        piece.clear();
        if (!reply.file && at >= reply.response.body.size()) co_return true;
    }
}

asio::awaitable<bool> TlsSession::write(std::string_view bytes) {
    const auto [error, count] = co_await asio::async_write(stream_, asio::buffer(bytes), kNoThrow);
    co_return !error && !expired_;
}

asio::awaitable<void> TlsSession::say_goodbye(After after) {
    give(kLingerTimeout);
    // Our close_notify proves to the peer that nobody cut the answer off. Theirs proves nothing to
    // us, so it is not waited for.
    SSL_set_shutdown(stream_.native_handle(),
                     SSL_get_shutdown(stream_.native_handle()) | SSL_RECEIVED_SHUTDOWN);
    const auto [error] = co_await stream_.async_shutdown(kNoThrow);
    if (error || after != After::kLinger) co_return;
    error_code ignored;
    stream_.next_layer().shutdown(tcp::socket::shutdown_send, ignored);
    std::uint64_t discarded = 0;
    while (!expired_ && discarded < kLingerBytesMax) {
        const auto [ended, count] =
            co_await stream_.next_layer().async_read_some(asio::buffer(incoming_), kNoThrow);
        if (ended) co_return;
        discarded += count;
    }
}

}  // namespace

std::shared_ptr<Session> make_session(tcp::socket socket, asio::ssl::context& tls,
                                      const Dispatcher& dispatcher, Capacity capacity,
                                      const std::atomic<bool>& stopping) {
    return std::make_shared<TlsSession>(std::move(socket), tls, dispatcher, capacity, stopping);
}

}  // namespace firebreak::server
