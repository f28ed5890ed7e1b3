#include "core/health/enrolment.hpp"

namespace firebreak::health {

Bytes enrolment_message(std::string_view token, ByteView public_key) {
    constexpr std::string_view kContext{"firebreak-enrol-v1\0", 19};
    Bytes message;
    message.reserve(kContext.size() + token.size() + 1 + public_key.size());
    message.insert(message.end(), kContext.begin(), kContext.end());
    message.insert(message.end(), token.begin(), token.end());
    message.push_back(0);
    message.insert(message.end(), public_key.begin(), public_key.end());
    return message;
}

}  // namespace firebreak::health
