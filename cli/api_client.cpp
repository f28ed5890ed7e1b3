#include "cli/api_client.hpp"

#include "core/base/errc.hpp"
#include "core/base/json.hpp"
#include "core/base/terminal.hpp"
#include "core/signing/key_file.hpp"

namespace firebreak::cli {
namespace {

constexpr std::uint64_t kAnswerBytesMax = 64U << 20U;
constexpr std::uint64_t kCaBytesMax = 1U << 20U;

/// The server's "no", as one line. Text from the network is cut to a bound and to printable ASCII.
tl::unexpected<Error> refusal(const net::Request& request, const net::Response& response) {
    std::string name = "http";
    std::string detail;
    if (const Result<json::value> problem = parse_json(response.body)) {
        if (const Result<JsonObject> fields = JsonObject::of(*problem, "problem")) {
            const std::string type = fields->string("type").value_or("");
            name = type.substr(type.rfind('/') + 1);
            detail = fields->string("detail").value_or(fields->string("title").value_or(""));
        }
    }
    std::string line = name + " (" + std::to_string(response.status) + ")";
    if (!detail.empty()) line += ": " + detail;
    for (char& c : line) {
        if (c < ' ' || c > '~') c = '?';
    }
    return fail(Errc::kRefused,
                request.method + " " + request.target + ": " + line.substr(0, 1000));
}

}  // namespace

Result<net::HttpsOptions> ApiClient::options() const {
    if (connection_.server.empty()) {
        return fail(Errc::kBadInput, "no server: give --server URL or set FIREBREAK_SERVER");
    }
    net::HttpsOptions options;
    options.base_url = connection_.server;
    options.user_agent = version_line("firebreak");
    if (!connection_.ca.empty()) {
        const Result<Bytes> pem = context_.files.read(connection_.ca, kCaBytesMax);
        if (!pem) return fail(pem.error());
        options.ca_certificates_pem = to_text(*pem);
    }
    return options;
}

Result<net::Response> ApiClient::as_anyone(net::Request request, std::uint64_t bytes_max) {
    const Result<net::HttpsOptions> how = options();
    if (!how) return fail(how.error());
    Result<net::Response> response = net::exchange_blocking(*how, std::move(request), bytes_max);
    if (!response) return fail(response.error().seen_from(connection_.server));
    return response;
}

Result<net::Response> ApiClient::exchange(net::Request request) {
    const Result<net::HttpsOptions> how = options();
    if (!how) return fail(how.error());
    if (connection_.token_file.empty()) {
        return fail(Errc::kBadInput,
                    "no token: give --token-file FILE or set FIREBREAK_TOKEN_FILE");
    }
    const Result<SecretBytes> token =
        signing::read_passphrase_file(context_.files, connection_.token_file);
    if (!token) return fail(token.error());
    request.headers["Authorization"] = "Bearer " + std::string(text_of(token->view()));
    request.headers["Accept"] = "application/json";
    net::Request sent = request;
    Result<net::Response> response = net::exchange_blocking(*how, std::move(sent), kAnswerBytesMax);
    if (!response) return fail(response.error().seen_from(connection_.server));
    if (response->status < 200 || response->status > 299) return refusal(request, *response);
    return response;
}

Result<json::value> ApiClient::call(const std::string& method, const std::string& path,
                                    std::string body, const std::string& content_type) {
    net::Request request{.method = method, .target = path, .headers = {}, .body = std::move(body)};
    if (!request.body.empty()) request.headers["Content-Type"] = content_type;
    const Result<net::Response> response = exchange(std::move(request));
    if (!response) return fail(response.error());
    if (response->body.empty()) return json::value(nullptr);
    Result<json::value> value =
        parse_json(response->body, {.bytes_max = kAnswerBytesMax, .depth_max = 32});
    if (!value) return fail(value.error().seen_from(path));
    return value;
}

Result<std::string> ApiClient::fetch(const std::string& path) {
    Result<net::Response> response =
        exchange({.method = "GET", .target = path, .headers = {}, .body = {}});
    if (!response) return fail(response.error());
    return std::move(response->body);
}

}  // namespace firebreak::cli
