#pragma once

#include <cstdint>
#include <functional>

#include "core/base/error.hpp"
#include "core/net/http.hpp"

namespace firebreak::cli {

/// Sends one request, reads at most that many bytes of the answer's body, whatever its status. What
/// the pieces of a drill have of the network, so that a test can be the server.
using Exchange = std::function<Result<net::Response>(net::Request, std::uint64_t bytes_max)>;

}  // namespace firebreak::cli
