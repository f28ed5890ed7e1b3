#include "server/http/response_head.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "server/http/date.hpp"

namespace firebreak::server {
namespace {

// RFC 9110, 15. For people who read traffic: programs go by the number.
std::string_view reason_of(unsigned status) {
    static constexpr std::array<std::pair<unsigned, std::string_view>, 24> kReasons = {{
        {200, "OK"},
        {201, "Created"},
        {202, "Accepted"},
        {204, "No Content"},
        {206, "Partial Content"},
        {304, "Not Modified"},
        {400, "Bad Request"},
        {401, "Unauthorized"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {408, "Request Timeout"},
        {409, "Conflict"},
        {413, "Content Too Large"},
        {414, "URI Too Long"},
        {416, "Range Not Satisfiable"},
        {417, "Expectation Failed"},
        {422, "Unprocessable Content"},
        {431, "Request Header Fields Too Large"},
        {500, "Internal Server Error"},
        {501, "Not Implemented"},
        {503, "Service Unavailable"},
        {505, "HTTP Version Not Supported"},
        {507, "Insufficient Storage"},
    }};
    const auto* const found =
        std::find_if(kReasons.begin(), kReasons.end(),
                     [status](const auto& entry) { return entry.first == status; });
    return found == kReasons.end() ? std::string_view() : found->second;
}

bool is_framing(std::string_view name) {
    return net::equal_without_case(name, "Content-Length") ||
           net::equal_without_case(name, "Transfer-Encoding") ||
           net::equal_without_case(name, "Connection");
}

}  // namespace

bool can_be_sent(const net::Response& response) {
    return response.status >= 200 && response.status <= 599 &&
           std::all_of(response.headers.begin(), response.headers.end(), [](const auto& header) {
               return net::is_token(header.first) && net::is_field_value(header.second) &&
                      !is_framing(header.first);
           });
}

bool has_length(unsigned status) {
    return status >= 200 && status != 204 && status != 304;
}

std::uint64_t length_of(const Reply& reply) {
    return reply.file ? reply.file->length() : reply.response.body.size();
}

std::string response_head(const Reply& reply, const HeadFields& fields) {
    const net::Response& response = reply.response;
    std::string head = "HTTP/1.1 " + std::to_string(response.status) + " ";
    head += reason_of(response.status);
    const auto add = [&head](std::string_view name, std::string_view value) {
        head.append("\r\n").append(name).append(": ").append(value);
    };
    add("Date", http_date(fields.now));
    add("X-Request-Id", fields.request_id);
    add("X-Content-Type-Options", "nosniff");
    if (!response.headers.contains("Cache-Control")) add("Cache-Control", "no-store");
    for (const auto& [name, value] : response.headers) add(name, value);
    if (has_length(response.status)) add("Content-Length", std::to_string(length_of(reply)));
    if (fields.close) add("Connection", "close");
    return head + "\r\n\r\n";
}

}  // namespace firebreak::server
