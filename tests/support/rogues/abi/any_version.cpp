#include "tests/support/rogues/rogue.hpp"

/// Says that it speaks every version.
extern "C" FB_SENSOR_EXPORT const fb_engine* firebreak_sensor(uint32_t host_abi_version);
const fb_engine* firebreak_sensor(uint32_t) {
    return &rogue::kGoodEngine;
}
