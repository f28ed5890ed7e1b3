#pragma once

#include <chrono>
#include <cstdint>

namespace firebreak::server {

/// Everything a peer can make us spend, bounded. No limit is optional.
struct SessionLimits {
    std::uint32_t header_bytes_max = 16'384;  ///< Request line and fields; past it 414 or 431.
    std::uint32_t fields_max = 64;            ///< Header fields; past it 431.
    std::uint64_t body_bytes_max = 262'144;   ///< Unless the route says otherwise; past it 413.
    std::chrono::milliseconds handshake_timeout{10'000};
    std::chrono::milliseconds idle_timeout{60'000};  ///< Between requests; then closed in silence.
    std::chrono::milliseconds header_timeout{10'000};  ///< First byte to end of header; then 408.
    std::chrono::milliseconds body_timeout{30'000};    ///< For any body, plus the rate below; 408.
    std::chrono::milliseconds handle_timeout{30'000};  ///< For the handler; then 503.
    std::chrono::milliseconds write_timeout{30'000};   ///< For any answer, plus the rate below.
    /// A peer slower than this for the whole of a body is cut.
    std::uint64_t bytes_per_second_min = 16'384;
    std::uint32_t requests_max = 1'000;  ///< Per connection; then we close.
};

}  // namespace firebreak::server
