#pragma once

#include <chrono>

namespace firebreak::client {

/// Ends this process unless set_watchdog(0) is called within `limit`: for calls into code that may
/// never return. The supervisor starts the agent again, which then takes itself back.
///
/// One per process; a new limit replaces the old one. 0 disarms.
void set_watchdog(std::chrono::seconds limit);

}  // namespace firebreak::client
