#pragma once

#include <string>

#include "cli/command.hpp"
#include "core/net/https_transport.hpp"

namespace firebreak::cli {

/// How to reach a server, and as whom. Options win over the environment (FIREBREAK_SERVER,
/// FIREBREAK_CA, FIREBREAK_TOKEN_FILE); the token itself is never an argument, where other users of
/// the machine could read it.
struct Connection {
    std::string server;      ///< "https://firebreak.example.com/"
    std::string ca;          ///< PEM file with the roots to trust; empty: the system's.
    std::string token_file;  ///< Mode 0600, the token on its first line.
};

/// The operator's side of docs/api.md.
class ApiClient {
public:
    ApiClient(const Context& context, Connection connection)
        : context_(context), connection_(std::move(connection)) {}

    /// One request with the operator's token.
    ///
    /// @returns the answer's body as JSON (null when empty) for any 2xx; Errc::kRefused with the
    ///   problem's name, status and detail for anything else; net::Errc when there was no answer.
    [[nodiscard]] Result<json::value> call(const std::string& method, const std::string& path,
                                           std::string body = {},
                                           const std::string& content_type = "application/json");

    /// The same for an answer that is not ours to parse.
    [[nodiscard]] Result<std::string> fetch(const std::string& path);

    /// What needs no token of an operator: the repository, and what devices say. @returns the
    /// answer, whatever its status.
    [[nodiscard]] Result<net::Response> as_anyone(net::Request request, std::uint64_t bytes_max);

private:
    [[nodiscard]] Result<net::HttpsOptions> options() const;
    [[nodiscard]] Result<net::Response> exchange(net::Request request);

    const Context& context_;
    Connection connection_;
};

}  // namespace firebreak::cli
