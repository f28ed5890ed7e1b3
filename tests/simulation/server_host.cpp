#include "tests/simulation/server_host.hpp"

#include <sodium.h>

#include <array>
#include <boost/asio/co_spawn.hpp>
#include <exception>
#include <limits>

#include "core/base/check.hpp"
#include "core/trust/metadata.hpp"
#include "server/access/token.hpp"
#include "server/store/sqlite_store.hpp"
#include "tests/simulation/secrets.hpp"
#include "tests/support/repository_simulator.hpp"
#include "tests/unit/server/in_process.hpp"

namespace firebreak::simulation {

namespace asio = boost::asio;

namespace {

constexpr std::chrono::seconds kDeviceActive{86'400};
constexpr std::chrono::seconds kRoleLifetime{30 * 86'400};

std::string second_manager_id() {
    return std::string(16, '2');
}

/// Cheap to check: the tokens are not what is tried here.
const std::string& token_hash() {
    static const std::string hash = [] {
        std::array<char, crypto_pwhash_STRBYTES> text{};
        FIREBREAK_CHECK(crypto_pwhash_str(text.data(), test::token_secret().data(),
                                          test::token_secret().size(), crypto_pwhash_OPSLIMIT_MIN,
                                          crypto_pwhash_MEMLIMIT_MIN) == 0);
        return std::string(text.data());
    }();
    return hash;
}

}  // namespace

std::string second_manager_token() {
    return server::format_token(server::kApiTokenPrefix,
                                {second_manager_id(), test::token_secret()});
}

/// What a restart begins anew.
struct ServerHost::Process {
    std::optional<server::Repository> repository;
    std::optional<server::Driver> driver;
    std::optional<server::Service> service;
    std::optional<server::Router> router;
    std::optional<server::Dispatcher> dispatcher;
    // Last, so that it goes first: requests in flight refer to all the rest.
    asio::io_context context;
};

ServerHost::ServerHost(Timeline& timeline, Trace& trace, Truth& truth, std::uint64_t seed)
    : timeline_(timeline),
      trace_(trace),
      truth_(truth),
      dice_(seed),
      disk_(seed ^ 0xD15C),
      online_(test::RepositorySimulator::signer("online")),
      validators_{test::RepositorySimulator::signer("validator").key()},
      mac_secret_(mac_secret().size()),
      random_(seed ^ 0x5E4),
      log_(timeline, -1, Severity::kError) {
    std::copy(mac_secret().begin(), mac_secret().end(), mac_secret_.writable().begin());
    auto opened = server::open_memory_store();
    FIREBREAK_CHECK(opened.has_value());
    inner_store_ = std::move(*opened);
    store_.emplace(*inner_store_, seed ^ 0x5709E);
    disk_.power_fails = store_->power_fails = [this] { die(); };
    disk_.wrote = [this](const std::string& path, const Bytes& bytes) { note_write(path, bytes); };
}

ServerHost::~ServerHost() = default;

void ServerHost::initialise(const test::Vendor& vendor, std::chrono::seconds timestamp_lifetime) {
    timestamp_lifetime_ = timestamp_lifetime;
    const auto today = std::chrono::floor<seconds>(timeline_.now());
    const Result<void> created = server::Repository::create(
        disk_, online_, {"repo", timestamp_lifetime_, kRoleLifetime, kRoleLifetime},
        vendor.ceremony(), today);
    FIREBREAK_CHECK(created.has_value());
    const Result<void> filled = inner_store_->transact([&](server::StoreWriter& writer) {
        return writer.add_content_role(1, vendor.signed_content());
    });
    FIREBREAK_CHECK(filled.has_value());
    add_tokens();
}

void ServerHost::add_tokens() {
    using enum server::Role;
    const auto add = [this](const std::string& id, const std::string& name, server::Role role) {
        const server::ApiToken token{id, name, role, token_hash(), timeline_.now(), {}, false};
        const Result<void> added = inner_store_->transact(
            [&](server::StoreWriter& writer) { return writer.add_token(token); });
        FIREBREAK_CHECK(added.has_value());
    };
    for (const server::Role role : {kViewer, kApprover, kReleaseManager}) {
        add(test::token_id(role), std::string(name_of(role)), role);
    }
    add(second_manager_id(), "second-manager", kReleaseManager);
}

void ServerHost::add_device(const Machine& machine) {
    server::Device device;
    device.id = machine.id;
    device.tenant = machine.tenant;
    device.ring = machine.ring;
    device.public_key = copy_of(sha256(bytes_of(machine.id)).bytes);
    device.enrolment_token = "0000000000000000";
    device.engine_build = machine.build;
    device.attributes = {{"os", machine.system}};
    device.enrolled = device.last_seen = timeline_.now();
    const Result<void> added = inner_store_->transact(
        [&](server::StoreWriter& writer) { return writer.add_device(device); });
    FIREBREAK_CHECK(added.has_value());
}

void ServerHost::set_faults(const ServerFaults& faults) {
    faults_ = faults;
    disk_.faults = faults.disk;
    store_->faults = faults.store;
}

const server::Driver* ServerHost::driver() const {
    return process_ ? &*process_->driver : nullptr;
}

// --- Starting and dying -------------------------------------------------------------------------

bool ServerHost::open(Process& process) {
    Result<server::Repository> repository = server::Repository::open(
        disk_, online_, {"repo", timestamp_lifetime_, kRoleLifetime, kRoleLifetime});
    if (!repository) {
        trace_.line("server", "cannot start: " + repository.error().to_string());
        return false;
    }
    process.repository.emplace(std::move(*repository));
    server::BundleSource bundles = [this](const Sha256& digest) {
        return disk_.read("blobs/" + digest.hex(), 1U << 20U);
    };
    Result<server::Driver> driver = server::Driver::open(
        {*store_, *process.repository, std::move(bundles), timeline_, log_}, kDeviceActive);
    if (!driver) {
        trace_.line("server", "cannot start: " + driver.error().to_string());
        return false;
    }
    process.driver.emplace(std::move(*driver));
    const auto executor = process.context.get_executor();
    process.service.emplace(
        server::ServiceParts{*store_, *process.repository, *process.driver, disk_, timeline_,
                             random_, log_, mac_secret_, executor, executor},
        server::ServiceSettings{"blobs", "repo", validators_, kDeviceActive, 1U << 20U, {}, true});
    process.router.emplace();
    add_routes(*process.router, *process.service);
    process.dispatcher.emplace(server::HttpServerParts{*process.router, log_, timeline_, random_},
                               server::SessionLimits{});
    return true;
}

void ServerHost::start() {
    FIREBREAK_CHECK(!process_);
    ++life_;
    disk_.dead = store_->dead = dying_ = false;
    process_ = std::make_unique<Process>();
    const bool opened = open(*process_);
    if (!opened || dying_) {
        process_.reset();
        disk_.dead = store_->dead = true;
        timeline_.after(seconds{10}, [this, of = life_] {
            if (life_ == of) start();
        });
        return;
    }
    trace_.line("server", "starts");
    timeline_.after(beat_every, [this, of = life_] { beat(of); });
    process_->service->tick();
    settle();
}

/// The power fails in the middle of something: from here on nothing lasts, and nobody is answered.
void ServerHost::die() {
    dying_ = true;
    disk_.dead = store_->dead = true;
}

void ServerHost::crash(milliseconds down, const std::string& why) {
    if (!process_) return;
    trace_.line("server", why);
    die();
    down_ = down;
    settle();
}

/// After everything that ran: clears away a process that died.
void ServerHost::settle() {
    if (!dying_) {
        note_rollouts();
        return;
    }
    if (!process_) return;
    ++life_;
    trace_.line("server", "is down");
    note_ends_below(std::numeric_limits<std::int64_t>::max());
    process_.reset();
    disk_.cut();
    const milliseconds down =
        down_ > milliseconds{0} ? down_ : dice_.between(seconds{1}, seconds{120});
    down_ = milliseconds{0};
    timeline_.after(down, [this, of = life_] {
        if (life_ == of) start();
    });
}

void ServerHost::beat(std::uint64_t life) {
    if (life_ != life) return;
    process_->service->tick();
    settle();
    timeline_.after(beat_every, [this, life] { beat(life); });
}

// --- Requests -----------------------------------------------------------------------------------

bool ServerHost::handle(const net::Request& request, Responded respond) {
    if (!process_ || dying_) return false;
    const auto done = [this, of = life_, request, respond = std::move(respond)](
                          const std::exception_ptr& thrown, net::Response response) {
        if (life_ != of || dying_) return;
        if (thrown) {
            truth_.broken.push_back("server: a handler threw");
            return;
        }
        note_answer(request, response);
        respond(std::move(response));
    };
    note_arrival(request);
    net::Request taken = request;
    if (takes_one_for_two && request.target.ends_with("/resume") && dice_.percent(50)) {
        taken.headers["Authorization"] = "Bearer " + second_manager_token();
    }
    asio::co_spawn(process_->context, test::exchange(*process_->dispatcher, std::move(taken)),
                   done);
    timeline_.after(dice_.between(milliseconds{1}, milliseconds{20}), [this, of = life_] {
        if (life_ == of) turn();
    });
    return true;
}

/// Works on what has arrived until nothing can go on, or dies in between.
void ServerHost::turn() {
    process_->context.restart();
    while (!dying_) {
        const auto thrown = static_cast<std::uint64_t>(dice_.between(0, 999));
        if (thrown < faults_.crash_per_mille) die();
        if (dying_ || process_->context.poll_one() == 0) break;
    }
    settle();
}

net::Response ServerHost::serve_file(const std::string& target) {
    constexpr std::string_view kPrefix = "/tuf/";
    const std::string path = "repo/" + target.substr(kPrefix.size());
    const bool is_timestamp = target == "/tuf/metadata/timestamp.json";
    if (is_timestamp && !cached_timestamp_.empty() && timeline_.now() - cached_at_ < cache_age) {
        return {.status = 200, .headers = {}, .body = cached_timestamp_};
    }
    const auto found = disk_.files.find(path);
    if (found == disk_.files.end()) return {.status = 404, .headers = {}, .body = {}};
    std::string body = to_text(found->second);
    if (is_timestamp) {
        cached_timestamp_ = body;
        cached_at_ = timeline_.now();
    }
    return {.status = 200, .headers = {}, .body = std::move(body)};
}

}  // namespace firebreak::simulation
