#include "client/server_link.hpp"

#include <algorithm>
#include <charconv>

#include "core/base/errc.hpp"
#include "core/base/json.hpp"

namespace firebreak::client {
namespace {

constexpr std::string_view kProblemPrefix = "https://firebreak.invalid/problems/";
constexpr std::size_t kProblemNameBytesMax = 64;

Errc code_of(unsigned status) {
    switch (status) {
        case 401:
        case 403: return Errc::kDenied;
        case 404: return Errc::kNotFound;
        case 408:
        case 429: return Errc::kUnavailable;
        case 409: return Errc::kConflict;
        default: return status >= 400 && status < 500 ? Errc::kInvalid : Errc::kUnavailable;
    }
}

/// "enrolment-token-invalid", or nothing when the body says no such thing. Only names of the one
/// form get through: what came from the network is not for our logs.
std::string problem_name(const net::Response& response) {
    constexpr JsonLimits kLimits{.bytes_max = 16'384, .depth_max = 8};
    const Result<json::value> value = parse_json(response.body, kLimits);
    if (!value) return {};
    const Result<JsonObject> object = JsonObject::of(*value, "problem");
    if (!object) return {};
    const Result<std::string> type = object->string("type");
    if (!type || !type->starts_with(kProblemPrefix)) return {};
    std::string name = type->substr(kProblemPrefix.size());
    const auto plain = [](char c) { return (c >= 'a' && c <= 'z') || c == '-'; };
    const bool fit = name.size() <= kProblemNameBytesMax;
    return fit && std::all_of(name.begin(), name.end(), plain) ? name : std::string{};
}

}  // namespace

boost::asio::awaitable<Result<net::Response>> ServerLink::exchange(net::Request request,
                                                                   std::uint64_t body_bytes_max) {
    Result<net::Response> response =
        co_await transport_.exchange(std::move(request), body_bytes_max);
    if (response && (response->status == 429 || response->status == 503)) {
        const std::optional<std::chrono::seconds> asked = retry_after(*response);
        if (asked) retry_after_ = std::max(retry_after_, *asked);
    }
    co_return response;
}

std::chrono::seconds ServerLink::take_retry_after() {
    return std::exchange(retry_after_, std::chrono::seconds{0});
}

std::optional<std::chrono::seconds> retry_after(const net::Response& response) {
    const auto found = response.headers.find("Retry-After");
    if (found == response.headers.end()) return std::nullopt;
    const std::string& text = found->second;
    std::uint32_t seconds = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return std::min(std::chrono::seconds{seconds}, ServerLink::kRetryAfterMax);
}

Error error_of(const net::Response& response, std::string_view what) {
    std::string text = std::string(what) + ": HTTP " + std::to_string(response.status);
    const std::string problem = problem_name(response);
    if (!problem.empty()) text += " " + problem;
    return {code_of(response.status), std::move(text)};
}

}  // namespace firebreak::client
