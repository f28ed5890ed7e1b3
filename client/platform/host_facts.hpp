#pragma once

#include "client/enrolment.hpp"

namespace firebreak::client {

/// What the operating system says of this host: "os", "architecture", "host", printable and short.
Attributes host_facts();

}  // namespace firebreak::client
