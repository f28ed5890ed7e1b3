#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "core/base/error.hpp"
#include "core/net/http.hpp"

namespace firebreak::server {

/// What an API client is told when its request was not done (RFC 9457).
///
/// `name`, `title` and `detail` are sentences of ours. Never put into them a secret, bytes from the
/// network, or the context of an Error that is not about the request itself: that goes to `cause`,
/// which only the log sees.
struct Problem {
    unsigned status = 500;
    std::string name;                 ///< Stable: "counter-exists". Clients branch on it.
    std::string title;                ///< The same for every problem of this name.
    std::string detail = {};          ///< About this one request; may be empty.
    net::Headers headers = {};        ///< Allow, Retry-After, WWW-Authenticate.
    std::optional<Error> cause = {};  ///< For the log alone.
};

/// The problem that an error of ours is: a status and a constant text, `error` itself as the cause.
///
/// | error | problem |
/// |---|---|
/// | Errc::kNotFound | 404 not-found |
/// | Errc::kMalformed | 400 request-malformed |
/// | Errc::kInvalid | 422 request-invalid |
/// | Errc::kTooLarge | 413 too-large |
/// | Errc::kConflict | 409 conflict |
/// | Errc::kDenied | 403 denied |
/// | Errc::kUnavailable, std::errc::timed_out | 503 busy, with Retry-After |
/// | ENOSPC, EDQUOT | 507 storage-full |
/// | any other | 500 internal |
[[nodiscard]] Problem problem_of(const Error& error);

/// The problem of an error that is about the request itself (a body that does not parse, a query
/// parameter out of range): its context becomes the detail, because the caller needs it to mend the
/// request. 400 for Errc::kMalformed, 413 for Errc::kTooLarge, else 422.
///
/// @pre `error` came from reading this request, and from nothing else.
[[nodiscard]] Problem input_problem(const Error& error, std::string name = "request-invalid");

/// `problem` as application/problem+json, never cached.
[[nodiscard]] net::Response problem_response(const Problem& problem);

/// `co_return refuse({.status = 409, .name = "counter-exists", .title = "…"});`
[[nodiscard]] inline tl::unexpected<Problem> refuse(Problem problem) {
    return tl::unexpected<Problem>(std::move(problem));
}

/// `if (!stored) co_return refuse(stored.error());`
[[nodiscard]] inline tl::unexpected<Problem> refuse(const Error& error) {
    return tl::unexpected<Problem>(problem_of(error));
}

}  // namespace firebreak::server
