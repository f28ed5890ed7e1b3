#include "core/rollout/exposures.hpp"

#include <algorithm>

#include "core/base/digest.hpp"

namespace firebreak::rollout {

DeviceKey key_of(std::string_view device_id) {
    const Sha256 digest = sha256(bytes_of(device_id));
    DeviceKey key;
    std::copy_n(digest.bytes.begin(), key.size(), key.begin());
    return key;
}

const Exposure* Exposures::find(std::string_view device_id) const {
    const auto found = map_.find(key_of(device_id));
    return found == map_.end() ? nullptr : &found->second;
}

}  // namespace firebreak::rollout
