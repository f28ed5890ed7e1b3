#include "tests/simulation/world.hpp"

#include <algorithm>
#include <boost/json/serialize.hpp>
#include <csignal>
#include <cstdio>

#include "core/base/check.hpp"

namespace firebreak::simulation {

namespace {

using std::chrono::minutes;

constexpr std::uint64_t kEventsMax = 400'000;
/// So many events may pass between two looks at everything, changed or not.
constexpr std::uint64_t kLookAtAllEvery = 256;
constexpr minutes kBeginningMost{60};
constexpr minutes kEndMost{360};
constexpr milliseconds kLook{10'000};

std::uint64_t current_seed = 0;

/// A broken FIREBREAK_CHECK says where; this says in which world.
void say_seed(int) {
    std::fprintf(stderr, "in the simulated world of seed %llu\n",
                 static_cast<unsigned long long>(current_seed));
    std::signal(SIGABRT, SIG_DFL);
}

}  // namespace

Outcome run_world(const WorldOptions& options) {
    current_seed = options.seed;
    const auto before = std::signal(SIGABRT, &say_seed);
    const Outcome outcome = World(options).run();
    std::signal(SIGABRT, before);
    return outcome;
}

World::World(WorldOptions options)
    : options_(std::move(options)),
      dice_(options_.seed),
      timeline_(dice_.number()),
      trace_(timeline_, options_.trace),
      network_(timeline_, trace_, dice_.number()),
      server_(timeline_, trace_, truth_, dice_.number()),
      desk_(timeline_, trace_, truth_, network_, dice_.number()),
      // Dice of its own: a world without it goes on as it would.
      mirror_(timeline_, trace_, truth_, server_, options_.seed ^ 0x3199) {
    network_.listener = [this](const std::string& who, const net::Request& request,
                               Responded respond) {
        if (request.target.starts_with("/tuf/")) {
            respond(mirror_.holds(who) ? mirror_.answer(request.target)
                                       : server_.serve_file(request.target));
            return true;
        }
        return server_.handle(request, std::move(respond));
    };
    server_.initialise(desk_.vendor(), minutes{60});
    make_fleet();
}

World::~World() = default;

void World::make_fleet() {
    rings_ = {"canary", "broad"};
    if (dice_.percent(40)) rings_.insert(rings_.begin() + 1, "early");
    builds_ = {sha256(bytes_of("engine a"))};
    const bool needs_two = options_.planted == Planted::kLiesAboutBuild;
    if (dice_.percent(25) || needs_two) builds_.push_back(sha256(bytes_of("engine b")));
    const std::int64_t count = dice_.percent(10) ? dice_.between(12, 24) : dice_.between(6, 10);
    const Bytes root = desk_.vendor().ceremony().root;
    for (std::int64_t i = 0; i < count; ++i) {
        Machine machine;
        machine.id = "d-" + std::to_string(100 + i);
        machine.tenant = "tenant-" + std::to_string(i % 3);
        machine.ring = rings_[static_cast<std::size_t>(i) % rings_.size()];
        machine.system = dice_.percent(70) ? "common" : "rare";
        machine.build = dice_.pick(builds_);
        server_.add_device(machine);
        Machine& placed = truth_.machines.emplace(machine.id, machine).first->second;
        fleet_.push_back(std::make_unique<Endpoint>(
            Ground{timeline_, trace_, truth_, network_, context_}, placed, dice_.number(), root));
    }
    plant();
}

Outcome World::run() {
    server_.start();
    for (const auto& endpoint : fleet_) {
        timeline_.after(dice_.between(seconds{0}, seconds{30}),
                        [&endpoint] { endpoint->boot(""); });
    }
    begin();

    Outcome outcome;
    while (stage_ != Stage::kOver && !outcome.broken) {
        if (!timeline_.step()) break;
        outcome.broken = look();
        if (!outcome.broken && timeline_.happened() > kEventsMax) {
            outcome.broken = "progress: too many events";
        }
        if (!outcome.broken && stuck_ && (options_.only.empty() || options_.only == "progress")) {
            outcome.broken = "progress: " + *stuck_;
        }
        if (stuck_) break;
    }
    if (!outcome.broken) outcome.broken = first_broken(truth_, timeline_.now(), options_.only);
    if (!outcome.broken && stage_ == Stage::kOver) outcome.broken = at_the_end();
    outcome.events = timeline_.happened();
    outcome.lasted = timeline_.elapsed();
    outcome.releases = static_cast<std::int64_t>(truth_.contents.size());
    for (const auto& [counter, ruling] : truth_.rulings) outcome.halts += ruling.halted ? 1 : 0;
    for (const auto& [id, machine] : truth_.machines) {
        for (const auto& [counter, life] : machine.lives) outcome.harmed += life.harmed > 0 ? 1 : 0;
    }
    if (outcome.broken) trace_.line("BROKEN", *outcome.broken);
    if (trace_.kept()) trace_log();
    outcome.trace = trace_.text();
    return outcome;
}

/// At the invariants, after an event: at what changed, and now and then at everything, should
/// somebody have changed the truth and not said so.
Broken World::look() {
    const bool at_all = options_.looks_at_all || timeline_.happened() % kLookAtAllEvery == 0;
    if (at_all) return first_broken(truth_, timeline_.now(), options_.only);
    return first_broken_by_change(truth_, timeline_.now(), options_.only);
}

/// What the server wrote down, for whoever compares it with what happened.
void World::trace_log() {
    const auto entries = server_.durable().entries(0, 100'000);
    if (!entries) return;
    for (const rollout::LogEntry& entry : *entries) {
        trace_.line("log", std::to_string(entry.sequence) + " " + entry.actor + " " +
                               json::serialize(entry.data));
    }
}

// --- The three stages ---------------------------------------------------------------------------

rollout::Plan World::quick_plan() const {
    rollout::Plan plan;
    plan.name = "quick";
    plan.velocity = rollout::Velocity::kLab;
    for (const std::string& name : rings_) {
        plan.rings.push_back(
            {.name = name, .window_start = 50, .window_max = 50, .bake_floor = seconds{20}});
    }
    plan.default_ring = rings_.back();
    plan.confirm_after = seconds{30};
    plan.silence_deadline = seconds{600};
    plan.heartbeat_every = seconds{900};
    plan.poll_every = seconds{120};
    return plan;
}

rollout::Plan World::careful_plan() {
    rollout::Plan plan;
    plan.name = "careful";
    plan.velocity = rollout::Velocity::kLab;
    for (const std::string& name : rings_) {
        rollout::Ring ring;
        ring.name = name;
        ring.vendor_own = name == rings_.front() && dice_.percent(30);
        ring.window_start = dice_.between(1, 3);
        ring.window_max = ring.window_start + dice_.between(0, 3);
        ring.bake_floor = dice_.between(seconds{10}, seconds{200});
        plan.rings.push_back(std::move(ring));
    }
    plan.default_ring = rings_.back();
    plan.alpha = dice_.percent(50) ? 1e-2 : 1e-3;
    plan.silence_q0 = dice_.percent(80) ? 0.005 : 0.1;
    plan.failures_min = dice_.between(1, 3);
    plan.tenants_min = dice_.between(1, 2);
    if (dice_.percent(60)) plan.segments = {.by = {"os"}, .window_start = dice_.between(1, 3)};
    plan.confirm_after = seconds{60};
    plan.silence_deadline = dice_.between(seconds{300}, seconds{900});
    plan.heartbeat_every = seconds{600};
    plan.poll_every = seconds{240};
    return plan;
}

void World::begin() {
    Order order;
    order.plan = quick_plan();
    order.driven_in.insert(builds_.begin(), builds_.end());
    desk_.release(order, [this](bool published) {
        if (!published) stuck_ = "the first release was refused";
        wait_for_good(desk_.newest(), timeline_.now() + kBeginningMost, [this] { storm(); });
    });
}

/// Until everybody runs `counter`, confirmed, and its rollout is complete.
void World::wait_for_good(std::int64_t counter, Instant until, std::function<void()> then) {
    timeline_.after(kLook, [this, counter, until, then = std::move(then)]() mutable {
        const Ruling& ruling = truth_.rulings[counter];
        const bool complete = ruling.phase == rollout::Phase::kComplete;
        // What the storm did to it may halt it yet, and who holds what a thief signed ahead of the
        // vendor waits, a ring with it, until the vendor gets there; the last one knows no storm.
        const bool waits = std::ranges::any_of(
            fleet_, [](const auto& endpoint) { return endpoint->machine().misled; });
        const bool given_up = (ruling.halted || waits) && counter != last_release_;
        if (given_up || (complete && everybody_runs(counter))) {
            then();
            return;
        }
        if (timeline_.now() >= until) {
            stuck_ = "the good " + std::to_string(counter) + " is " +
                     (ruling.phase ? std::string(rollout::name_of(*ruling.phase)) : "not there");
            for (const auto& endpoint : fleet_) {
                if (!endpoint->up()) continue;
                trace_.line("agent", json::serialize(endpoint->agent()->status()));
            }
            for (const auto& [id, machine] : truth_.machines) {
                const auto life = machine.lives.find(counter);
                if (life != machine.lives.end() && life->second.confirmed) continue;
                *stuck_ += ", " + id + (machine.up ? " runs " : " is down with ") +
                           std::to_string(machine.running);
            }
            return;
        }
        wait_for_good(counter, until, std::move(then));
    });
}

bool World::everybody_runs(std::int64_t counter) const {
    return std::ranges::all_of(fleet_, [this, counter](const auto& endpoint) {
        // Who lost its power too often while it tried has given it up; what comes next is for all.
        const auto life = endpoint->machine().lives.find(counter);
        const bool tried = life != endpoint->machine().lives.end() && life->second.given_up;
        if (endpoint->up() && tried && counter != last_release_) return true;
        if (!endpoint->up() || endpoint->machine().running != counter) return false;
        return endpoint->agent()->cycle().active_confirmed;
    });
}

void World::storm() {
    trace_.line("world", "the storm begins");
    stage_ = Stage::kStorm;
    if (options_.planted == Planted::kAttemptsNotCounted) {
        for (const auto& endpoint : fleet_) endpoint->disk().lies_about = "/state.json";
    }
    storm_machines();
    storm_network();
    storm_server();
    storm_desk();
    storm_mirror();
    timeline_.after(dice_.between(minutes{15}, minutes{50}), [this] { calm_down(); });
}

/// Faults end; what is under way is brought to an end; then one good release more.
void World::calm_down() {
    trace_.line("world", "the storm ends");
    stage_ = Stage::kEnd;
    network_.faults = {};
    network_.cut_off.clear();
    network_.server_cut_off = false;
    mirror_.captives.clear();
    server_.set_faults({});
    server_.cache_age = milliseconds{0};
    if (options_.planted == Planted::kLetsNobodyIn) server_.answers_no = true;
    for (const auto& endpoint : fleet_) {
        endpoint->set_faults({});
        endpoint->clock().skew = milliseconds{0};
    }
    every(seconds{60}, seconds{120}, [this] { look_after_rollouts(); });
    finish();
}

void World::finish() {
    // Whoever is still at it with the desk comes first.
    if (desk_.busy()) {
        timeline_.after(kLook, [this] { finish(); });
        return;
    }
    const std::int64_t newest = desk_.newest();
    const Content& content = truth_.contents.at(newest);
    const Ruling& ruling = truth_.rulings[newest];
    const bool for_all = std::ranges::all_of(
        content.ceiling, [](const auto& step) { return step.max_ppb == trust::kPpbAll; });
    const bool good_under_way = content.kind == Kind::kGood && for_all && ruling.published &&
                                !ruling.halted && ruling.phase != rollout::Phase::kRetired;
    const auto last = [this] {
        Order order;
        order.plan = quick_plan();
        order.driven_in.insert(builds_.begin(), builds_.end());
        desk_.release(order, [this](bool published) {
            if (!published) stuck_ = "the last release was refused";
            last_release_ = desk_.newest();
            wait_for_good(desk_.newest(), timeline_.now() + kEndMost,
                          [this] { stage_ = Stage::kOver; });
        });
    };
    if (good_under_way) {
        wait_for_good(newest, timeline_.now() + kEndMost, last);
    } else {
        last();
    }
}

/// What a release manager does about a hold: looks, and goes on with what is good.
void World::look_after_rollouts() {
    if (!server_.up()) return;
    for (const rollout::Rollout* rollout : server_.driver()->live()) {
        if (rollout->phase() != rollout::Phase::kHeld) continue;
        const std::int64_t counter = rollout->id().counter;
        const bool good = truth_.contents.at(counter).kind == Kind::kGood;
        desk_.steer(counter, good ? "resume" : "halt", [](bool) {});
    }
}

void World::every(milliseconds least, milliseconds most, std::function<void()> action) {
    const Stage stage = stage_;
    timeline_.after(dice_.between(least, most), [this, least, most, stage, action] {
        if (stage_ != stage) return;
        action();
        every(least, most, action);
    });
}

}  // namespace firebreak::simulation
