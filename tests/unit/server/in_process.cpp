#include "tests/unit/server/in_process.hpp"

#include "server/access/token.hpp"

namespace firebreak::test {

const std::string& token_secret() {
    static const std::string secret(43, 'A');
    return secret;
}

std::string token_id(server::Role role) {
    return std::string(15, '0') + std::to_string(static_cast<int>(role));
}

std::string token_of(server::Role role) {
    return server::format_token(server::kApiTokenPrefix, {token_id(role), token_secret()});
}

boost::asio::awaitable<net::Response> exchange(const server::Dispatcher& dispatcher,
                                               net::Request request) {
    std::string body = std::move(request.body);
    server::Exchange exchange = dispatcher.begin(std::move(request), "192.0.2.1");
    if (!exchange.problem) co_await dispatcher.admit(exchange);
    exchange.context.request.body = std::move(body);
    server::Reply reply = co_await dispatcher.answer(exchange);
    co_return std::move(reply.response);
}

}  // namespace firebreak::test
