#pragma once

#include <cstdint>
#include <functional>

#include "core/base/bytes.hpp"

namespace firebreak::validator {

/// Says whether an input still shows the fault.
using InputProbe = std::function<bool(ByteView)>;

/// A smaller input that shows the same fault: delta debugging (Zeller, Hildebrandt 2002), over
/// the fields of an event and then the bytes of its texts; over the bytes of anything else.
///
/// @param input       Shows the fault.
/// @param probes_max  After this many it stops with what it has.
/// @returns an input that shows the fault: `input` itself where nothing smaller was found.
/// Tests: tests/unit/validator/minimise_test.cpp.
Bytes minimise(const Bytes& input, const InputProbe& shows_fault, std::uint64_t probes_max);

}  // namespace firebreak::validator
