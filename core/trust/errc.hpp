#pragma once

#include <system_error>

namespace firebreak::trust {

/// Why metadata, or an offer, did not earn our trust. The numbers go into health reports and
/// dashboards: add at the end, never renumber. Clauses are those of the TUF specification v1.0.34.
enum class Errc {
    kMalformed = 1,        ///< Not the JSON shape that the role requires (4.3 to 4.6).
    kThresholdNotMet = 2,  ///< Fewer distinct trusted keys signed than the role asks for.
    kRollback = 3,         ///< Older than what we already trust (5.3.5, 5.4.3, 5.5.5).
    kExpired = 4,          ///< Past its date at the update's start time.
    kWrongVersion = 5,     ///< Not the version that was asked for or vouched for.
    kLengthMismatch = 6,   ///< Longer than vouched for.
    kHashMismatch = 7,     ///< Not the bytes that were vouched for.
    kUnsupportedSpec = 8,  ///< Another major version of the specification.
    kNotDelegated = 9,     ///< A role that nobody delegated to, or that snapshot does not list.
    kTargetNotFound = 10,  ///< No role that may speak for this path lists it.
    kRootMissing = 11,     ///< Called out of order: there is no trusted root yet.
    kTooMany = 12,         ///< More root versions or delegations than the cap.
    // The ring rule (shared design, section 8).
    kPointerMismatch = 20,  ///< The rollout role and the content role disagree.
    kBuildNotListed = 21,   ///< This sensor build was not among those validated.
    kBelowFloor = 22,       ///< The counter is under the floor that the content role sets.
    kCounterRollback = 23,  ///< Older than what runs here, and not a named recall.
    kNotInCohort = 24,      ///< Not yet this device's turn.
    kNotRolling = 25,       ///< The rollout is held, halted or not open for this ring.
};

std::error_code make_error_code(Errc code) noexcept;

}  // namespace firebreak::trust

template <>
struct std::is_error_code_enum<firebreak::trust::Errc> : std::true_type {};
