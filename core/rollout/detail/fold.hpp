#pragma once

#include <algorithm>

#include "core/rollout/rollout.hpp"

namespace firebreak::rollout {

/// What each event does to the state, as Rollout::apply() promises it: the whole of it.
struct Rollout::Fold {
    Rollout& to;
    Instant time;

    void operator()(const Activated& event) const;
    void operator()(const Confirmed& event) const;
    void operator()(const Crashed& event) const { fail_device(event.device); }
    void operator()(const RolledBack& event) const { fail_device(event.device); }
    void operator()(const Refused& event) const { fail_device(event.device); }
    void operator()(const ControlSeen& event) const;
    void operator()(const FleetSeen& event) const;
    void operator()(const LossesSeen& event) const;
    void operator()(const Started&) const;
    void operator()(const RingOpened& event) const;
    void operator()(const RingSkipped& event) const;
    void operator()(const Widened& event) const;
    void operator()(const Halted& event) const;
    void operator()(const Completed&) const;
    void operator()(const Superseded&) const;
    void operator()(const FreezeSeen& event) const { to.freeze_ = event; }

    // fold_people.cpp
    void operator()(const Held& event) const;
    void operator()(const Resumed&) const;
    void operator()(const ResumeAsked& event) const;
    void operator()(const ResumeGranted& event) const;
    void operator()(const Approved& event) const;
    void operator()(const OverrideAsked& event) const;
    void operator()(const OverrideGranted& event) const;
    void end_hold(Phase next) const;
    void go_on() const;
    void forgive() const;

    void pass_deadlines() const;
    void bet_on_late_crashes() const;
    void late_exposure_passes() const;
    void forget_resolved() const;
    void fail_device(const std::string& device) const;
    void await(Exposures::Place place) const;

private:
    RingState* find_ring(std::string_view name) const {
        const auto named = [name](const RingState& ring) { return ring.name == name; };
        const auto found = std::find_if(to.rings_.begin(), to.rings_.end(), named);
        return found == to.rings_.end() ? nullptr : &*found;
    }
    std::optional<double> share_on_new_content() const;
    void count(const Exposure& exposure, std::int64_t sign) const;

    /// Every sum over the devices is kept here alone: what the device counted for is taken off, the
    /// change made, what it counts for now added.
    template <class Change>
    void change(Exposure& exposure, Change make) const {
        count(exposure, -1);
        make(exposure);
        count(exposure, +1);
    }
};

}  // namespace firebreak::rollout
