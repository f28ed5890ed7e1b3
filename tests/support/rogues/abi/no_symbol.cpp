#include "tests/support/rogues/rogue.hpp"

/// Exports something, under another name.
extern "C" FB_SENSOR_EXPORT const fb_engine* firebreak_sensor_engine(uint32_t host_abi_version);
const fb_engine* firebreak_sensor_engine(uint32_t) {
    return &rogue::kGoodEngine;
}
