#pragma once

#include <functional>
#include <gtest/gtest.h>
#include <map>
#include <queue>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "tests/unit/core/rollout/rollout_driver.hpp"

namespace firebreak::rollout::test {

/// What a fleet is like, and what the bundle does to it.
struct FleetModel {
    std::vector<int> devices_by_ring{10, 40, 120};
    int tenants = 4;
    double asleep = 0;           ///< Share of the devices that never poll.
    double silent = 0;           ///< Share of activations after which nothing is heard again.
    double crashing = 0;         ///< Share that report a crash within a minute.
    double late = 0;             ///< Share that are healthy, but tell it after their deadline.
    bool cached_offers = false;  ///< Devices ask whatever the threshold says, as with an old offer.
    bool repeats = false;        ///< Every report arrives twice.
};

/// One run of the real rollout against a modelled fleet: devices poll, ask to activate, and
/// confirm,
/// crash or fall silent. Steps from event to event, so a day costs milliseconds. The same seed, the
/// same run.
class SimulatedFleet {
public:
    SimulatedFleet(FleetModel model, std::uint64_t seed, Plan plan = three_rings())
        : driver(std::move(plan)), model_(std::move(model)), engine_(seed) {
        FleetSeen fleet;
        for (std::size_t ring = 0; ring < model_.devices_by_ring.size(); ++ring) {
            const std::string& name = driver.rollout.plan().rings.at(ring).name;
            fleet.active_by_ring[name] = model_.devices_by_ring[ring];
            for (int i = 0; i < model_.devices_by_ring[ring]; ++i) {
                Device device{name + std::to_string(i), "t" + std::to_string(i % model_.tenants),
                              name, 0};
                device.bucket = bucket(driver.rollout.bundle(), device.id);
                devices_.push_back(device);
                if (uniform() < model_.asleep) continue;
                later(uniform() * poll(), Act::kPoll, devices_.size() - 1);
            }
        }
        driver.apply(fleet);
        driver.apply(Started{});
        decide();
    }

    /// Until the rollout halts, holds or completes, or the time is over.
    void run(hours most = hours{48}) {
        while (!steps_.empty() && driver.phase() == Phase::kRolling) {
            const Step step = steps_.top();
            steps_.pop();
            if (step.at > kStart + most) return;
            driver.now = step.at;
            if (take(step)) decide();
        }
    }

    /// Devices that were let in and came to harm.
    std::int64_t harmed() const { return harmed_; }
    /// The widest window that ever was, and the most devices that ever filled it.
    std::int64_t window_most() const { return window_most_; }
    std::int64_t unconfirmed_most() const { return unconfirmed_most_; }
    std::int64_t bound_most() const { return bound_most_; }

    RolloutDriver driver;

private:
    enum class Act { kPoll, kConfirm, kCrash, kLook };
    struct Device {
        std::string id;
        std::string tenant;
        std::string ring;
        std::int64_t bucket;
    };
    struct Step {
        Instant at;
        std::uint64_t order;
        Act act;
        std::size_t device;
        bool operator>(const Step& other) const {
            return std::pair(at, order) > std::pair(other.at, other.order);
        }
    };

    double uniform() { return static_cast<double>(engine_() >> 11U) * 0x1p-53; }
    double poll() const { return static_cast<double>(driver.rollout.plan().poll_every.count()); }
    void later(double milliseconds_from_now, Act act, std::size_t device) {
        const auto delay = milliseconds{static_cast<std::int64_t>(milliseconds_from_now)};
        steps_.push({driver.now + delay, order_++, act, device});
    }

    /// @returns whether there may be something to decide.
    bool take(const Step& step) {
        if (step.act == Act::kLook) return true;
        const Device& device = devices_[step.device];
        if (step.act == Act::kPoll) return take_poll(device, step.device);
        const int times = model_.repeats ? 2 : 1;
        for (int time = 0; time < times; ++time) {
            if (step.act == Act::kConfirm) driver.apply(Confirmed{device.id});
            if (step.act == Act::kCrash) driver.apply(Crashed{device.id});
        }
        return true;
    }

    bool take_poll(const Device& device, std::size_t index) {
        const bool asks =
            model_.cached_offers || device.bucket < driver.ring_state(device.ring).threshold_ppb;
        if (!asks || !driver.rollout.may_activate(device.id, device.ring)) {
            later(poll() * (0.9 + 0.2 * uniform()), Act::kPoll, index);
            return false;
        }
        driver.apply(Activated{device.id, device.tenant, device.ring});
        if (model_.repeats) driver.apply(Activated{device.id, device.tenant, device.ring});
        watch_window();
        const double fate = uniform();
        const auto confirm = static_cast<double>(driver.rollout.plan().confirm_after.count());
        if (fate < model_.silent) {
            ++harmed_;
        } else if (fate < model_.silent + model_.crashing) {
            ++harmed_;
            later(60'000 * uniform(), Act::kCrash, index);
        } else if (fate < model_.silent + model_.crashing + model_.late) {
            later(600'000 + 600'000 * uniform(), Act::kConfirm, index);
        } else {
            later(confirm + 5'000 * uniform(), Act::kConfirm, index);
        }
        return true;
    }

    void decide() {
        driver.settle();
        const auto again = driver.rollout.next_deadline(driver.now);
        if (!again || (looks_at_ > driver.now && looks_at_ <= *again)) return;
        looks_at_ = *again;
        steps_.push({*again, order_++, Act::kLook, 0});
    }

    void watch_window() {
        std::int64_t filled = 0;
        std::string furthest;
        for (const RingState& ring : driver.rollout.rings()) {
            if (!ring.open) continue;
            window_most_ = std::max(window_most_, ring.window);
            filled += ring.unconfirmed;
            furthest = ring.name;
        }
        unconfirmed_most_ = std::max(unconfirmed_most_, filled);
        if (!furthest.empty()) {
            bound_most_ = std::max(bound_most_, driver.rollout.harm_bound(furthest));
        }
    }

    FleetModel model_;
    std::mt19937_64 engine_;
    std::vector<Device> devices_;
    std::priority_queue<Step, std::vector<Step>, std::greater<>> steps_;
    std::uint64_t order_ = 0;
    Instant looks_at_{};
    std::int64_t harmed_ = 0;
    std::int64_t window_most_ = 0;
    std::int64_t unconfirmed_most_ = 0;
    std::int64_t bound_most_ = 0;
};

}  // namespace firebreak::rollout::test
