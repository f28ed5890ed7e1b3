#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/base/digest.hpp"
#include "core/trust/updater.hpp"

namespace firebreak::trust {

/// What Firebreak adds to TUF: the AND of an offline ceiling and an online brake. Both halves are
/// ordinary targets that any TUF client can verify; this is the one rule above them.

/// Shares of a ring, in parts per billion: integers, because canonical JSON has no fractions.
inline constexpr std::int64_t kPpbAll = 1'000'000'000;

/// How far the online key lets one ring go.
struct RingShare {
    std::int64_t threshold_ppb = 0;
    std::string state;  ///< "closed" | "rolling" | "held" | "halted" | "complete".
};

/// Taking a bundle back: devices that run `counter` return to `to_counter`.
struct Recall {
    std::int64_t counter = 0;
    std::int64_t to_counter = 0;  ///< 0: to what the device itself last found good.
};

/// rings/<stream>.json, signed by the rollout role (online).
struct RingPointer {
    std::string stream;
    std::string content_path;  ///< "content/<stream>/<counter>.fbb".
    Sha256 sha256;             ///< Of the bundle.
    std::int64_t counter = 0;
    std::map<std::string, RingShare> rings;
    std::optional<Recall> recall;
    std::int64_t poll_seconds = 60;
    std::int64_t confirm_seconds = 60;  ///< After activation, before HEALTHY may be said.
    std::int64_t heartbeat_seconds = 300;
};

[[nodiscard]] Result<RingPointer> parse_ring_pointer(ByteView bytes);
json::value to_json(const RingPointer& pointer);

/// One line of the ceiling: from `not_before` on, at most `max_ppb` of `ring`.
struct CeilingStep {
    std::string ring;
    std::chrono::sys_seconds not_before;
    std::int64_t max_ppb = 0;
};

/// The `custom` member of a content target, signed by the content role (offline).
struct ContentTerms {
    std::int64_t counter = 0;
    std::vector<Sha256> builds;  ///< Engine builds that the validator drove these bytes in.
    Sha256 attestation;          ///< Digest of the DSSE envelope.
    std::vector<CeilingStep> ceiling;
    std::int64_t floor = 0;  ///< Lowest counter that may still run.
};

[[nodiscard]] Result<ContentTerms> parse_content_terms(const json::object& custom);
json::object to_json(const ContentTerms& terms);

/// What the device is, and has.
struct DeviceState {
    std::string device_id;
    std::string ring;
    Sha256 engine_build;
    std::int64_t running_counter = 0;  ///< 0: none.
};

/// Whether `device` may install what `pointer` names. All must hold: the two roles name the same
/// bytes and counter; the device's own build is listed; the counter is not below the floor and not
/// below what runs here (but for a named recall); the ring is rolling or complete; and
/// bucket < min(online threshold, offline ceiling at `now`).
///
/// @param content  What the content role says of pointer.content_path.
/// @param bucket   rollout::bucket of (bundle sha256, device id), in [0, kPpbAll); see core/rollout/cohort.hpp.
/// @returns the terms to install under, or the first reason not to (errc.hpp, from 20).
[[nodiscard]] Result<ContentTerms> may_install(const RingPointer& pointer,
                                               const FoundTarget& content,
                                               const DeviceState& device, std::int64_t bucket,
                                               std::chrono::sys_seconds now);

/// The most of `ring` that `terms` allow at `now`, in ppb; 0 when the ceiling does not name it.
std::int64_t ceiling_at(const ContentTerms& terms, const std::string& ring,
                        std::chrono::sys_seconds now);

}  // namespace firebreak::trust
