#pragma once

#include <string_view>

#include "core/base/bytes.hpp"

namespace firebreak::health {

/// What a device signs with its new key when it enrols, which proves that it has the private half:
/// "firebreak-enrol-v1" || 0 || token || 0 || public key (Ed25519, 32 bytes). docs/api.md.
///
/// It holds the token, a secret: wipe() it after use.
Bytes enrolment_message(std::string_view token, ByteView public_key);

}  // namespace firebreak::health
