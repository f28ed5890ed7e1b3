#include "tests/simulation/endpoint.hpp"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <exception>
#include <utility>

#include "client/state_file.hpp"
#include "core/base/check.hpp"
#include "core/base/json.hpp"
#include "core/health/message_signature.hpp"
#include "core/net/errc.hpp"
#include "tests/simulation/ed25519_memo.hpp"
#include "tests/simulation/secrets.hpp"

namespace firebreak::simulation {

namespace asio = boost::asio;

namespace {

constexpr std::string_view kMetadataFolder = "/state/tuf/";

/// Of a metadata file.
std::int64_t version_of(const Bytes& bytes) {
    const Result<json::value> file = parse_json(text_of(bytes));
    FIREBREAK_CHECK(file.has_value());
    return file->at("signed").at("version").as_int64();
}

}  // namespace

// --- What the agent stands on -------------------------------------------------------------------

class Endpoint::Sensor final : public client::LiveSensor {
public:
    explicit Sensor(Endpoint& at) : at_(at) {}

    Result<void> load(const content::Bundle& bundle) override;
    void unload() override {
        at_.line("runs nothing");
        running_.reset();
        at_.runs_nothing();
    }
    const Sha256* running() const override { return running_ ? &*running_ : nullptr; }
    Result<void> probe() override {
        const Content* content = at_.ground_.truth.find(*running_);
        if (content->kind != Kind::kUnwell) return {};
        at_.harmed_by(content->counter);
        return fail(Errc::kUnavailable, "simulated");
    }
    Result<std::vector<sensor::Match>> scan(std::string_view, ByteView) override {
        return std::vector<sensor::Match>{};
    }
    bool takes(std::string_view, std::size_t) const override { return false; }
    Result<std::vector<sensor::Match>> evaluate(const fb_input&) override {
        return std::vector<sensor::Match>{};
    }
    const Sha256& build() const override { return at_.claimed_build; }
    std::uint64_t input_bytes_max() const override { return 1U << 20U; }
    std::chrono::nanoseconds processor_time() const override { return {}; }

private:
    void do_to_machine(const Content& content);

    Endpoint& at_;
    std::optional<Sha256> running_;
};

Result<void> Endpoint::Sensor::load(const content::Bundle& bundle) {
    Machine& machine = at_.machine_;
    machine.runs = Named{bundle.manifest.counter, bundle.sha256};
    const Content* content = at_.ground_.truth.find(bundle.sha256);
    // What the vendor never made is the invariants' matter; it does nothing more here.
    if (content == nullptr) return fail(Errc::kInvalid, "simulated");
    if (at_.planted.ignores_recalls && content->counter < machine.running) {
        running_ = bundle.sha256;
        return {};
    }
    Life& life = machine.lives[content->counter];
    if (!life.confirmed) ++life.loads;
    at_.line("loads " + std::to_string(content->counter));
    machine.replaced = std::exchange(machine.running, content->counter);
    machine.loaded = at_.ground_.timeline.now();
    running_ = bundle.sha256;
    do_to_machine(*content);
    return {};
}

void Endpoint::Sensor::do_to_machine(const Content& content) {
    switch (content.kind) {
        case Kind::kGood:
        case Kind::kUnwell: return;
        case Kind::kCutsOff:
            // Noticed at the next exchange (Transport).
            at_.harmed_by(content.counter);
            return;
        case Kind::kCrashesOnLoad:
            at_.harmed_by(content.counter);
            at_.die({.crash = "the sensor died loading", .power = false, .down = seconds{5}});
        case Kind::kFreezesOnLoad:
            at_.harmed_by(content.counter);
            at_.die(
                {.crash = "", .power = true, .down = at_.dice_.between(seconds{60}, seconds{900})});
        case Kind::kCrashesLater:
            at_.ground_.timeline.after(content.crashes_after,
                                       [at = &at_, counter = content.counter, of = at_.life_] {
                                           at->crash_of_content(counter, of);
                                       });
            return;
    }
}

class Endpoint::Trial final : public client::TrialRunner {
public:
    explicit Trial(Endpoint& at) : at_(at) {}

