#include "core/trust/ring_rule.hpp"

#include <algorithm>

#include "core/trust/errc.hpp"

namespace firebreak::trust {
namespace {

/// The two roles speak of the same bytes under the same number, in the stream they are meant for.
/// The online key must not be able to hand one stream's content to another.
Result<void> check_agreement(const RingPointer& pointer, const FoundTarget& content,
                             const ContentTerms& terms) {
    const auto disagree = [](const char* what) { return fail(Errc::kPointerMismatch, what); };
    if (content.role != kContentRole) return disagree("the content role does not vouch for it");
    if (pointer.content_path != content.path) return disagree("not the path that was looked up");
    if (pointer.content_path != content_path(pointer.stream, pointer.counter)) {
        return disagree("the path is not of this stream and counter");
    }
    if (pointer.counter != terms.counter) return disagree("the counters differ");
    const auto digest = content.file.hashes.find("sha256");
    if (digest == content.file.hashes.end() || digest->second != pointer.sha256.hex()) {
        return disagree("the digests differ");
    }
    return {};
}

/// Never back, but for a recall that names both what runs here and where to go; and never to what
/// is itself being recalled.
Result<void> check_direction(const RingPointer& pointer, const DeviceState& device) {
    if (is_recalled(pointer, pointer.counter)) {
        return fail(Errc::kNotRolling,
                    "counter " + std::to_string(pointer.counter) + " is recalled");
    }
    if (pointer.counter >= device.running_counter) return {};
    const bool is_named_recall = pointer.recall &&
                                 pointer.recall->counter == device.running_counter &&
                                 pointer.recall->to_counter == pointer.counter;
    if (is_named_recall) return {};
    return fail(Errc::kCounterRollback, "counter " + std::to_string(pointer.counter) +
                                            " is older than running " +
                                            std::to_string(device.running_counter));
}

/// Online brake AND offline ceiling.
Result<void> check_turn(const RingPointer& pointer, std::int64_t bucket, const std::string& ring,
                        std::int64_t ceiling_ppb) {
    const auto share = pointer.rings.find(ring);
    if (share == pointer.rings.end()) {
        return fail(Errc::kNotRolling, "the pointer does not name this ring");
    }
    if (share->second.state != "rolling" && share->second.state != "complete") {
        return fail(Errc::kNotRolling, "the ring is " + share->second.state);
    }
    const std::int64_t threshold = std::min(share->second.threshold_ppb, ceiling_ppb);
    if (bucket < 0 || bucket >= threshold) {
        return fail(Errc::kNotInCohort, "bucket " + std::to_string(bucket) + ", threshold " +
                                            std::to_string(threshold) + " ppb");
    }
    return {};
}

}  // namespace

bool is_recalled(const RingPointer& pointer, std::int64_t counter) {
    if (pointer.recall && pointer.recall->counter == counter) return true;
    return std::ranges::find(pointer.recalled, counter) != pointer.recalled.end();
}

Result<RingPointer> accept_ring_pointer(const FoundTarget& found, ByteView bytes) {
    // TUF lets a role higher up list the path as well; only the rollout role's word is a pointer.
    if (found.role != kRolloutRole) {
        return fail(Errc::kPointerMismatch, "pointer: not from the rollout role");
    }
    if (const auto same = verify_target(found.file, bytes); !same) {
        return fail(same.error().seen_from("pointer"));
    }
    Result<RingPointer> pointer = parse_ring_pointer(bytes);
    if (pointer && found.path != ring_pointer_path(pointer->stream)) {
        return fail(Errc::kPointerMismatch, "pointer: is about another stream");
    }
    return pointer;
}

Result<ContentTerms> may_install(const RingPointer& pointer, const FoundTarget& content,
                                 const DeviceState& device, std::int64_t bucket,
                                 std::chrono::sys_seconds now) {
    Result<ContentTerms> terms = parse_content_terms(content.file.custom);
    if (!terms) return fail(terms.error().seen_from("content"));

    if (const auto same = check_agreement(pointer, content, *terms); !same) {
        return fail(same.error());
    }
    if (std::ranges::find(terms->builds, device.engine_build) == terms->builds.end()) {
        return fail(Errc::kBuildNotListed,
                    "content was not validated in engine build " + device.engine_build.hex());
    }
    if (pointer.counter < terms->floor) {
        return fail(Errc::kBelowFloor, "counter " + std::to_string(pointer.counter) +
                                           " is below the floor " + std::to_string(terms->floor));
    }
    if (const auto onward = check_direction(pointer, device); !onward) {
        return fail(onward.error());
    }
    const auto turn =
        check_turn(pointer, bucket, device.ring, ceiling_at(*terms, device.ring, now));
    if (!turn) return fail(turn.error());
    return terms;
}

std::int64_t ceiling_at(const ContentTerms& terms, const std::string& ring,
                        std::chrono::sys_seconds now) {
    const CeilingStep* governing = nullptr;
    for (const CeilingStep& step : terms.ceiling) {
        if (step.ring != ring || step.not_before > now) continue;
        const bool is_later = governing == nullptr || step.not_before > governing->not_before;
        const bool is_lower = governing != nullptr && step.not_before == governing->not_before &&
                              step.max_ppb < governing->max_ppb;
        if (is_later || is_lower) governing = &step;
    }
    return governing == nullptr ? 0 : governing->max_ppb;
}

}  // namespace firebreak::trust
