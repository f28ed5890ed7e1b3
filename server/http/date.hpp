#pragma once

#include <string>

#include "core/base/clock.hpp"

namespace firebreak::server {

/// "Sun, 22 Nov 2026 21:59:07 GMT": the IMF-fixdate of RFC 9110, 5.6.7.
std::string http_date(Instant time);

}  // namespace firebreak::server