    asio::awaitable<client::TrialVerdict> run(std::filesystem::path, Sha256 sha256) override {
        using Outcome = client::TrialVerdict::Outcome;
        const std::uint64_t ticket = at_.parking_->ticket();
        at_.ground_.timeline.after(at_.dice_.between(seconds{1}, seconds{5}),
                                   [at = &at_, of = at_.life_, ticket] {
                                       if (at->life_ != of) return;
                                       at->go_on(ticket);
                                   });
        co_await at_.parking_->park();
        if (at_.dice_.percent(at_.faults_.trial_not_run_percent)) {
            co_return client::TrialVerdict{Outcome::kNotRun, "simulated"};
        }
        const Content* content = at_.ground_.truth.find(sha256);
        const bool caught = content != nullptr && content->trial_catches;
        co_return client::TrialVerdict{caught ? Outcome::kFailed : Outcome::kPassed,
                                       caught ? "simulated" : ""};
    }

private:
    Endpoint& at_;
};

class Endpoint::Waiter final : public client::Waiter {
public:
    explicit Waiter(Endpoint& at) : at_(at) {}

    asio::awaitable<void> wait(milliseconds duration) override {
        const std::uint64_t ticket = at_.parking_->ticket();
        at_.ground_.timeline.after(duration, [at = &at_, of = at_.life_, ticket] {
            if (at->life_ != of) return;
            at->go_on(ticket);
        });
        co_await at_.parking_->park();
    }

private:
    Endpoint& at_;
};

class Endpoint::Transport final : public net::Transport {
public:
    explicit Transport(Endpoint& at) : at_(at) {}

