#pragma once

#include <any>
#include <cstdint>
#include <initializer_list>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/error.hpp"
#include "core/base/json.hpp"
#include "core/net/http.hpp"

namespace firebreak::server {

/// Decodes %XX (RFC 3986, 2.1). Strict: a '%' without two hexadecimal digits, a decoded control
/// character or text that is not UTF-8 is Errc::kMalformed. '+' stays '+'.
[[nodiscard]] Result<std::string> percent_decode(std::string_view text);

/// The parameters of a query string, decoded.
class Query {
public:
    /// Reads "limit=10&after=abc". A name without '=' has an empty value.
    ///
    /// @returns Errc::kMalformed for bad encoding or an empty name, Errc::kInvalid for a name given
    ///   twice (two readers could disagree on which one counts) or more than 32 parameters.
    [[nodiscard]] static Result<Query> parse(std::string_view text);

    /// nullptr when there is none.
    const std::string* find(std::string_view name) const;

    /// @returns nullopt when there is none, or Errc::kInvalid unless it is a decimal number from
    ///   `min` to `max`.
    [[nodiscard]] Result<std::optional<std::int64_t>> integer(std::string_view name,
                                                              std::int64_t min,
                                                              std::int64_t max) const;

    /// @returns Errc::kInvalid when there is a parameter not among `names`: a misspelt filter must
    ///   not read as no filter.
    [[nodiscard]] Result<void> only(std::initializer_list<std::string_view> names) const;

private:
    std::map<std::string, std::string, std::less<>> values_;
};

/// A request target (RFC 9112, 3.2), decoded.
struct Target {
    std::string origin;                 ///< In origin form, not decoded: "/v1/log?limit=5".
    std::vector<std::string> segments;  ///< Of the path: "/v1/rollouts" -> {"v1", "rollouts"}.
    Query query;
};

/// Decodes the target of a request: origin form ("/v1/log?limit=5") or absolute form, whose scheme
/// and authority are dropped (RFC 9112, 3.2.2).
///
/// A path can say one thing only: empty segments ("//", a trailing "/"), "." and "..", an encoded
/// slash, backslashes, control characters and text that is not UTF-8 are Errc::kMalformed, before
/// or after decoding.
[[nodiscard]] Result<Target> parse_target(std::string_view target);

/// One request on its way to a handler.
struct RequestContext {
    std::string id;        ///< 16 hexadecimal digits, random; also in the answer's X-Request-Id.
    std::string peer;      ///< The peer's address, without the port.
    net::Request request;  ///< As received; the target in origin form.
    std::map<std::string, std::string, std::less<>> path;  ///< By the pattern's names, decoded.
    Query query;
    std::any caller;  ///< Who asks: set by the route's Guard, read by its Handler.

    /// The path as it was sent, not decoded: what a message signature covers (RFC 9421, @path).
    std::string_view raw_path() const;

    /// What stands for `{name}` of the route's pattern. @pre the pattern has one.
    const std::string& parameter(std::string_view name) const;

    /// The same as a number. @returns Errc::kInvalid unless it is decimal, without sign or leading
    /// zeros, and at most 2^63 - 1.
    [[nodiscard]] Result<std::int64_t> integer(std::string_view name) const;

    /// nullptr when there is none.
    const std::string* header(std::string_view name) const;

    /// The body as JSON. @returns Errc::kInvalid unless Content-Type is application/json, or what
    /// parse_json refuses. Give the error to input_problem().
    [[nodiscard]] Result<json::value> json_body(JsonLimits limits = {}) const;

    /// The token of "Authorization: Bearer <token>" (RFC 6750, 2.1); nullopt for anything else.
    std::optional<std::string_view> bearer_token() const;
};

}  // namespace firebreak::server
