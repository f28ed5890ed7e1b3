#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/rollout/rollout.hpp"

namespace firebreak::rollout::detail {

/// What a rollout does at one moment. Everything here reads the rollout through its public face and
/// says what should happen; the fold makes it so. Why it does what: Rollout::decide.
class Decision {
public:
    Decision(const Rollout& rollout, Instant now);

    std::vector<EventBody> make() const;
    std::optional<Instant> ask_again() const;
    std::vector<Gate> gates() const;

private:
    std::optional<EventBody> stop() const;
    std::string in_segment(const SegmentEvidence& evidence) const;
    std::vector<EventBody> go_on() const;
    std::vector<EventBody> open_from(std::size_t index) const;
    std::optional<EventBody> stuck() const;
    std::optional<EventBody> adjust() const;

    // Of the ring in front, the one open furthest.
    std::int64_t exposing(std::int64_t devices) const;
    std::int64_t confirmations_needed() const;
    Instant seen_by_all() const;
    Instant baked_at() const;
    bool time_helps() const;
    Instant doubted_until() const;
    bool through() const;
    bool is_baked() const;
    bool is_resolved() const;
    double lost_in_excess() const;
    std::vector<std::string> unrepresented() const;
    const Segment* full_segment() const;
    bool is_represented() const;
    bool is_heard() const;
    bool is_lost_by_far() const;
    bool promotable() const;

    // What holds it up whatever the evidence says.
    bool is_frozen() const;
    std::vector<Gate> gates_of_people() const;

    std::int64_t total(std::int64_t RingState::*count) const;

    const Rollout& rollout_;
    const Plan& plan_;
    Instant now_;
    std::vector<RingState> rings_;
    const RingState* front_ = nullptr;  ///< None before the first is open.
    std::size_t index_ = 0;             ///< Of front_.
    std::int64_t active_ = 0;           ///< Devices of front_.
    SegmentEvidence segments_;          ///< Over all rings.
    double log_e_ = 0;                  ///< Of front_ alone, or of the segments if they say more.
};

}  // namespace firebreak::rollout::detail
