#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
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
    /// Counters that were recalled before, and stay so under a newer one: who slept through their
    /// recall goes back to what the device itself last found good. At most kRecalledMax.
    std::vector<std::int64_t> recalled;
    std::int64_t poll_seconds = 60;
    std::int64_t confirm_seconds = 60;  ///< After activation, before HEALTHY may be said.
    std::int64_t heartbeat_seconds = 300;
};

inline constexpr std::size_t kRecalledMax = 64;

/// Whether devices that run `counter` are to leave it.
bool is_recalled(const RingPointer& pointer, std::int64_t counter);

/// The delegated roles of section 8 of the design, and where their targets are.
inline constexpr std::string_view kContentRole = "content";
inline constexpr std::string_view kRolloutRole = "rollout";
std::string ring_pointer_path(std::string_view stream);
std::string content_path(std::string_view stream, std::int64_t counter);

/// Members that this build does not know are ignored, so that the server may add some.
///
/// @returns Errc::kMalformed, naming the member. Checks the form alone; see accept_ring_pointer.
[[nodiscard]] Result<RingPointer> parse_ring_pointer(ByteView bytes);
json::value to_json(const RingPointer& pointer);

/// The pointer in `bytes`, downloaded as the target `found`: what an agent calls.
///
/// @returns the pointer, or the errors of verify_target and parse_ring_pointer, or
///   Errc::kPointerMismatch: another role than rollout spoke for it, or it is not about the stream
///   it was published for.
[[nodiscard]] Result<RingPointer> accept_ring_pointer(const FoundTarget& found, ByteView bytes);

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

/// Unknown members are ignored, as in the pointer.
///
/// @returns Errc::kMalformed, naming the member.
[[nodiscard]] Result<ContentTerms> parse_content_terms(const json::object& custom);
json::object to_json(const ContentTerms& terms);

/// What the device is, and has.
struct DeviceState {
    std::string device_id;
    std::string ring;
    Sha256 engine_build;
    std::int64_t running_counter = 0;  ///< 0: none.
};

/// Whether `device` may install what `pointer` names. All must hold, checked in this order: the
/// content role itself lists the pointer's path, which is its stream's and counter's, with the same
/// bytes and counter; the device's own build is listed; the counter is not below the floor and not
/// below what runs here (but for a named recall), nor itself recalled; the ring is rolling or
/// complete; and bucket < min(online threshold, offline ceiling at `now`).
///
/// @param content  What the content role says of pointer.content_path.
/// @param bucket   rollout::bucket of (bundle sha256, device id), in [0, kPpbAll); see
/// core/rollout/cohort.hpp.
/// @returns the terms to install under, or the first reason not to (errc.hpp, from 20).
[[nodiscard]] Result<ContentTerms> may_install(const RingPointer& pointer,
                                               const FoundTarget& content,
                                               const DeviceState& device, std::int64_t bucket,
                                               std::chrono::sys_seconds now);

/// The most of `ring` that `terms` allow at `now`, in ppb: the step that began last decides (of two
/// that began together, the lower). 0 before the first, and when the ceiling does not name the
/// ring.
std::int64_t ceiling_at(const ContentTerms& terms, const std::string& ring,
                        std::chrono::sys_seconds now);

}  // namespace firebreak::trust
