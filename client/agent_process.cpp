// The real world around an Agent: its files, its engine, its connection, its signals.

#include "client/agent_process.hpp"

#include <unistd.h>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <csignal>
#include <exception>
#include <optional>

#include "client/agent.hpp"
#include "client/engine_sensor.hpp"
#include "client/platform/child_process.hpp"
#include "client/platform/folder_lock.hpp"
#include "client/platform/host_facts.hpp"
#include "client/platform/process_guard.hpp"
#include "core/base/errc.hpp"
#include "core/net/https_transport.hpp"
#include "sensor/host/engine_location.hpp"

namespace firebreak::client {
namespace {

namespace asio = boost::asio;

constexpr std::uint64_t kRootBytesMax = 512'000;
constexpr std::uint64_t kPemBytesMax = 4U << 20U;
constexpr std::uint64_t kTokenBytesMax = 4'096;
constexpr std::uint64_t kEngineBytesMax = 512U << 20U;

tl::unexpected<Failure> cannot_start(Error error) {
    return tl::unexpected<Failure>(Failure{ExitCode::kCannotStart, std::move(error)});
}

/// Whether trying again can help: the network may come back, a token does not become valid.
bool worth_retrying(const Error& error) {
    return error != make_error_code(Errc::kDenied) && error != make_error_code(Errc::kInvalid) &&
           error != make_error_code(Errc::kConflict);
}

/// What `run` and `enrol` both need before they can talk to the server.
struct Ground {
    PosixFileStore store;
    SystemRandom random;
    asio::io_context context{1};
    std::unique_ptr<net::Transport> transport;
    std::optional<FolderLock> lock;
};

/// Takes the state folder, and makes the way to the server.
Result<void> prepare(Ground& ground, const AgentConfig& config) {
    const Result<void> made = ground.store.make_folder(config.state, FileMode::kPrivate);
    if (!made) return fail(made.error().seen_from("state"));
    Result<FolderLock> lock = FolderLock::take(config.state);
    if (!lock) return fail(lock.error().seen_from("state"));
    ground.lock.emplace(std::move(*lock));

    net::HttpsOptions options;
    options.base_url = config.server;
    options.user_agent = "firebreak-agent";
    if (config.ca) {
        const Result<Bytes> pem = ground.store.read(*config.ca, kPemBytesMax);
        if (!pem) return fail(pem.error().seen_from("ca"));
        options.ca_certificates_pem = to_text(*pem);
    }
    Result<std::unique_ptr<net::Transport>> transport =
        net::make_https_transport(ground.context.get_executor(), std::move(options));
    if (!transport) return fail(transport.error().seen_from("server"));
    ground.transport = std::move(*transport);
    return {};
}

Result<DeviceKey> load_or_make_key(Ground& ground, const StatePaths& paths) {
    Result<DeviceKey> known = DeviceKey::load(ground.store, paths.device_key);
    if (known || known.error() != make_error_code(Errc::kNotFound)) return known;
    DeviceKey made = DeviceKey::generate(ground.random);
    // On disk before the server hears of it: an answer that is lost can be asked for again.
    const Result<void> saved = made.save(ground.store, paths.device_key);
    if (!saved) return fail(saved.error());
    return made;
}

/// What the configuration says, and of the rest what the system says.
Attributes attributes_of(const AgentConfig& config) {
    Attributes attributes = config.attributes;
    attributes.merge(host_facts());
    return attributes;
}

Result<std::string> make_enrolment_body(Ground& ground, const AgentConfig& config,
                                        const Sha256& engine_build) {
    if (!config.enrolment_token_file) {
        return fail(Errc::kInvalid,
                    "this device has not enrolled: set enrolment_token_file in the configuration");
    }
    Result<Bytes> file = ground.store.read(*config.enrolment_token_file, kTokenBytesMax);
    if (!file) return fail(file.error().seen_from("enrolment_token_file"));
    const Result<std::string> token = parse_token(*file);
    wipe(*file);
    if (!token) return fail(token.error().seen_from(config.enrolment_token_file->string()));
    const Result<DeviceKey> key = load_or_make_key(ground, StatePaths(config.state));
    if (!key) return fail(key.error().seen_from("device key"));
    return enrolment_body(*key, *token, engine_build, attributes_of(config));
}

/// One attempt. Keeps what it was given.
asio::awaitable<Result<Identity>> enrol_once(Ground& ground, ServerLink& link, AgentConfig config,
                                             Sha256 engine_build) {
    Result<std::string> body = make_enrolment_body(ground, config, engine_build);
    if (!body) co_return fail(body.error());
    Result<Identity> identity = co_await enrol(link, std::move(*body));
    if (!identity) co_return identity;
    const std::filesystem::path path = StatePaths(config.state).identity;
    const Result<void> saved = save_identity(ground.store, path, *identity);
    if (!saved) co_return fail(saved.error());
    co_return identity;
}

/// The life of one `run`: what the coroutine works on, and what it leaves behind.
class AgentProcess {
public:
    AgentProcess(const AgentConfig& config, Ground& ground)
        : config_(config), ground_(ground), log_(clock_, STDERR_FILENO, config.log_least) {}

    tl::expected<void, Failure> run();

private:
    Result<void> prepare_sensor();
    asio::awaitable<void> live();
    asio::awaitable<Result<Identity>> enrol_until_done();

