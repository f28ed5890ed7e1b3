// What a person may order, and when.

#include <algorithm>

#include "core/base/check.hpp"
#include "core/base/errc.hpp"
#include "core/base/utc.hpp"
#include "server/rollout/driver.hpp"

namespace firebreak::server {
namespace {

using Body = std::optional<rollout::EventBody>;  ///< Nothing: it is so already.

std::string text_of_time(Instant time) {
    return format_utc(std::chrono::floor<std::chrono::seconds>(time));
}

tl::unexpected<Error> conflict(std::string why) {
    return fail(Errc::kConflict, std::move(why));
}

Result<Body> approve(const rollout::Rollout& rollout, const std::string& publisher,
                     const SteeringOrder& order) {
    const std::optional<std::size_t> next = rollout.ring_to_approve();
    if (!next || rollout.approvals(*next).need == 0) {
        return conflict("no ring waits for an approval");
    }
    // Named, so that an order that was sent twice, or late, is of no other ring.
    const std::string& ring = rollout.plan().rings[*next].name;
    if (order.ring != ring) {
        return conflict("ring " + ring + " is the one that waits for approvals, not " + order.ring);
    }
    if (order.actor == publisher) {
        return conflict("ring " + ring + " waits for other people than " + order.person +
                        ", who published the release");
    }
    if (!rollout.counts(order.person, *next)) {
        return conflict("ring " + ring + " waits for the approval of others: " + order.person +
                        " is not among those that the plan names");
    }
    const std::vector<std::string>& people = rollout.rings()[*next].approved_by;
    if (std::ranges::find(people, order.person) != people.end()) return Body{};
    return Body{rollout::Approved{order.person, ring, order.reason}};
}

/// Whether an override can be of the ring that the order names: it is open furthest, and there is
/// one to open after it.
Result<void> check_override(const rollout::Rollout& rollout, const SteeringOrder& order) {
    const auto& rings = rollout.rings();
    const auto front =
        std::find_if(rings.rbegin(), rings.rend(), [](const auto& ring) { return ring.open; });
    if (rollout.phase() != rollout::Phase::kRolling) {
        return conflict("only what a rollout that is rolling waits for can be passed over");
    }
    if (front == rings.rend()) {
        return conflict(
            "no ring is open yet, and what the first one waits for cannot be passed "
            "over; publish under another plan");
    }
    if (!rollout.next_ring()) {
        return conflict("no ring with devices comes after " + front->name +
                        ": what it waits for makes the release last-known-good, and cannot be "
                        "passed over");
    }
    if (order.ring != front->name) {
        return conflict("ring " + front->name + " is the one in front, not " + order.ring);
    }
    return {};
}

Result<Body> ask_override(const rollout::Rollout& rollout, const SteeringOrder& order,
                          Instant now) {
    if (const Result<void> possible = check_override(rollout, order); !possible) {
        return fail(possible.error());
    }
    // What somebody is about to grant must not become another's request under his hands.
    const rollout::OverrideAsked* asked = rollout.override_asked(now);
    if (asked != nullptr && asked->person != order.person) {
        return conflict(asked->person + " asked for it already; grant that, or wait an hour");
    }
    return Body{rollout::OverrideAsked{order.person, order.ring, order.reason}};
}

Result<Body> grant_override(const rollout::Rollout& rollout, const SteeringOrder& order,
                            Instant now) {
    if (const Result<void> possible = check_override(rollout, order); !possible) {
        return fail(possible.error());
    }
    const rollout::OverrideAsked* asked = rollout.override_asked(now);
    if (asked == nullptr) return conflict("nobody asked for an override within the last hour");
    if (asked->person == order.person) {
        return conflict("an override takes two people: somebody else than " + order.person +
                        ", who asked for it, must grant it");
    }
    return Body{rollout::OverrideGranted{order.person, order.ring, order.reason}};
}

/// What the controller held takes two people: the first asks, the second grants.
Result<Body> resume(const rollout::Rollout& rollout, const SteeringOrder& order, Instant now) {
    if (rollout.held_by() != rollout::HeldBy::kController) {
        return Body{rollout::Resumed{order.actor, order.reason}};
    }
    const rollout::ResumeAsked* asked = rollout.resume_asked(now);
    if (asked == nullptr) return Body{rollout::ResumeAsked{order.person, order.reason}};
    if (asked->person == order.person) {
        return conflict(
            "it was held by the evidence, and going on takes two people: " + order.person +
            " asked for it at " + text_of_time(rollout.resume_asked_at()) + ", and until " +
            text_of_time(rollout.resume_asked_at() + rollout::kOverrideAskedFor) +
            " somebody else must order: firebreak rollout resume " + order.id.stream + "/" +
            std::to_string(order.id.counter) + " --reason \"...\"");
    }
    return Body{rollout::ResumeGranted{order.person, asked->person, order.reason}};
}

/// Of what is held already, it takes back what somebody asked for: a hold ends what people said.
Body hold_again(const rollout::Rollout& rollout, const SteeringOrder& order, Instant now) {
    if (rollout.resume_asked(now) == nullptr) return std::nullopt;
    return rollout::Held{order.reason, rollout::HeldBy::kPerson};
}

}  // namespace

Result<std::optional<rollout::EventBody>> Driver::ordered(const Live& live,
                                                          const SteeringOrder& order,
                                                          Instant now) const {
    const rollout::Phase phase = live.rollout.phase();
    const Error is_already(Errc::kConflict, "rollout " + order.id.stream + "/" +
                                                std::to_string(order.id.counter) + " is " +
                                                std::string(name_of(phase)));
    const bool under_way = phase == rollout::Phase::kRolling || phase == rollout::Phase::kHeld;
    switch (order.steering) {
        case Steering::kHold:
            if (phase == rollout::Phase::kHeld) return hold_again(live.rollout, order, now);
            if (phase == rollout::Phase::kHalted) return fail(is_already);
            return Body{rollout::Held{order.reason, rollout::HeldBy::kPerson}};
        case Steering::kResume:
            if (phase != rollout::Phase::kHeld) return fail(is_already);
            return resume(live.rollout, order, now);
        case Steering::kHalt:
            if (phase == rollout::Phase::kHalted) return Body{};
            return Body{rollout::Halted{order.reason, 0}};
        case Steering::kApprove:
            if (!under_way) return fail(is_already);
            return approve(live.rollout, live.release.publisher, order);
        case Steering::kOverride: return ask_override(live.rollout, order, now);
        case Steering::kGrant: return grant_override(live.rollout, order, now);
    }
    check_failed("a steering", __FILE__, __LINE__);
}

}  // namespace firebreak::server
