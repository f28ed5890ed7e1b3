#include "client/platform/watchdog.hpp"

#include <sys/time.h>

namespace firebreak::client {

void set_watchdog(std::chrono::seconds limit) {
    // SIGALRM's default is to end the process, and no engine may install a handler (sensor.h).
    itimerval timer{};
    timer.it_value.tv_sec = limit.count();
    ::setitimer(ITIMER_REAL, &timer, nullptr);
}

}  // namespace firebreak::client
