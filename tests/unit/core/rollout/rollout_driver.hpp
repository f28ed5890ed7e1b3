#pragma once

#include <gtest/gtest.h>
#include <string>
#include <vector>

#include "core/base/bytes.hpp"
#include "core/base/utc.hpp"
#include "core/rollout/cohort.hpp"
#include "core/rollout/rollout.hpp"

namespace firebreak::rollout::test {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

inline constexpr Instant kStart{seconds{1'800'000'000}};

/// Three rings, the first of them the vendor's own; windows that are easy to count.
inline Plan three_rings() {
    Plan plan;
    plan.name = "test";
    plan.rings = {{.name = "lab", .vendor_own = true, .window_start = 5, .window_max = 10},
                  {.name = "early", .window_start = 10, .window_max = 40},
                  {.name = "broad", .window_start = 20, .window_max = 80}};
    for (Ring& ring : plan.rings) {
        ring.bake_floor = minutes{10};
        ring.confirmed_min = 5;
    }
    plan.default_ring = "broad";
    return plan;
}

/// A rollout with the little that a server would do for it: give events their time, and carry
/// decisions out. Time moves only when a test says so.
class RolloutDriver {
public:
    explicit RolloutDriver(Plan plan = three_rings())
        : rollout({"yara", 7}, sha256(bytes_of("a bundle")), std::move(plan)) {}

    void apply(EventBody body) {
        log.push_back({now, std::move(body)});
        rollout.apply(log.back());
    }

    /// Lets it decide until it has nothing more to say. @returns what it decided.
    std::vector<EventBody> settle() {
        std::vector<EventBody> decided;
        for (int round = 0; round < 8; ++round) {
            const std::vector<Event> events = rollout.decide(now);
            if (events.empty()) return decided;
            for (const Event& event : events) {
                decided.push_back(event.body);
                apply(event.body);
            }
        }
        ADD_FAILURE() << "decisions breed decisions";
        return decided;
    }

    /// Started, with `devices` active in each ring, and decided.
    void start(std::int64_t lab = 10, std::int64_t early = 50, std::int64_t broad = 200) {
        apply(FleetSeen{{{"lab", lab}, {"early", early}, {"broad", broad}}});
        apply(Started{});
        settle();
    }

    /// Activates devices of `ring` until `count` were let in or none of 1000 tries is. Tenants
    /// alternate between five, unless one is given. @returns their ids.
    std::vector<std::string> activate(const std::string& ring, int count, std::string tenant = "") {
        std::vector<std::string> let_in;
        for (int tries = 0; tries < 1000 && static_cast<int>(let_in.size()) < count; ++tries) {
            const std::string device = ring + "-" + std::to_string(next_device_++);
            if (!rollout.may_activate(device, ring)) continue;
            const std::string of = tenant.empty() ? "t" + std::to_string(next_device_ % 5) : tenant;
            apply(Activated{device, of, ring});
            let_in.push_back(device);
        }
        return let_in;
    }

    /// The devices of `ring` that were let in, in their order.
    std::vector<std::string> activated_in(const std::string& ring) const {
        std::vector<std::string> devices;
        for (const Event& event : log) {
            const auto* activated = std::get_if<Activated>(&event.body);
            if (activated != nullptr && activated->ring == ring) {
                devices.push_back(activated->device);
            }
        }
        return devices;
    }

    void confirm(const std::vector<std::string>& devices) {
        for (const std::string& device : devices) apply(Confirmed{device});
    }
    void crash(const std::vector<std::string>& devices) {
        for (const std::string& device : devices) apply(Crashed{device});
    }

    /// Two people go on with what the controller held.
    void two_go_on(const std::string& reason) {
        apply(ResumeAsked{"alice", reason});
        apply(ResumeGranted{"bob", "alice", reason});
    }

    /// Takes the ring that is open through all its devices, all of them well, and its bake.
    void pass_ring(const std::string& ring) {
        for (int round = 0; round < 200 && !ring_state(ring).baked; ++round) {
            const auto remaining = rollout.active(ring) - ring_state(ring).activated;
            const auto devices =
                activate(ring, static_cast<int>(std::min(remaining, rollout.room(ring))));
            now += minutes{1};
            confirm(devices);
            now += minutes{2};
            settle();
            if (rollout.phase() != Phase::kRolling) return;
        }
    }

    const RingState& ring_state(std::string_view name) const {
        for (const RingState& ring : rollout.rings()) {
            if (ring.name == name) return ring;
        }
        ADD_FAILURE() << "no ring " << name;
        return rollout.rings().front();
    }

    Phase phase() const { return rollout.phase(); }

    Rollout rollout;
    Instant now = kStart;
    std::vector<Event> log;

private:
    int next_device_ = 0;
};

}  // namespace firebreak::rollout::test