    asio::awaitable<Result<net::Response>> exchange(net::Request request,
                                                    std::uint64_t body_bytes_max) override {
        const std::uint64_t ticket = at_.parking_->ticket();
        const std::string method = request.method;
        const std::string target = request.target;
        std::optional<Result<net::Response>> answer;
        const auto arrived = [at = &at_, of = at_.life_, ticket,
                              &answer](Result<net::Response> with) {
            // A machine that died, or stopped waiting, hears nothing.
            if (at->life_ != of || !at->parking_ || !at->parking_->is_last(ticket)) return;
            answer = std::move(with);
            at->go_on(ticket);
        };
        const Content* running = at_.running_content();
        const bool cut = running != nullptr && running->kind == Kind::kCutsOff;
        if (cut) {
            at_.ground_.timeline.after(seconds{1}, [arrived] {
                arrived(fail(net::Errc::kConnection, "the content broke the network"));
            });
        } else {
            at_.ground_.network.exchange(at_.machine_.id, std::move(request), arrived);
        }
        co_await at_.parking_->park();
        if (at_.ground_.trace.kept()) {
            at_.line(method + " " + target + " -> " +
                     (*answer ? std::to_string((*answer)->status) : answer->error().to_string()));
        }
        if (*answer && (*answer)->body.size() > body_bytes_max) {
            co_return fail(net::Errc::kTooLarge, "simulated");
        }
        co_return std::move(*answer);
    }

private:
    Endpoint& at_;
};

// --- The machine --------------------------------------------------------------------------------

Endpoint::Endpoint(Ground ground, Machine& machine, std::uint64_t seed, Bytes shipped_root)
    : claimed_build(machine.build),
      ground_(ground),
      machine_(machine),
      dice_(seed),
      disk_(seed ^ 0xD15C),
      clock_(ground.timeline),
      shipped_root_(std::move(shipped_root)),
      random_(seed ^ 0xA6E27),
      log_(clock_, -1, Severity::kError) {
    disk_.power_fails = [this] {
        die({.crash = "", .power = true, .down = dice_.between(seconds{1}, seconds{120})});
    };
    disk_.wrote = [this](const std::string& path, const Bytes& bytes) { note_write(path, bytes); };
    disk_.betrayed = [this](const std::string& path) {
        if (path.starts_with(kMetadataFolder)) machine_.trusted.clear();
    };
}

Endpoint::~Endpoint() {
    ++life_;
    if (parking_) parking_->die();
    ground_.context.restart();
    ground_.context.poll();
}

const Content* Endpoint::running_content() const {
    const auto found = ground_.truth.contents.find(machine_.running);
    return found == ground_.truth.contents.end() ? nullptr : &found->second;
}

void Endpoint::set_faults(const MachineFaults& faults) {
    faults_ = faults;
    disk_.faults = faults.disk;
}

void Endpoint::boot(const std::string& crash) {
    FIREBREAK_CHECK(!agent_);
    ++life_;
    line("boots" + (crash.empty() ? "" : " after: " + crash));
    machine_.up = true;
    machine_.timestamp_seen = 0;
    machine_.refreshed = machine_.refreshed_before = "";
    parking_ = std::make_unique<Parking>();
    sensor_ = std::make_unique<Sensor>(*this);
    trial_ = std::make_unique<Trial>(*this);
    waiter_ = std::make_unique<Waiter>(*this);
    transport_ = std::make_unique<Transport>(*this);
    client::AgentConfig config;
    config.server = "https://firebreak.test";
    config.state = "/state";
    config.stream = kStream;
    const client::AgentParts parts{.clock = clock_,
                                   .random = random_,
                                   .store = disk_,
                                   .transport = *transport_,
                                   .waiter = *waiter_,
                                   .sensor = *sensor_,
                                   .trial = *trial_,
                                   .log = log_};
    Bytes mac_key = health::derive_mac_key(mac_secret(), machine_.id);
    client::AgentCredentials credentials{.identity = {.device = machine_.id,
                                                      .tenant = machine_.tenant,
                                                      .ring = machine_.ring,
                                                      .mac_key = SecretBytes::take(mac_key)},
                                         .shipped_root = shipped_root_,
                                         .attributes = {{"os", machine_.system}}};
    agent_ = std::make_unique<client::Agent>(parts, config, std::move(credentials));
    try {
        const Result<void> started = agent_->start(crash);
        if (!started) end_ = End{.crash = "", .power = false, .down = seconds{10}};
    } catch (const Died&) {
        line("dies while it starts");
    }
    if (!end_) {
        asio::co_spawn(ground_.context, agent_->run(),
                       [this](const std::exception_ptr& thrown) { returned(thrown); });
    }
    settle();
}

void Endpoint::die(End end) {
    if (!end_) end_ = std::move(end);
    throw Died{};
}

/// An agent runs until it dies.
void Endpoint::returned(const std::exception_ptr& thrown) {
    try {
        if (thrown) std::rethrow_exception(thrown);
        ground_.truth.broken.push_back(machine_.id + ": the agent returned");
    } catch (const Died&) {
        return;
    } catch (const std::exception& exception) {
        ground_.truth.broken.push_back(machine_.id + ": the agent threw " + exception.what());
    }
}

/// What the holder of `ticket` waited for has come.
void Endpoint::go_on(std::uint64_t ticket) {
    const AnySignature any(planted.takes_any_signature);
    parking_->resume(ticket);
    settle();
}

/// After every step of the agent: lets it come to rest, and clears away what died.
void Endpoint::settle() {
    ground_.context.restart();
    ground_.context.poll();
    ground_.truth.changed(machine_);
    if (end_) {
        ended();
        return;
    }
    note_agent();
}

void Endpoint::ended() {
    ground_.truth.changed(machine_);
    const End end = std::move(*end_);
    end_.reset();
    ++life_;
    line(std::string(end.power ? "loses its power" : "dies") +
         (end.crash.empty() ? "" : ": " + end.crash));
    parking_->die();
    ground_.context.restart();
    ground_.context.poll();
    agent_.reset();
    sensor_.reset();
    machine_.up = false;
    runs_nothing();
    if (end.power) disk_.cut();
    ground_.timeline.after(end.down, [this, of = life_, crash = end.crash] {
        if (life_ == of) boot(crash);
    });
}

void Endpoint::note_write(const std::string& path, const Bytes& bytes) {
    if (path == "/state/state.json.corrupt") ++machine_.state_lost;
    if (path == "/state/state.json") note_state();
    if (path.starts_with(kMetadataFolder)) {
        note_metadata(path.substr(kMetadataFolder.size()), bytes);
    }
}

/// It is written down once it is verified. The newest timestamp is before the rest is fetched.
void Endpoint::note_metadata(const std::string& file, const Bytes& bytes) {
    Trusted& trusted = machine_.trusted[file];
    trusted.held = version_of(bytes);
    trusted.newest = std::max(trusted.newest, trusted.held);
    if (file != "timestamp.json") return;
    // Whom a thief misleads has been told nothing.
    machine_.misled = ground_.truth.forged_timestamps.contains(bytes);
    machine_.timestamp_seen = machine_.misled ? 0 : trusted.held;
    if (machine_.misled) line("trusts the thief's timestamp " + std::to_string(trusted.held));
    machine_.refreshed_before = last_refresh();
}

/// What the disk holds counts, also when the power fails before the agent goes on.
void Endpoint::note_state() {
    const Result<client::AgentState> state = client::read_state(disk_, "/state/state.json");
    if (!state) return;
    const client::CycleState& cycle = state->cycle;
    machine_.good.reset();
    if (const auto& good = cycle.last_known_good) {
        machine_.good = Named{good->content.counter, good->content.sha256};
    }
    if (!cycle.active || !cycle.active_confirmed) return;
    machine_.lives[cycle.active->content.counter].confirmed = true;
}

void Endpoint::runs_nothing() {
    machine_.running = machine_.replaced = 0;
    machine_.runs.reset();
}

std::string Endpoint::last_refresh() const {
    if (!agent_) return {};
    const json::value last = agent_->status()["last_refresh"];
    return last.is_string() ? std::string(last.as_string()) : std::string();
}

void Endpoint::harmed_by(std::int64_t counter) {
    ++machine_.lives[counter].harmed;
    ground_.truth.changed(counter);
}

/// What the agent's own state tells that the sensor cannot.
void Endpoint::note_agent() {
    const client::CycleState& cycle = agent_->cycle();
    if (cycle.active && cycle.active_confirmed) {
        machine_.lives[cycle.active->content.counter].confirmed = true;
    }
    for (const client::Quarantined& one : cycle.quarantined) {
        machine_.lives[one.content.counter].given_up = true;
    }
    const auto ruling = ground_.truth.rulings.find(machine_.running);
    const bool recalled = ruling != ground_.truth.rulings.end() && ruling->second.recalled_from;
    machine_.refreshed = recalled ? last_refresh() : "";
}

void Endpoint::cut_power(milliseconds down, const std::string& why) {
    if (!agent_) return;
    line(why);
    end_ = End{.crash = "", .power = true, .down = down};
    ended();
}

void Endpoint::stop_in_order() {
    if (!agent_) return;
    line("is stopped in good order");
    ++machine_.orderly_stops;
    end_ = End{.crash = "", .power = false, .down = seconds{3}};
    try {
        agent_->stop();
    } catch (const Died&) {
        line("dies while it stops");
    }
    ended();
}

void Endpoint::crash_of_content(std::int64_t counter, std::uint64_t life) {
    if (life_ != life || machine_.running != counter || !agent_) return;
    harmed_by(counter);
    end_ = End{.crash = "the sensor died scanning", .power = false, .down = seconds{5}};
    ended();
}

}  // namespace firebreak::simulation
