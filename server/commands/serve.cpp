#include <unistd.h>

#include <algorithm>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/thread_pool.hpp>
#include <csignal>
#include <exception>
#include <thread>

#include "core/base/errc.hpp"
#include "server/commands/commands.hpp"
#include "server/commands/online_key.hpp"
#include "server/http/server.hpp"
#include "server/routes/routes.hpp"
#include "server/state_folder.hpp"
#include "server/store/sqlite_store.hpp"

namespace firebreak::server {
namespace {

namespace asio = boost::asio;

constexpr unsigned kIoThreadsMax = 8;
/// Two argon2 of 19 MiB at once, and an upload's hash beside them.
constexpr unsigned kWorkers = 3;
/// How much of the log's end is checked at a start. `firebreak log verify` checks all of it.
constexpr std::int64_t kTailEntries = 1'000;

/// The chain of the newest entries, so that damage shows before anything is built on it.
Result<void> check_tail(Store& store) {
    const Result<std::optional<rollout::LogEntry>> last = store.last_entry();
    if (!last) return fail(last.error());
    if (!*last) return {};
    const std::int64_t after = std::max<std::int64_t>((*last)->sequence - kTailEntries, 0);
    const auto entries = store.entries(after, kTailEntries);
    if (!entries) return fail(entries.error());
    const rollout::LogEntry* previous = nullptr;
    for (const rollout::LogEntry& entry : *entries) {
        // Of the first in the tail there is no predecessor at hand, unless it is the first of all.
        if (previous != nullptr || entry.sequence == 1) {
            const Result<void> follows = rollout::verify_follows(previous, entry);
            if (!follows) return fail(follows.error().seen_from("log"));
        }
        previous = &entry;
    }
    return {};
}

HttpServerOptions http_options(const Config& config) {
    HttpServerOptions options;
    options.address = config.address;
    options.port = config.port;
    options.certificate = config.certificate;
    options.key = config.private_key;
    options.connections_max = config.connections_max;
    options.limits.body_bytes_max = config.body_bytes_max;
    options.limits.header_bytes_max = config.header_bytes_max;
    options.limits.handshake_timeout = config.handshake_timeout;
    options.limits.header_timeout = config.read_timeout;
    options.limits.body_timeout = config.read_timeout;
    options.limits.write_timeout = config.write_timeout;
    options.limits.idle_timeout = config.idle_timeout;
    return options;
}

/// Beats until `timer` is cancelled.
asio::awaitable<void> beat(Service& service, asio::steady_timer& timer,
                           std::chrono::milliseconds tick, const bool& stopping) {
    while (!stopping) {
        timer.expires_after(tick);
        boost::system::error_code code;
        co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, code));
        if (stopping) co_return;
        co_await service.on_controller([&service] { service.tick(); });
    }
}

std::string text_of(const std::exception_ptr& exception) {
    try {
        std::rethrow_exception(exception);
    } catch (const std::exception& error) {
        return error.what();
    }
}

void run_on_all_threads(asio::io_context& context) {
    const unsigned wanted = std::clamp(std::thread::hardware_concurrency(), 2U, kIoThreadsMax);
    std::vector<std::jthread> threads;
    for (unsigned i = 1; i < wanted; ++i) threads.emplace_back([&context] { context.run(); });
    context.run();
}

/// Everything that a server consists of, in the order of its making.
struct Host {
    PosixFileStore files;
    SystemClock clock;
    SystemRandom random;
    StateFolder state;
    Log log;
    std::optional<StateLock> lock;
    std::optional<signing::Ed25519Signer> online;
    std::optional<SecretBytes> mac_secret;
    std::vector<trust::Key> validators;
    std::unique_ptr<Store> store;
    std::optional<Repository> repository;
    std::optional<Driver> driver;

    explicit Host(const Config& config)
        : state{config.state}, log(clock, STDERR_FILENO, config.log_level) {}
};

/// Opens what is on disk. Not in the constructor: each step can fail.
Result<void> open_host(Host& host, const Config& config) {
    Result<StateLock> lock = StateLock::take(host.state);
    if (!lock && lock.error() == Errc::kNotFound) {
        return fail(Errc::kNotFound,
                    host.state.root.string() + ": no server here; run `firebreakd init` first");
    }
    if (!lock) return fail(lock.error());
    host.lock.emplace(std::move(*lock));
    Result<signing::Ed25519Signer> online = open_online_key(host.files, config);
    if (!online) return fail(online.error());
    host.online.emplace(std::move(*online));
    Result<std::vector<trust::Key>> validators = read_validator_keys(host.files, config);
    if (!validators) return fail(validators.error());
    host.validators = std::move(*validators);
    Result<SecretBytes> mac_secret = read_mac_secret(host.files, host.state);
    if (!mac_secret) return fail(mac_secret.error());
    host.mac_secret.emplace(std::move(*mac_secret));

    Result<std::unique_ptr<Store>> store = open_sqlite_store(host.state.database(), {});
    if (!store) return fail(store.error());
    host.store = std::move(*store);
    if (const Result<void> intact = check_tail(*host.store); !intact) return intact;
    Result<Repository> repository =
        Repository::open(host.files, *host.online,
                         {host.state.repository(), config.timestamp_lifetime,
                          config.snapshot_lifetime, config.rollout_lifetime});
    if (!repository) return fail(repository.error());
    host.repository.emplace(std::move(*repository));

    BundleSource bundles = [&host, bytes_max = config.bundle_bytes_max](const Sha256& digest) {
        return host.files.read(host.state.blobs() / digest.hex(), bytes_max);
    };
    Result<Driver> driver = Driver::open(
        {*host.store, *host.repository, std::move(bundles), host.clock, host.log, config.drill},
        config.device_active);
    if (!driver) return fail(driver.error());
    host.driver.emplace(std::move(*driver));
    return {};
}

