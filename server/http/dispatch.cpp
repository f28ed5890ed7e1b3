#include "server/http/dispatch.hpp"

#include <algorithm>
#include <array>
#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>

#include "core/base/encoding.hpp"
#include "core/net/deadline.hpp"
#include "server/http/standard_problems.hpp"

namespace firebreak::server {
namespace asio = boost::asio;
namespace {

constexpr std::array<std::string_view, 7> kMethods = {"GET",    "HEAD",  "POST",   "PUT",
                                                      "DELETE", "PATCH", "OPTIONS"};

bool is_known(std::string_view method) {
    return std::find(kMethods.begin(), kMethods.end(), method) != kMethods.end();
}

Problem internal_problem() {
    return problem_of(Error(std::make_error_code(std::errc::state_not_recoverable), "handler"));
}

Problem late_problem() {
    return problem_of(Error(std::make_error_code(std::errc::timed_out), "handler"));
}

// A guard's or a handler's exception is a bug of ours, and costs this one request, not the server.
// Cancellation is no bug: it ends the session.
template <class Outcome>
asio::awaitable<Outcome> contain(asio::awaitable<Outcome> operation, const Log& log,
                                 std::string id) {
    try {
        co_return co_await std::move(operation);
    } catch (const boost::system::system_error& error) {
        if (error.code() == asio::error::operation_aborted) throw;
        log.error("http.exception", {{"id", id}, {"what", error.what()}});
    } catch (const std::exception& error) {
        log.error("http.exception", {{"id", id}, {"what", error.what()}});
    }
    co_return refuse(internal_problem());
}

}  // namespace

Exchange Dispatcher::begin(net::Request head, std::string peer) const {
    Exchange exchange;
    exchange.begun = parts_.clock.steady();
    exchange.id = hex_encode(parts_.random.bytes(8));
    exchange.peer = std::move(peer);
    exchange.method = head.method;
    exchange.context.id = exchange.id;
    exchange.context.peer = exchange.peer;
    exchange.context.request = std::move(head);
    net::Request& request = exchange.context.request;
    if (!is_known(request.method)) {
        exchange.problem = method_unknown();
        return exchange;
    }
    Result<Target> target = parse_target(request.target);
    if (!target) {
        exchange.problem = input_problem(target.error(), "target-malformed");
        exchange.problem->status = 400;
        return exchange;
    }
    auto match = parts_.router.find(request.method, target->segments);
    if (!match) {
        exchange.problem = std::move(match.error());
        return exchange;
    }
    request.target = std::move(target->origin);
    exchange.route = match->route;
    exchange.context.path = std::move(match->parameters);
    exchange.context.query = std::move(target->query);
    return exchange;
}

Exchange Dispatcher::refused(Problem problem, std::string peer) const {
    Exchange exchange;
    exchange.begun = parts_.clock.steady();
    exchange.id = hex_encode(parts_.random.bytes(8));
    exchange.peer = std::move(peer);
    exchange.problem = std::move(problem);
    return exchange;
}

std::uint64_t Dispatcher::body_bytes_max(const Exchange& exchange) const {
    if (exchange.route == nullptr) return limits_.body_bytes_max;
    return exchange.route->body_bytes_max.value_or(limits_.body_bytes_max);
}

asio::awaitable<void> Dispatcher::admit(Exchange& exchange) const {
    if (!exchange.route->guard) co_return;
    auto guard = contain(exchange.route->guard(exchange.context), parts_.log, exchange.id);
    tl::expected<void, Problem> admitted =
        co_await net::with_deadline(std::move(guard), limits_.handle_timeout, late_problem());
    if (!admitted) exchange.problem = std::move(admitted.error());
}

asio::awaitable<Reply> Dispatcher::answer(Exchange& exchange) const {
    if (!exchange.problem) {
        auto handler =
            contain(exchange.route->handler(std::move(exchange.context)), parts_.log, exchange.id);
        Answer answer =
            co_await net::with_deadline(std::move(handler), limits_.handle_timeout, late_problem());
        if (answer) co_return std::move(*answer);
        exchange.problem = std::move(answer.error());
    }
    co_return problem_response(*exchange.problem);
}

void Dispatcher::log(const Exchange& exchange, unsigned status, std::uint64_t body_bytes) const {
    const auto took = parts_.clock.steady() - exchange.begun;
    json::object line;
    line["id"] = exchange.id;
    line["peer"] = exchange.peer;
    line["method"] = is_known(exchange.method) ? std::string_view(exchange.method) : "other";
    line["route"] = exchange.route == nullptr ? std::string_view() : exchange.route->pattern;
    line["status"] = status;
    line["bytes"] = body_bytes;
    line["ms"] = std::chrono::duration_cast<std::chrono::milliseconds>(took).count();
    if (exchange.problem) {
        line["problem"] = exchange.problem->name;
        if (exchange.problem->cause) line["cause"] = exchange.problem->cause->to_string();
    }
    const Severity failed = status == 503 ? Severity::kWarning : Severity::kError;
    parts_.log.write(status >= 500 ? failed : Severity::kInfo, "http.request", std::move(line));
}

}  // namespace firebreak::server
