#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <chrono>
#include <memory>
#include <string>

#include "core/net/transport.hpp"
#include "core/net/url.hpp"

namespace firebreak::net {

struct HttpsOptions {
    std::string base_url;  ///< "https://updates.example.com:8443/path/"; see Url::target_for.
    std::string ca_certificates_pem;  ///< The only roots trusted; empty: the system's.
    std::chrono::milliseconds connect_timeout{10'000};   ///< DNS, TCP and TLS together.
    std::chrono::milliseconds exchange_timeout{60'000};  ///< One request and its whole answer.
    std::string user_agent = "firebreak";
    Schemes schemes = Schemes::kHttpsOnly;
};

/// HTTPS/1.1 over TLS 1.2 or later, with keep-alive: one connection, reopened when the server
/// closed it between requests. Host name and chain are always checked (core/net/tls.hpp).
///
/// When a kept connection dies before the first byte of an answer, nobody can tell whether the
/// server saw the request. It is sent once more if doing it twice is the same as doing it once (RFC
/// 9110, 9.2.2: GET, HEAD, PUT, DELETE, OPTIONS); a POST is never sent twice.
///
/// Limits: 64 KiB of answer header; eight 1xx answers; the body as exchange() is told.
/// @returns Errc::kBadUrl, or Errc::kTls for certificates that do not parse. Does not connect yet.
/// Thread safety: one exchange at a time, on `executor`, which is one thread or a strand.
/// Tests: tests/integration/http/https_transport_test.cpp.
[[nodiscard]] Result<std::unique_ptr<Transport>> make_https_transport(
    boost::asio::any_io_executor executor, HttpsOptions options);

/// For programs without a loop of their own (cli): one exchange, blocking.
[[nodiscard]] Result<Response> exchange_blocking(const HttpsOptions& options, Request request,
                                                 std::uint64_t body_bytes_max);

}  // namespace firebreak::net
