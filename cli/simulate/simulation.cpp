#include "cli/simulate/simulation.hpp"

#include <algorithm>
#include <cmath>
#include <queue>

#include "cli/simulate/control.hpp"
#include "cli/simulate/devices.hpp"
#include "cli/simulate/line.hpp"
#include "cli/simulate/oversight.hpp"
#include "core/rollout/cohort.hpp"
#include "core/rollout/portable_math.hpp"

namespace firebreak::cli {
namespace {

using rollout::milliseconds;
using std::chrono::duration_cast;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

/// How often the server decides, and counts the fleet.
constexpr milliseconds kTick{250};
constexpr milliseconds kCountEvery = seconds{15};
constexpr Instant kPublished{seconds{1'800'000'000}};

enum class Act : std::uint8_t { kAsk, kConfirm, kHarm, kReport, kMiss, kHear };

/// What the server hears of a device that runs the release.
enum class Hearing : std::uint8_t { kNotYet, kHeard, kMissed, kDying, kDead };

struct Step {
    milliseconds at;
    Device device;
    Act act;
    bool operator>(const Step& other) const {
        return std::tie(at, device, act) > std::tie(other.at, other.device, other.act);
    }
};

class Simulation {
public:
    Simulation(const rollout::Plan& plan, const FleetModel& fleet,
               const std::vector<std::int64_t>& sizes, const Incident& incident,
               std::uint64_t seed);

    RunResult run(milliseconds most, Course* course);

private:
    std::size_t ring_of(Device device) const;
    void name(Device device);

    // What happens.
    void take(const Step& step);
    void ask(Device device);
    void begin(Device device);
    void harm(Device device);
    void hear(Device device);
    void miss(Device device);
    void leave(Device device);
    void miss_from(milliseconds quiet, Device device);
    void later(milliseconds at, Device device, Act act);
    void apply(rollout::EventBody body) { rollout_.apply({kPublished + now_, std::move(body)}); }

    // What the server does.
    void decide();
    void expose(std::size_t ring);
    void count_fleet();
    void count_losses(milliseconds since);
    void note();
    void sample();
    bool over() const;

    const FleetModel& fleet_;
    const Incident& incident_;
    const std::uint64_t seed_;
    const Devices devices_;
    rollout::Rollout rollout_;
    Control control_;
    std::vector<Line> lines_;
    std::priority_queue<Step, std::vector<Step>, std::greater<>> steps_;
    std::int64_t fates_ = 0;  ///< Steps that may still harm or report.
    std::vector<Hearing> hearing_;
    std::vector<std::int32_t> missed_by_tenant_;
    std::int64_t missed_tenants_ = 0;
    rollout::LossesSeen losses_;  ///< As last counted.
    milliseconds now_{0};
    milliseconds counted_{0};
    std::optional<milliseconds> halted_;
    std::string name_;  ///< Of the device at hand: reused, as there are millions.
    RunResult result_;
    Course* course_ = nullptr;  ///< Nobody asks when null.
};

Sha256 bundle_of(std::uint64_t seed) {
    return sha256(bytes_of("simulated bundle " + std::to_string(seed)));
}

Simulation::Simulation(const rollout::Plan& plan, const FleetModel& fleet,
                       const std::vector<std::int64_t>& sizes, const Incident& incident,
                       std::uint64_t seed)
    : fleet_(fleet),
      incident_(incident),
      seed_(mixed(seed)),
      devices_(fleet, incident, seed),
      rollout_({"simulated", 1}, bundle_of(seed), plan),
      control_(fleet, incident, rollout_.plan(), seed_),
      hearing_(static_cast<std::size_t>(fleet.devices), Hearing::kNotYet),
      missed_by_tenant_(static_cast<std::size_t>(fleet.tenants), 0) {
    result_.opened_seconds.assign(sizes.size(), -1);
    result_.ring_bounds.assign(sizes.size(), 0);
    rollout::FleetSeen seen;
    Device first = 0;
    for (std::size_t i = 0; i < sizes.size(); ++i) {
        seen.active_by_ring[plan.rings[i].name] = sizes[i];
        lines_.push_back({.first = first, .size = sizes[i]});
        first += static_cast<Device>(sizes[i]);
    }
    apply(std::move(seen));
    for (rollout::EventBody& approval : approvals_of(plan)) apply(std::move(approval));
    apply(rollout::Started{});
}

std::size_t Simulation::ring_of(Device device) const {
    std::size_t ring = lines_.size() - 1;
    while (device < lines_[ring].first) --ring;
    return ring;
}

void Simulation::name(Device device) {
    name_ = "d" + std::to_string(device);
}

void Simulation::take(const Step& step) {
    ++result_.device_events;
    if (step.act != Act::kMiss && step.act != Act::kHear) --fates_;
    switch (step.act) {
        case Act::kAsk: ask(step.device); return;
        case Act::kHarm: harm(step.device); return;
        case Act::kConfirm:
            name(step.device);
            apply(rollout::Confirmed{name_});
            hear(step.device);
            return;
        case Act::kReport:
            name(step.device);
            apply(rollout::Crashed{name_});
            leave(step.device);
            return;
        case Act::kMiss: miss(step.device); return;
        case Act::kHear: hear(step.device); return;
    }
}

void Simulation::later(milliseconds at, Device device, Act act) {
    if (act != Act::kMiss && act != Act::kHear) ++fates_;
    steps_.push({at, device, act});
}

/// The release runs on the device, and the server hears of it, until it sleeps or is cut off.
void Simulation::hear(Device device) {
    Hearing& hearing = hearing_[device];
    if (hearing != Hearing::kNotYet && hearing != Hearing::kMissed) return;
    Line& line = lines_[ring_of(device)];
    if (hearing == Hearing::kMissed) {
        --line.missed;
        if (--missed_by_tenant_[static_cast<std::size_t>(devices_.tenant_number(device))] == 0) {
            --missed_tenants_;
        }
    }
    hearing = Hearing::kHeard;
    ++line.heard;
    const milliseconds quiet = devices_.quiet_from(device, now_);
    if (quiet != milliseconds::max()) miss_from(quiet, device);
}

/// Its last heartbeat was up to heartbeat_every before it fell silent.
void Simulation::miss_from(milliseconds quiet, Device device) {
    const rollout::Plan& plan = rollout_.plan();
    later(quiet + rollout::silent_after(plan) -
              devices_.spread(device, Fact::kHeartbeat, plan.heartbeat_every),
          device, Act::kMiss);
}

void Simulation::miss(Device device) {
    Hearing& hearing = hearing_[device];
    const bool dying = hearing == Hearing::kDying;
    if (hearing != Hearing::kHeard && !dying) return;
    const milliseconds back =
        std::max(devices_.awake_from(device, now_), devices_.through_outage(device, now_));
    if (!dying && back <= now_) return;  // It was heard again in time.
    Line& line = lines_[ring_of(device)];
    --line.heard;
    ++line.missed;
    ++line.lost;
    if (missed_by_tenant_[static_cast<std::size_t>(devices_.tenant_number(device))]++ == 0) {
        ++missed_tenants_;
    }
    hearing = dying ? Hearing::kDead : Hearing::kMissed;
    if (dying) return;
    later(back + devices_.spread(device, Fact::kPoll, minutes{1}), device, Act::kHear);
}

/// The device went back to what it ran before.
void Simulation::leave(Device device) {
    Hearing& hearing = hearing_[device];
    if (hearing == Hearing::kHeard) --lines_[ring_of(device)].heard;
    if (hearing == Hearing::kHeard) hearing = Hearing::kNotYet;
}

void Simulation::ask(Device device) {
    const rollout::Phase phase = rollout_.phase();
    if (phase == rollout::Phase::kHalted) return;
    const milliseconds through = devices_.through_outage(device, now_);
    if (through > now_) return later(through, device, Act::kAsk);
    const milliseconds awake = devices_.awake_from(device, now_);
    if (awake > now_) {
        return later(awake + devices_.spread(device, Fact::kPoll, minutes{1}), device, Act::kAsk);
    }
    name(device);
    const std::string& ring = rollout_.plan().rings[ring_of(device)].name;
    rollout::Activated activated{name_, devices_.tenant_of(device), ring,
                                 devices_.segments_of(device, rollout_.plan().segments)};
    if (rollout_.may_activate(activated)) {
        apply(std::move(activated));
        return begin(device);
    }
    const auto poll = static_cast<double>(rollout_.plan().poll_every.count());
    const double jitter = 0.9 + 0.2 * devices_.draw(device, Fact::kPoll);
    later(now_ + milliseconds{static_cast<std::int64_t>(poll * jitter)}, device, Act::kAsk);
}

/// The device runs the release from now on: what will come of it.
void Simulation::begin(Device device) {
    ++result_.activated;
    const rollout::Plan& plan = rollout_.plan();
    milliseconds healthy = now_ + plan.confirm_after;
    if (const milliseconds awake = devices_.awake_from(device, healthy); awake > healthy) {
        healthy = awake + plan.confirm_after;
    }
    if (devices_.draw(device, Fact::kLoss) < fleet_.activation_loss) {
        healthy += minutes{30} + devices_.spread(device, Fact::kLate, hours{12});
    }
    milliseconds crash = milliseconds::max();
    const double rate = fleet_.crash_rate_per_hour * incident_.crash_rate_factor;
    if (rate > 0) crash = now_ + of_hours(devices_.exponential(device, Fact::kCrash) / rate);
    milliseconds harm = milliseconds::max();
    if (devices_.can_be_harmed(device)) {
        harm = now_ + incident_.after;
        if (incident_.at) harm = std::max(harm, *incident_.at);
        if (incident_.reboot_every.count() > 0) {
            harm += of_hours(devices_.exponential(device, Fact::kReboot) *
                             hours_of(incident_.reboot_every));
        }
        later(harm, device, Act::kHarm);
    }
    const bool dies_first =
        harm <= healthy && (incident_.harm == Harm::kSilent || incident_.harm == Harm::kCrash);
    const milliseconds delay = devices_.spread(device, Fact::kReport, fleet_.report_delay_max);
    if (!dies_first && crash > healthy) {
        later(devices_.through_outage(device, healthy + delay), device, Act::kConfirm);
    }
    const bool dies_for_good = incident_.harm == Harm::kSilent && harm < crash;
    if (crash < hours{24 * 365} && !dies_for_good) {
        const milliseconds restarted = crash + devices_.spread(device, Fact::kRestart, minutes{2});
        later(devices_.through_outage(device, restarted), device, Act::kReport);
    }
}

void Simulation::harm(Device device) {
    // A halt that has reached the device took the release away from it.
    const milliseconds recall = devices_.spread(device, Fact::kPoll, rollout_.plan().poll_every) +
                                devices_.spread(device, Fact::kInstall, fleet_.cache_lag_max);
    if (halted_ && now_ > *halted_ + recall) return;
    ++result_.harmed;
    if (incident_.harm == Harm::kSilent) {
        Hearing& hearing = hearing_[device];
        const bool heard = hearing == Hearing::kHeard;
        if (heard) miss_from(now_, device);
        hearing = heard ? Hearing::kDying : Hearing::kDead;
    }
    if (incident_.harm == Harm::kCrash) {
        const milliseconds restarted = now_ + devices_.spread(device, Fact::kRestart, minutes{2});
        later(devices_.through_outage(device, restarted), device, Act::kReport);
    }
    if (incident_.harm == Harm::kFlood || incident_.harm == Harm::kSlow) {
        // Slow takes as long as it takes to use processor time that says so (client/vitals.hpp).
        const milliseconds most =
            incident_.harm == Harm::kSlow ? minutes{10} : fleet_.report_delay_max;
        const milliseconds told = now_ + devices_.spread(device, Fact::kReport, most);
        later(devices_.through_outage(device, told), device, Act::kReport);
    }
}

void Simulation::decide() {
    if (auto freeze = next_freeze_of(rollout_, kPublished + now_)) apply(std::move(*freeze));
    for (;;) {
        const std::vector<rollout::Event> events = rollout_.decide(kPublished + now_);
        if (events.empty()) return;
        for (const rollout::Event& event : events) {
            rollout_.apply(event);
            if (course_ != nullptr) course_->mark(hours_of(now_) * 3600, event.body);
        }
        for (std::size_t ring = 0; ring < lines_.size(); ++ring) expose(ring);
        note();
    }
}

/// Those whom the threshold has newly taken in learn of it, each at its next poll.
void Simulation::expose(std::size_t ring) {
    Line& line = lines_[ring];
    const std::int64_t threshold = rollout_.rings()[ring].threshold_ppb;
    if (threshold == 0) return;
    if (line.places.empty() && line.size > 0) {
        line.places.reserve(static_cast<std::size_t>(line.size));
        for (std::int64_t i = 0; i < line.size; ++i) {
            const Device device = line.first + static_cast<Device>(i);
            name(device);
            const std::int64_t bucket = rollout::bucket(rollout_.bundle(), name_);
            line.places.push_back({static_cast<std::uint32_t>(bucket), device});
        }
        std::sort(line.places.begin(), line.places.end());
    }
    while (line.exposed < line.places.size() && line.places[line.exposed].bucket < threshold) {
        const Device device = line.places[line.exposed++].device;
        const milliseconds seen = now_ +
                                  devices_.spread(device, Fact::kReturn, fleet_.cache_lag_max) +
                                  devices_.spread(device, Fact::kPoll, rollout_.plan().poll_every);
        later(seen + devices_.spread(device, Fact::kInstall, fleet_.install_max), device,
              Act::kAsk);
    }
}

/// Who fell silent since the last count, of those that run the release and of those of each ring
/// that are not exposed to it.
void Simulation::count_losses(milliseconds since) {
    const rollout::Plan& plan = rollout_.plan();
    rollout::LossesSeen seen;
    seen.silent_tenants = missed_tenants_;
    const auto put = [](rollout::LossesSeen::ByRing& counts, const std::string& ring,
                        std::int64_t count) {
        if (count > 0) counts.emplace(ring, count);
    };
    const milliseconds before = since - control_.noticed_after();
    for (std::size_t i = 0; i < lines_.size(); ++i) {
        Line& line = lines_[i];
        const std::string& ring = plan.rings[i].name;
        put(seen.heard, ring, line.heard + line.lost);
        put(seen.lost, ring, line.lost);
        put(seen.silent, ring, line.missed);
        line.lost = 0;
        const auto control = static_cast<double>(line.size) - static_cast<double>(line.exposed);
        const auto heard = static_cast<std::int64_t>(control * control_.awake_share(before));
        put(seen.control_heard, ring, heard);
        put(seen.control_lost, ring, control_.lose(control, heard, since, now_));
    }
    if (seen.lost.empty() && seen.control_lost.empty() && seen.silent == losses_.silent) return;
    losses_ = seen;
    apply(std::move(seen));
}

void Simulation::count_fleet() {
    count_losses(counted_);
    apply(control_.see(fleet_.devices - result_.activated, counted_, now_));
    counted_ = now_;
}

/// Keeps what the result is made of.
void Simulation::note() {
    const double now = hours_of(now_) * 3600;
    const auto once = [now](double& at) {
        if (at < 0) at = now;
    };
    std::size_t front = 0;
    for (std::size_t i = 0; i < rollout_.rings().size(); ++i) {
        if (!rollout_.rings()[i].open) continue;
        front = i;
        once(result_.opened_seconds[i]);
    }
    const std::int64_t bound = rollout_.harm_bound(rollout_.rings()[front].name);
    result_.ring_bounds[front] = std::max(result_.ring_bounds[front], bound);
    result_.bound = std::max(result_.bound, bound);
    if (rollout_.rings().back().threshold_ppb == rollout::kPpbAll) once(result_.full_seconds);
    const rollout::Phase phase = rollout_.phase();
    if (phase == rollout::Phase::kComplete) once(result_.complete_seconds);
    if (phase == rollout::Phase::kHalted) {
        once(result_.stopped_seconds);
        if (!halted_) halted_ = now_;
    }
    if (phase == rollout::Phase::kHeld) once(result_.stopped_seconds);
}

void Simulation::sample() {
    if (course_ == nullptr) return;
    Course::Point point{
        .seconds = hours_of(now_) * 3600, .activated = result_.activated, .harmed = result_.harmed};
    for (const Line& line : lines_) point.exposed += static_cast<std::int64_t>(line.exposed);
    for (const rollout::RingState& ring : rollout_.rings()) point.confirmed += ring.confirmed;
    course_->add(point);
}

bool Simulation::over() const {
    const rollout::Phase phase = rollout_.phase();
    if (phase == rollout::Phase::kHeld) return true;
    if (halted_) {
        return now_ > *halted_ + rollout_.plan().poll_every + fleet_.cache_lag_max;
    }
    return phase == rollout::Phase::kComplete && (incident_.harm == Harm::kNone || fates_ == 0);
}

RunResult Simulation::run(milliseconds most, Course* course) {
    course_ = course;
    decide();
    sample();
    while (!over() && now_ < most) {
        milliseconds next = counted_ + kCountEvery;
        if (!steps_.empty()) next = std::min(next, steps_.top().at);
        if (const auto look = rollout_.next_deadline(kPublished + now_)) {
            next = std::min(next, std::max(now_ + milliseconds{1}, *look - kPublished));
        }
        const milliseconds tick = (next / kTick + 1) * kTick;
        while (!steps_.empty() && steps_.top().at <= tick) {
            const Step step = steps_.top();
            steps_.pop();
            now_ = std::max(now_, step.at);
            take(step);
        }
        now_ = std::max(now_, tick);
        if (now_ >= counted_ + kCountEvery) count_fleet();
        decide();
        sample();
    }
    result_.phase = rollout_.phase();
    result_.reason = rollout_.reason();
    if (const auto first = rollout_.first_activation()) {
        result_.first_activation_seconds = hours_of(*first - kPublished) * 3600;
    }
    return result_;
}

}  // namespace

RunResult simulate_once(const rollout::Plan& plan, const FleetModel& fleet,
                        const std::vector<std::int64_t>& sizes, const Incident& incident,
                        std::uint64_t seed, rollout::milliseconds most, Course* course) {
    return Simulation(plan, fleet, sizes, incident, seed).run(most, course);
}

}  // namespace firebreak::cli
