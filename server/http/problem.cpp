#include "server/http/problem.hpp"

#include <boost/json/serialize.hpp>
#include <cerrno>

#include "core/base/errc.hpp"
#include "core/base/json.hpp"

namespace firebreak::server {
namespace {

constexpr std::string_view kTypeBase = "https://firebreak.invalid/problems/";
constexpr const char* kRetryAfterSeconds = "5";

// POSIX has it, std::errc has not.
const std::error_condition kQuotaExceeded(EDQUOT, std::generic_category());

Problem problem_without_cause(std::error_code code) {
    if (code == Errc::kNotFound) {
        return {.status = 404, .name = "not-found", .title = "There is no such resource."};
    }
    if (code == Errc::kMalformed) {
        return {.status = 400,
                .name = "request-malformed",
                .title = "The request does not have the form it must have."};
    }
    if (code == Errc::kInvalid) {
        return {.status = 422,
                .name = "request-invalid",
                .title = "The request asks for something the rules do not allow."};
    }
    if (code == Errc::kTooLarge) {
        return {.status = 413, .name = "too-large", .title = "The request is too large."};
    }
    if (code == Errc::kConflict) {
        return {.status = 409,
                .name = "conflict",
                .title = "The request is at odds with the present state."};
    }
    if (code == Errc::kDenied) {
        return {.status = 403, .name = "denied", .title = "This caller may not do that."};
    }
    if (code == Errc::kUnavailable || code == std::errc::timed_out) {
        return {.status = 503,
                .name = "busy",
                .title = "The server cannot do this now. Try again later.",
                .headers = {{"Retry-After", kRetryAfterSeconds}}};
    }
    if (code == std::errc::no_space_on_device || code == kQuotaExceeded) {
        return {.status = 507,
                .name = "storage-full",
                .title = "The server has no room left to store this. Nothing was changed."};
    }
    return {.status = 500,
            .name = "internal",
            .title = "The server failed. Its log has the reason, under the request id."};
}

}  // namespace

Problem problem_of(const Error& error) {
    Problem problem = problem_without_cause(error.code());
    problem.cause = error;
    return problem;
}

Problem input_problem(const Error& error, std::string name) {
    unsigned status = 422;
    if (error == Errc::kMalformed) status = 400;
    if (error == Errc::kTooLarge) status = 413;
    return {.status = status,
            .name = std::move(name),
            .title = "The request is not valid.",
            .detail = error.context(),
            .cause = error};
}

net::Response problem_response(const Problem& problem) {
    json::object body;
    body["type"] = std::string(kTypeBase) + problem.name;
    body["title"] = problem.title;
    body["status"] = problem.status;
    if (!problem.detail.empty()) body["detail"] = problem.detail;
    net::Response response{problem.status, problem.headers, json::serialize(body) + "\n"};
    response.headers["Content-Type"] = "application/problem+json";
    response.headers["Cache-Control"] = "no-store";
    return response;
}

}  // namespace firebreak::server
