#pragma once

#include "core/base/bytes.hpp"

namespace firebreak::simulation {

/// From which every device's MAC key is derived. TEST ONLY.
inline const Bytes& mac_secret() {
    static const Bytes secret(32, 0x5E);
    return secret;
}

}  // namespace firebreak::simulation
