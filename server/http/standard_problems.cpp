#include "server/http/standard_problems.hpp"

namespace firebreak::server {

Problem request_malformed() {
    return {.status = 400,
            .name = "request-malformed",
            .title = "The request does not have the form it must have."};
}

Problem not_found() {
    return {.status = 404, .name = "not-found", .title = "There is no such resource."};
}

Problem method_not_allowed(std::string allow) {
    return {.status = 405,
            .name = "method-not-allowed",
            .title = "This resource does not have that method.",
            .headers = {{"Allow", std::move(allow)}}};
}

Problem request_timeout() {
    return {
        .status = 408, .name = "request-timeout", .title = "The request did not arrive in time."};
}

Problem too_large() {
    return {.status = 413, .name = "too-large", .title = "The request is too large."};
}

Problem target_too_long() {
    return {.status = 414, .name = "target-too-long", .title = "The request line is too long."};
}

Problem range_not_satisfiable(std::uint64_t length) {
    return {.status = 416,
            .name = "range-not-satisfiable",
            .title = "The range lies outside of the file.",
            .headers = {{"Content-Range", "bytes */" + std::to_string(length)}}};
}

Problem expectation_unknown() {
    return {.status = 417,
            .name = "expectation-unknown",
            .title = "This server meets no expectation but 100-continue."};
}

Problem header_too_large() {
    return {
        .status = 431, .name = "header-too-large", .title = "The request's header is too large."};
}

Problem method_unknown() {
    return {
        .status = 501, .name = "method-unknown", .title = "This server does not know that method."};
}

Problem coding_unknown() {
    return {.status = 501,
            .name = "coding-unknown",
            .title = "This server knows no transfer coding but chunked."};
}

Problem too_many_connections() {
    return {.status = 503,
            .name = "busy",
            .title = "The server cannot do this now. Try again later.",
            .detail = "It has too many connections.",
            .headers = {{"Retry-After", "5"}}};
}

Problem version_unsupported() {
    return {.status = 505,
            .name = "version-unsupported",
            .title = "This server speaks HTTP/1.1 and 1.0."};
}

}  // namespace firebreak::server
