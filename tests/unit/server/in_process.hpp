#pragma once

#include <boost/asio/awaitable.hpp>
#include <string>

#include "core/net/http.hpp"
#include "server/http/dispatch.hpp"
#include "server/store/store.hpp"

namespace firebreak::test {

/// The secret of every API token in tests. TEST ONLY.
const std::string& token_secret();

/// One token for each role: its id, and the token as a client sends it.
std::string token_id(server::Role role);
std::string token_of(server::Role role);

/// `request` from its header to its answer, as a session does it. The dispatcher outlives it.
boost::asio::awaitable<net::Response> exchange(const server::Dispatcher& dispatcher,
                                               net::Request request);

}  // namespace firebreak::test
