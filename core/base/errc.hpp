#pragma once

#include <system_error>

namespace firebreak {

/// What can go wrong in any room. The numbers go into logs and reports: add at the end, never
/// renumber.
enum class Errc {
    kMalformed = 1,    ///< Bytes that do not have the form they must have.
    kTooLarge = 2,     ///< Longer, deeper or more than the limit.
    kNotFound = 3,     ///< Asked for, and not there: an answer, not a fault.
    kInvalid = 4,      ///< Well-formed, but a value the rules do not allow.
    kConflict = 5,     ///< At odds with what is already there.
    kUnavailable = 6,  ///< Could not be done now; the same call may succeed later.
    kDenied = 7,       ///< Not allowed to this caller.
    kUnsupported = 8,  ///< A version or feature this build does not have.
    kCorrupt = 9,      ///< Our own stored data does not check out.
};

std::error_code make_error_code(Errc code) noexcept;

}  // namespace firebreak

template <>
struct std::is_error_code_enum<firebreak::Errc> : std::true_type {};
