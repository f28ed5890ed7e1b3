// What goes wrong in a world, how often, and in what kinds of world.

#include <array>

#include "tests/simulation/world.hpp"

namespace firebreak::simulation {

namespace {

using std::chrono::minutes;

}  // namespace

void World::storm_machines() {
    if (dice_.percent(60)) {
        MachineFaults faults;
        if (dice_.percent(50)) faults.disk.full_percent = dice_.index(12);
        if (dice_.percent(50)) faults.disk.unsure_percent = dice_.index(8);
        if (dice_.percent(30)) faults.disk.rot_percent = dice_.index(3);
        if (dice_.percent(60)) faults.disk.cut_per_mille = dice_.index(25);
        faults.trial_not_run_percent = dice_.index(20);
        for (const auto& endpoint : fleet_) {
            if (dice_.percent(70)) endpoint->set_faults(faults);
        }
    }
    if (dice_.percent(60)) {
        every(seconds{60}, seconds{900}, [this] {
            Endpoint& endpoint = *dice_.pick(fleet_);
            const milliseconds down = dice_.percent(30) ? dice_.between(minutes{5}, minutes{40})
                                                        : dice_.between(seconds{2}, seconds{120});
            endpoint.cut_power(down, "is switched off");
        });
    }
    if (dice_.percent(40)) {
        every(seconds{120}, seconds{900}, [this] { dice_.pick(fleet_)->stop_in_order(); });
    }
    if (dice_.percent(40)) {
        every(seconds{60}, seconds{600}, [this] {
            dice_.pick(fleet_)->clock().skew = dice_.between(minutes{-2}, minutes{2});
        });
    }
}

void World::storm_network() {
    NetworkFaults& faults = network_.faults;
    if (dice_.percent(60)) faults.lose_percent = dice_.index(15);
    if (dice_.percent(60)) faults.duplicate_percent = dice_.index(25);
    if (dice_.percent(40)) faults.corrupt_percent = dice_.index(8);
    if (dice_.percent(30)) faults.busy_percent = dice_.index(20);
    if (dice_.percent(70)) faults.delay_most = milliseconds{dice_.between(50, 20'000)};
    if (dice_.percent(40)) server_.cache_age = dice_.between(seconds{10}, seconds{180});
    if (dice_.percent(50)) {
        every(minutes{2}, minutes{15}, [this] {
            const std::string who = dice_.pick(fleet_)->machine().id;
            network_.cut_off.insert(who);
            trace_.line("network", "cuts off " + who);
            timeline_.after(dice_.between(minutes{1}, minutes{25}),
                            [this, who] { network_.cut_off.erase(who); });
        });
    }
    if (dice_.percent(30)) {
        every(minutes{5}, minutes{30}, [this] {
            network_.server_cut_off = true;
            trace_.line("network", "nobody reaches the server");
            timeline_.after(dice_.between(minutes{1}, minutes{15}),
                            [this] { network_.server_cut_off = false; });
        });
    }
}

void World::storm_server() {
    ServerFaults faults;
    if (dice_.percent(60)) {
        if (dice_.percent(50)) faults.disk.full_percent = dice_.index(15);
        if (dice_.percent(50)) faults.disk.cut_per_mille = dice_.index(20);
        if (dice_.percent(50)) faults.disk.unsure_percent = dice_.index(8);
        if (dice_.percent(50)) faults.store.full_percent = dice_.index(10);
        if (dice_.percent(50)) faults.store.cut_per_mille = dice_.index(20);
        if (dice_.percent(50)) faults.crash_per_mille = dice_.index(4);
    }
    suit_the_bug(faults);
    server_.set_faults(faults);
    if (dice_.percent(50)) {
        every(minutes{2}, minutes{20}, [this] {
            const milliseconds down = dice_.percent(20) ? dice_.between(minutes{5}, minutes{20})
                                                        : dice_.between(seconds{2}, seconds{60});
            server_.crash(down, "is killed");
        });
    }
}

Order World::random_order() {
    Order order;
    order.plan = careful_plan();
    if (dice_.percent(65)) {
        constexpr std::array kBad{Kind::kCrashesOnLoad, Kind::kFreezesOnLoad, Kind::kCrashesLater,
                                  Kind::kUnwell, Kind::kCutsOff};
        order.kind = kBad.at(dice_.index(kBad.size()));
    }
    order.trial_catches = order.kind != Kind::kGood && dice_.percent(10);
    order.crashes_after = dice_.between(seconds{10}, seconds{600});
    order.driven_in.insert(builds_.begin(), builds_.end());
    if (builds_.size() > 1 && dice_.percent(15)) order.driven_in.erase(builds_.back());
    if (dice_.percent(15)) order.ceiling_ppb = trust::kPpbAll / 2;
    suit_the_bug(order);
    return order;
}

void World::release_next() {
    if (desk_.busy()) return;
    desk_.release(random_order(), [](bool) {});
}

void World::storm_desk() {
    timeline_.after(dice_.between(seconds{1}, seconds{120}), [this] {
        if (stage_ == Stage::kStorm) release_next();
    });
    every(minutes{8}, minutes{40}, [this] { release_next(); });
    every(seconds{60}, seconds{300}, [this] { look_after_rollouts(); });
    if (dice_.percent(40)) {
        every(minutes{3}, minutes{30}, [this] {
            const std::vector<std::string> words{"hold", "resume", "halt"};
            desk_.steer(desk_.newest(), dice_.pick(words), [](bool) {});
        });
    }
    every(minutes{5}, minutes{20}, [this] { desk_.try_something_wrong(); });
    if (options_.planted == Planted::kTakesOneForTwo) {
        every(seconds{20}, seconds{60}, [this] { desk_.try_to_go_on_alone(); });
    }
}

/// A mirror that an attacker runs, who has stolen the online key: now and then a machine is sent
/// there, for a while, and he thinks of something else every few minutes.
void World::storm_mirror() {
    Dice& dice = mirror_.dice();
    const bool wanted = options_.planted == Planted::kTakesAnySignature ||
                        options_.planted == Planted::kOfflineKeysStolen ||
                        options_.planted == Planted::kForgetsTimestamps;
    if (!dice.percent(50) && !wanted) return;
    mirror_.think();
    every(minutes{1}, minutes{5}, [this] { mirror_.think(); });
    every(minutes{1}, minutes{8}, [this, &dice] {
        const std::string who = dice.pick(fleet_)->machine().id;
        mirror_.captives.insert(who);
        trace_.line("mirror", "takes " + who);
        timeline_.after(dice.between(minutes{3}, minutes{25}),
                        [this, who] { mirror_.captives.erase(who); });
    });
}

}  // namespace firebreak::simulation