    const AgentConfig& config_;
    Ground& ground_;
    SystemClock clock_;
    Log log_;
    TimerWaiter waiter_;
    Bytes shipped_root_;
    std::optional<ProcessGuard> guard_;
    std::unique_ptr<EngineSensor> sensor_;
    std::unique_ptr<ProcessTrialRunner> trial_;
    std::optional<Agent> agent_;
    std::optional<Error> cannot_start_;
};

Result<void> AgentProcess::prepare_sensor() {
    Result<Bytes> root = ground_.store.read(config_.trusted_root, kRootBytesMax);
    if (!root) return fail(root.error().seen_from("trusted_root"));
    shipped_root_ = std::move(*root);
    Result<ProcessGuard> guard = ProcessGuard::open(StatePaths(config_.state).black_box);
    if (!guard) return fail(guard.error().seen_from("state"));
    guard_.emplace(std::move(*guard));
    Result<std::unique_ptr<sensor::Engine>> engine = sensor::Engine::open(config_.engine, nullptr);
    if (!engine) return fail(engine.error().seen_from("engine"));
    const Sha256 build = (*engine)->build();
    sensor_ = std::make_unique<EngineSensor>(std::move(*engine), *guard_);
    trial_ =
        std::make_unique<ProcessTrialRunner>(own_program(), config_.engine, build, config_.trial);
    return {};
}

asio::awaitable<Result<Identity>> AgentProcess::enrol_until_done() {
    ServerLink link(*ground_.transport);
    Backoff backoff;
    for (;;) {
        Result<Identity> identity = co_await enrol_once(ground_, link, config_, sensor_->build());
        if (identity) {
            log_.info("agent.enrolled", {{"device", identity->device}, {"ring", identity->ring}});
            co_return identity;
        }
        if (!worth_retrying(identity.error())) co_return identity;
        log_.warning("agent.not_enrolled", {{"error", printable(identity.error().to_string())}});
        const std::chrono::milliseconds asked = link.take_retry_after();
        co_await waiter_.wait(std::max(backoff.next(ground_.random), asked));
    }
}

asio::awaitable<void> AgentProcess::live() {
    const std::filesystem::path path = StatePaths(config_.state).identity;
    Result<Identity> identity = load_identity(ground_.store, path);
    if (!identity && identity.error() == make_error_code(Errc::kNotFound)) {
        identity = co_await enrol_until_done();
    }
    if (!identity) {
        cannot_start_ = identity.error();
        co_return;
    }
    const AgentParts parts{.clock = clock_,
                           .random = ground_.random,
                           .store = ground_.store,
                           .transport = *ground_.transport,
                           .waiter = waiter_,
                           .sensor = *sensor_,
                           .trial = *trial_,
                           .log = log_};
    AgentCredentials credentials{.identity = std::move(*identity),
                                 .shipped_root = std::move(shipped_root_),
                                 .attributes = attributes_of(config_)};
    agent_.emplace(parts, config_, std::move(credentials));
    const Result<void> started = agent_->start(death_in(guard_->last_death()));
    if (!started) {
        cannot_start_ = started.error();
        agent_.reset();
        co_return;
    }
    co_await agent_->run();
}

tl::expected<void, Failure> AgentProcess::run() {
    if (const Result<void> ready = prepare_sensor(); !ready) return cannot_start(ready.error());
    asio::signal_set signals(ground_.context, SIGTERM, SIGINT);
    asio::cancellation_signal stop;
    bool told_to_stop = false;
    std::exception_ptr failure;

    signals.async_wait([&](const boost::system::error_code& error, int) {
        if (error) return;
        told_to_stop = true;
        stop.emit(asio::cancellation_type::terminal);
    });
    // The one place where an exception of a library can end the agent's coroutine.
    const auto ended = [&](std::exception_ptr thrown) {
        failure = std::move(thrown);
        signals.cancel();
    };
    asio::co_spawn(ground_.context, live(), asio::bind_cancellation_slot(stop.slot(), ended));
    ground_.context.run();

    if (told_to_stop) {
        if (agent_) agent_->stop();
        return {};
    }
    if (cannot_start_) return cannot_start(*cannot_start_);
    std::string what = "the agent ended";
    try {
        if (failure) std::rethrow_exception(failure);
    } catch (const std::exception& error) {
        what += std::string(": ") + error.what();
    }
    return tl::unexpected<Failure>(Failure{ExitCode::kFailed, Error(Errc::kUnavailable, what)});
}

}  // namespace

tl::expected<void, Failure> run_agent(const AgentConfig& config) {
    Ground ground;
    if (const Result<void> ready = prepare(ground, config); !ready) {
        return cannot_start(ready.error());
    }
    return AgentProcess(config, ground).run();
}

tl::expected<Identity, Failure> enrol_device(const AgentConfig& config) {
    Ground ground;
    if (const Result<void> ready = prepare(ground, config); !ready) {
        return cannot_start(ready.error());
    }
    Result<Identity> known = load_identity(ground.store, StatePaths(config.state).identity);
    if (known) return std::move(*known);
    if (known.error() != make_error_code(Errc::kNotFound)) return cannot_start(known.error());
    // The file's digest is the build's identity; none of its code needs to run for that.
    const Result<Bytes> engine =
        ground.store.read(sensor::EngineLocation::of(config.engine).path, kEngineBytesMax);
    if (!engine) return cannot_start(engine.error().seen_from("engine"));
    const Sha256 build = sha256(*engine);

    std::optional<Result<Identity>> result;
    ServerLink link(*ground.transport);
    const auto enrolment = [&]() -> asio::awaitable<void> {
        result = co_await enrol_once(ground, link, config, build);
    };
    const auto rethrow = [](const std::exception_ptr& thrown) {
        if (thrown) std::rethrow_exception(thrown);  // Reaches main().
    };
    asio::co_spawn(ground.context, enrolment, rethrow);
    ground.context.run();
    if (!result->has_value()) {
        return tl::unexpected<Failure>(Failure{ExitCode::kFailed, result->error()});
    }
    return std::move(**result);
}

}  // namespace firebreak::client
