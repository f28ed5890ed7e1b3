#pragma once

#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/error.hpp"
#include "core/net/transport.hpp"

namespace firebreak::client {

/// The way to the server, which also remembers when the server last asked to be left alone.
///
/// Thread safety: one exchange at a time.
class ServerLink {
public:
    /// @param transport  Outlives this.
    explicit ServerLink(net::Transport& transport) : transport_(transport) {}

    /// @returns the answer, whatever its status, or an error of net::Errc.
    [[nodiscard]] boost::asio::awaitable<Result<net::Response>> exchange(
        net::Request request, std::uint64_t body_bytes_max);

    /// The longest Retry-After (RFC 9110, 10.2.3) since the last call, at most kRetryAfterMax.
    std::chrono::seconds take_retry_after();

    static constexpr std::chrono::seconds kRetryAfterMax{3600};

private:
    net::Transport& transport_;
    std::chrono::seconds retry_after_{0};
};

/// The delay in seconds that `response` asks for. The other form, a date, counts as none: the
/// back-off is then the caller's own.
std::optional<std::chrono::seconds> retry_after(const net::Response& response);

/// What an answer with an unwelcome status amounts to: Errc::kNotFound (404), kDenied (401, 403),
/// kConflict (409), kInvalid (other 4xx) or kUnavailable (408, 429 and all else). Names the status
/// and, for problem+json, the problem's stable name; nothing else of what came.
Error error_of(const net::Response& response, std::string_view what);

}  // namespace firebreak::client