/// Rules may name a ring before a release does, and after the last one did. That is no reason not
/// to start: who cannot start a server cannot halt a rollout.
void warn_of_unknown_rings(Service& service) {
    const Result<SignedRings> known = service.rings.read(
        service.parts.store, service.parts.driver.live(), service.parts.driver.drill_rules());
    if (!known || known->names.empty()) return;
    for (const PlacementRule& rule : service.settings.placement.rules) {
        if (std::ranges::find(known->names, rule.ring) != known->names.end()) continue;
        service.parts.log.warning("placement.unknown-ring", {{"ring", rule.ring}});
    }
}

Result<void> write_port_file(FileStore& files, const ServeOptions& options, std::uint16_t port) {
    if (!options.port_file) return {};
    const std::string text = std::to_string(port) + "\n";
    return files.write(*options.port_file, bytes_of(text), FileMode::kPublic);
}

/// Runs until a signal, then in order: no new connections, requests in flight are answered. What
/// the controller and the workers still have is finished by joining them. Nothing acknowledged can
/// be lost: it was committed before.
///
/// @returns false when something else than a signal ended it; the log says what.
bool run_until_signal(asio::io_context& context, HttpServer& server, Service& service,
                      std::chrono::milliseconds tick) {
    // One strand for what the signal, the beat and the end share.
    const auto strand = asio::make_strand(context);
    asio::steady_timer timer(strand);
    asio::signal_set signals(strand, SIGTERM, SIGINT);
    bool stopping = false;
    bool asked_to = false;
    const auto stop = [&] {
        stopping = true;
        timer.cancel();
        signals.cancel();
        server.stop();
    };
    signals.async_wait([&](const boost::system::error_code& code, int signal) {
        if (code) return;
        service.parts.log.info("server.stopping", {{"signal", signal}});
        asked_to = true;
        stop();
    });
    // Without its beat or its listener a server is no use: then it ends, and whoever runs it starts
    // it again.
    const auto ended = [&](const std::exception_ptr& exception) {
        if (exception) service.parts.log.error("server.broke", {{"error", text_of(exception)}});
        stop();
    };
    asio::co_spawn(strand, beat(service, timer, tick, stopping), ended);
    asio::co_spawn(context, server.run(), asio::bind_executor(strand, ended));
    run_on_all_threads(context);
    return asked_to;
}

}  // namespace

Outcome serve(const Config& config, const ServeOptions& options) {
    // A peer that hangs up is an error of a write, never a signal.
    std::signal(SIGPIPE, SIG_IGN);
    Host host(config);
    if (const Result<void> opened = open_host(host, config); !opened) {
        return end_with(ExitCode::kCannotStart, opened.error());
    }
    asio::thread_pool controller(1);
    asio::thread_pool workers(kWorkers);
    Service service(
        {*host.store, *host.repository, *host.driver, host.files, host.clock, host.random, host.log,
         *host.mac_secret, controller.get_executor(), workers.get_executor()},
        {host.state.blobs(), host.state.repository(), host.validators, config.device_active,
         config.bundle_bytes_max, config.placement, config.lab_plans});
    warn_of_unknown_rings(service);
    // Before the first request: whatever a kill left between commit and publish is mended here.
    service.tick();

    Router router;
    add_routes(router, service);
    asio::io_context context;
    Result<std::unique_ptr<HttpServer>> server = HttpServer::open(
        context.get_executor(), http_options(config), {router, host.log, host.clock, host.random});
    if (!server) return end_with(ExitCode::kCannotStart, server.error());
    const Result<void> told = write_port_file(host.files, options, (*server)->port());
    if (!told) return end_with(ExitCode::kCannotStart, told.error());
    host.log.info("server.started", {{"address", config.address}, {"port", (*server)->port()}});
    const bool asked_to = run_until_signal(context, **server, service, config.tick);
    controller.join();
    workers.join();
    if (!asked_to) {
        return end_with(ExitCode::kFailed, Error(Errc::kUnavailable, "the server ended by itself"));
    }
    host.log.info("server.stopped");
    return Output{"", json::object{{"stopped", true}}};
}

}  // namespace firebreak::server
