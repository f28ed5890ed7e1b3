#include "cli/simulate/simulation.hpp"

#include <algorithm>
#include <cmath>
#include <queue>

#include "cli/simulate/devices.hpp"
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
/// Time zones that the awake share of a fleet is averaged over.
constexpr int kZones = 24;
constexpr Instant kPublished{seconds{1'800'000'000}};

enum class Act : std::uint8_t { kAsk, kConfirm, kHarm, kReport };

struct Step {
    milliseconds at;
    Device device;
    Act act;
    bool operator>(const Step& other) const {
        return std::tie(at, device, act) > std::tie(other.at, other.device, other.act);
    }
};

/// A ring's devices, in the order of their buckets.
struct Line {
    struct Place {
        std::uint32_t bucket;
        Device device;
        auto operator<=>(const Place&) const = default;
    };
    Device first = 0;  ///< The ring's devices are numbered on from here.
    std::int64_t size = 0;
    std::vector<Place> places{};  ///< Made when the ring opens.
    std::size_t exposed = 0;      ///< Of the places.
};

class Simulation {
public:
    Simulation(const rollout::Plan& plan, const FleetModel& fleet,
               const std::vector<std::int64_t>& sizes, const Incident& incident,
               std::uint64_t seed);

    RunResult run(milliseconds most);

private:
    std::size_t ring_of(Device device) const;
    void name(Device device);

    // What happens.
    void take(const Step& step);
    void ask(Device device);
    void begin(Device device);
    void harm(Device device);
    void later(milliseconds at, Device device, Act act) { steps_.push({at, device, act}); }
    void apply(rollout::EventBody body) { rollout_.apply({kPublished + now_, std::move(body)}); }

    // What the server does.
    void decide();
    void expose(std::size_t ring);
    void count_fleet();
    double awake_share(milliseconds time) const;
    void note();
    bool over() const;

    const FleetModel& fleet_;
    const Incident& incident_;
    const std::uint64_t seed_;
    const Devices devices_;
    rollout::Rollout rollout_;
    std::vector<Line> lines_;
    std::priority_queue<Step, std::vector<Step>, std::greater<>> steps_;
    milliseconds now_{0};
    milliseconds counted_{0};
    std::optional<milliseconds> halted_;
    std::string name_;  ///< Of the device at hand: reused, as there are millions.
    double control_crashes_ = 0;
    double next_control_crash_ = 0;
    std::uint64_t control_draws_ = 0;
    double awake_at_first_ = 1;
    RunResult result_;
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
      awake_at_first_(awake_share(milliseconds{0})) {
    rollout::FleetSeen seen;
    Device first = 0;
    for (std::size_t i = 0; i < sizes.size(); ++i) {
        seen.active_by_ring[plan.rings[i].name] = sizes[i];
        lines_.push_back({.first = first, .size = sizes[i]});
        first += static_cast<Device>(sizes[i]);
    }
    next_control_crash_ = -rollout::portable::log(1 - unit(mixed(seed_)));
    apply(std::move(seen));
    apply(rollout::Started{});
    decide();
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
    switch (step.act) {
        case Act::kAsk: ask(step.device); return;
        case Act::kHarm: harm(step.device); return;
        case Act::kConfirm:
            name(step.device);
            apply(rollout::Confirmed{name_});
            return;
        case Act::kReport:
            name(step.device);
            apply(rollout::Crashed{name_});
            return;
    }
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
    if (rollout_.may_activate(name_, ring)) {
        apply(rollout::Activated{name_, devices_.tenant_of(device), ring});
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
    if (incident_.harm == Harm::kCrash) {
        const milliseconds restarted = now_ + devices_.spread(device, Fact::kRestart, minutes{2});
        later(devices_.through_outage(device, restarted), device, Act::kReport);
    }
    if (incident_.harm == Harm::kFlood) {
        const milliseconds reported =
            now_ + devices_.spread(device, Fact::kReport, fleet_.report_delay_max);
        later(devices_.through_outage(device, reported), device, Act::kReport);
    }
}

void Simulation::decide() {
    for (;;) {
        const std::vector<rollout::Event> events = rollout_.decide(kPublished + now_);
        if (events.empty()) return;
        for (const rollout::Event& event : events) rollout_.apply(event);
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

/// The share of the fleet that is awake at `time`, over its kinds and time zones.
double Simulation::awake_share(milliseconds time) const {
    double awake = 0;
    for (const FleetPart& kind : fleet_.kinds) {
        for (int zone = 0; zone < kZones; ++zone) {
            const double local = fleet_.starts_at_hour + hours_of(time) +
                                 (zone + 0.5) / kZones * fleet_.time_zone_hours - kWakesAtHour;
            const double since_waking = local - 24 * std::floor(local / 24);
            if (since_waking < kind.awake_hours) awake += kind.share / kZones;
        }
    }
    return awake;
}

void Simulation::count_fleet() {
    const double elapsed = hours_of(now_ - counted_);
    counted_ = now_;
    const double without = static_cast<double>(fleet_.devices - result_.activated);
    const double awake = awake_share(now_);
    const double rate = fleet_.crash_rate_per_hour * incident_.crash_rate_factor;
    control_crashes_ += elapsed * without * awake * rate;
    rollout::ControlSeen control;
    while (control_crashes_ >= next_control_crash_) {
        ++control_draws_;
        next_control_crash_ -= rollout::portable::log(1 - unit(mixed(seed_ + control_draws_)));
    }
    control.devices = static_cast<std::int64_t>(without * awake_at_first_);
    control.crashed = static_cast<std::int64_t>(control_draws_);
    const double asleep = std::max(0.0, awake_at_first_ - awake);
    control.silent = static_cast<std::int64_t>(without * asleep);
    const milliseconds quiet = rollout::quiet_after(rollout_.plan());
    const bool outage = incident_.outage_at && !incident_.outage_of_one_tenant &&
                        now_ >= *incident_.outage_at + quiet &&
                        now_ < *incident_.outage_at + incident_.outage_for;
    if (outage && rollout::is_quiet(rollout_.plan(), control.devices, 0)) {
        control.silent = control.devices;
    }
    apply(control);
}

/// Keeps what the result is made of.
void Simulation::note() {
    const double now = hours_of(now_) * 3600;
    const auto once = [now](double& at) {
        if (at < 0) at = now;
    };
    const rollout::RingState* front = &rollout_.rings().front();
    for (const rollout::RingState& ring : rollout_.rings()) {
        if (ring.open) front = &ring;
    }
    result_.bound = std::max(result_.bound, rollout_.harm_bound(front->name));
    if (rollout_.rings().back().threshold_ppb == rollout::kPpbAll) once(result_.full_seconds);
    const rollout::Phase phase = rollout_.phase();
    if (phase == rollout::Phase::kComplete) once(result_.complete_seconds);
    if (phase == rollout::Phase::kHalted) {
        once(result_.stopped_seconds);
        if (!halted_) halted_ = now_;
    }
    if (phase == rollout::Phase::kHeld) once(result_.stopped_seconds);
}

bool Simulation::over() const {
    const rollout::Phase phase = rollout_.phase();
    if (phase == rollout::Phase::kHeld) return true;
    if (halted_) {
        return now_ > *halted_ + rollout_.plan().poll_every + fleet_.cache_lag_max;
    }
    return phase == rollout::Phase::kComplete && (incident_.harm == Harm::kNone || steps_.empty());
}

RunResult Simulation::run(milliseconds most) {
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
                        std::uint64_t seed, rollout::milliseconds most) {
    return Simulation(plan, fleet, sizes, incident, seed).run(most);
}

}  // namespace firebreak::cli
