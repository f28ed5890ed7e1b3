#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <chrono>
#include <filesystem>
#include <memory>
#include <string>

#include "core/net/transport.hpp"

namespace firebreak::net {

struct HttpsOptions {
    std::string base_url;             ///< "https://updates.example.com:8443/path/"; a path is kept.
    std::string ca_certificates_pem;  ///< The only roots trusted; empty: the system's.
    std::chrono::seconds connect_timeout{10};   ///< TCP and TLS together.
    std::chrono::seconds exchange_timeout{60};  ///< One request and its whole answer.
    std::string user_agent = "firebreak";
};

/// HTTPS/1.1 over TLS 1.2 or later, with keep-alive: one connection, reopened when the server closed
/// it between requests. Host name and chain are always checked.
///
/// @returns Errc::kBadUrl, or Errc::kTls for certificates that do not parse. Does not connect yet.
/// Thread safety: one exchange at a time, on `executor`.
[[nodiscard]] Result<std::unique_ptr<Transport>> make_https_transport(
    boost::asio::any_io_executor executor, HttpsOptions options);

/// For programs without a loop of their own (cli): one exchange, blocking.
[[nodiscard]] Result<Response> exchange_blocking(const HttpsOptions& options, Request request,
                                                 std::uint64_t body_bytes_max);

}  // namespace firebreak::net
