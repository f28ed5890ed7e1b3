#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstdint>

#include "core/base/error.hpp"
#include "core/net/http.hpp"

namespace firebreak::net {

/// Where a client's bytes come from. One implementation speaks HTTPS (https_transport.hpp); tests
/// use one without sockets.
class Transport {
public:
    virtual ~Transport() = default;

    /// Sends `request` to the server this transport was made for and reads the whole answer.
    /// Redirects are not followed.
    ///
    /// @param body_bytes_max  Hard limit on the answer's body; reading stops at the first byte
    /// over.
    /// @returns the answer, whatever its status, or an error of net::Errc.
    /// Cancellation: honoured; the connection is dropped.
    [[nodiscard]] virtual boost::asio::awaitable<Result<Response>> exchange(
        Request request, std::uint64_t body_bytes_max) = 0;
};

}  // namespace firebreak::net
