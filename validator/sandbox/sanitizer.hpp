#pragma once

#include <string>
#include <string_view>

#include "core/base/bytes.hpp"

namespace firebreak::validator {

/// Engines that were built with AddressSanitizer: a *twin* is one, beside the build of the same
/// source that is in the field. It opens only in a process that was linked with the runtime, and
/// what such a process can be held to is less: there is no limit of its address space.
///
/// Tests: tests/unit/validator/sanitizer_test.cpp, tests/integration/validator/twin_test.cpp.

/// Whether this process was linked with the runtime of AddressSanitizer or ThreadSanitizer,
/// whoever compiled it, and whether or not any of its own code is instrumented.
bool has_sanitizer_runtime();

/// Whether the bytes of a shared library ask the loader for the runtime of AddressSanitizer. A
/// library cannot hide that it needs a symbol; one that only says so does not open.
bool needs_address_sanitizer(ByteView library);

/// What a report of AddressSanitizer or UndefinedBehaviorSanitizer comes down to:
/// "heap-buffer-overflow, READ of size 1, at +0x1139 in the engine"; the place is that of the
/// first frame. Empty when `words` hold no report.
///
/// @param words  What a dying engine wrote (Verdict::message): believed no further than that it is
///   text.
std::string report_summary(std::string_view words);

}  // namespace firebreak::validator
