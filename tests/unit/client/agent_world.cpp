#include "tests/unit/client/agent_world.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <exception>

#include "core/base/check.hpp"
#include "core/health/message_signature.hpp"
#include "core/net/errc.hpp"

namespace firebreak::client::test {
namespace {

namespace asio = boost::asio;

constexpr const char* kDevice = "device-1";
constexpr const char* kRing = "canary";
const Bytes kMacKey(32, 0x5A);

std::int64_t counter_in(const content::Bundle& bundle) {
    return bundle.manifest.counter;
}

}  // namespace

void run(asio::awaitable<void> operation) {
    asio::io_context context;
    std::exception_ptr failure;
    asio::co_spawn(context, std::move(operation),
                   [&](std::exception_ptr thrown) { failure = std::move(thrown); });
    context.run();
    if (failure) std::rethrow_exception(failure);
}

// --- The server ---------------------------------------------------------------------------------

asio::awaitable<Result<net::Response>> ScriptedServer::exchange(net::Request request,
                                                                std::uint64_t body_bytes_max) {
    kill_.point();
    requests.push_back(request.target);
    if (before) before(request.target);
    if (offline || (reports_offline && request.method == "POST")) {
        co_return fail(net::Errc::kConnection, "scripted");
    }
    net::Response response = instead ? *instead : answer(request);
    kill_.point();  // The server has acted, and the device never hears of it.
    if (response.body.size() > body_bytes_max) co_return fail(net::Errc::kTooLarge, "scripted");
    co_return response;
}

net::Response ScriptedServer::answer(const net::Request& request) {
    constexpr std::string_view kMetadata = "/tuf/metadata/";
    constexpr std::string_view kTargets = "/tuf/targets/";
    std::optional<Bytes> found;
    if (request.target.starts_with(kMetadata)) {
        found = repository_.fetch(request.target.substr(kMetadata.size()));
    } else if (request.target.starts_with(kTargets)) {
        const std::string path = request.target.substr(kTargets.size());
        if (tampered.contains(path)) {
            found = tampered[path];
        } else if (repository_.targets.contains(path)) {
            found = repository_.targets[path];
        }
    } else if (request.method == "POST" && request.target == "/v1/reports") {
        return answer_report(request);
    }
    if (!found) return {.status = 404, .headers = {}, .body = {}};
    return {.status = 200, .headers = {}, .body = to_text(*found)};
}

net::Response ScriptedServer::answer_report(const net::Request& request) {
    const health::SignedHeaders headers{request.headers.at("Content-Digest"),
                                        request.headers.at("Signature-Input"),
                                        request.headers.at("Signature")};
    const health::Message message{
        .method = request.method, .path = request.target, .body = bytes_of(request.body)};
    if (!health::verify_message(message, headers, kMacKey)) {
        return {.status = 401, .headers = {}, .body = {}};
    }
    if (report_status != 200) return {.status = report_status, .headers = {}, .body = {}};
    const Result<health::Report> report = health::parse_report(request.body);
    FIREBREAK_CHECK(report.has_value());
    const auto [known, fresh] = by_sequence.emplace(report->sequence, request.body);
    if (fresh) {
        reports.push_back(*report);
    } else {
        ++duplicates;
        if (known->second != request.body) ++contradictions;
    }
    const bool yes = may_activate && report->kind == health::Kind::kActivating;
    return {.status = 200,
            .headers = {},
            .body = std::string("{\"duplicate\":") + (fresh ? "false" : "true") +
                    ",\"may_activate\":" + (yes ? "true" : "false") + "}"};
}

std::vector<health::Kind> ScriptedServer::kinds(std::int64_t counter) const {
    std::vector<health::Kind> result;
    for (const health::Report& report : reports) {
        if (report.counter != counter || report.kind == health::Kind::kHeartbeat) continue;
        result.push_back(report.kind);
    }
    return result;
}

// --- The sensor ---------------------------------------------------------------------------------

Result<void> ScriptedSensor::load(const content::Bundle& bundle) {
    kill_.point();
    const std::int64_t counter = counter_in(bundle);
    loaded.push_back(counter);
    if (dies_loading.contains(counter)) throw Killed{};
    if (refuses.contains(counter)) return fail(Errc::kInvalid, "scripted");
    running_ = ContentRef{.counter = counter, .sha256 = bundle.sha256};
    kill_.point();
    return {};
}

Result<std::vector<sensor::Match>> ScriptedSensor::scan(std::string_view, ByteView) {
    const auto took = takes_for.find(running_counter());
    if (took != takes_for.end()) processor_time_ += took->second;
    const auto found = matches.find(running_counter());
    return std::vector<sensor::Match>(found == matches.end() ? 0 : found->second,
                                      {.rule = "rule", .detail = ""});
}

Result<void> ScriptedSensor::probe() {
    if (unwell.contains(running_counter())) return fail(Errc::kUnavailable, "scripted");
    return {};
}

// --- The world ----------------------------------------------------------------------------------

AgentWorld::AgentWorld()
    : repository(std::chrono::floor<std::chrono::seconds>(clock.now())),
      log(clock, -1, Severity::kError) {
    config.server = "https://firebreak.test";
    config.state = "/state";
    config.stream = "yara";
    config.unconfirmed_starts_max = 2;
    pointer_.stream = "yara";
    pointer_.poll_seconds = 60;
    pointer_.confirm_seconds = 60;
    pointer_.heartbeat_seconds = 300;
}

std::unique_ptr<AgentWorld> AgentWorld::on_one_offered_two() {
    static const std::unique_ptr<AgentWorld> original = [] {
        auto made = std::make_unique<AgentWorld>();
        made->offer(1);
        made->update();
        made->offer(2);
        made->agent->stop();
        made->agent.reset();
        return made;
    }();
    auto copy = std::make_unique<AgentWorld>();
    copy->clock = original->clock;
    copy->repository = original->repository;
    copy->store.memory = original->store.memory;
    copy->server.reports = original->server.reports;
    copy->server.by_sequence = original->server.by_sequence;
    copy->pointer_ = original->pointer_;
    copy->restart();
    return copy;
}

Bytes AgentWorld::bundle_bytes(std::int64_t counter) const {
    content::Manifest manifest;
    manifest.stream = "yara";
    manifest.counter = counter;
    manifest.content_type = "yara-source";
    manifest.author = "test";
    const std::string rule = "rule r" + std::to_string(counter) + " { condition: false }";
    Result<Bytes> bytes =
        content::pack_bundle(manifest, {{.name = "rules.yar", .bytes = to_bytes(rule)}});
    FIREBREAK_CHECK(bytes.has_value());
    return *bytes;
}

Sha256 AgentWorld::offer(std::int64_t counter) {
    return offer(counter, [](trust::RingPointer&) {});
}

Sha256 AgentWorld::offer(std::int64_t counter,
                         const std::function<void(trust::RingPointer&)>& change,
                         const std::function<void(trust::ContentTerms&)>& change_terms) {
    const Bytes bundle = bundle_bytes(counter);
    trust::ContentTerms terms;
    terms.counter = counter;
    terms.builds = {sensor.build()};
    terms.attestation = sha256(bytes_of("attestation"));
    terms.ceiling = {{.ring = kRing, .not_before = {}, .max_ppb = trust::kPpbAll}};
    if (change_terms) change_terms(terms);
    repository.put_bundle("yara", bundle, terms);
    repository.publish("content");

    pointer_.counter = counter;
    pointer_.content_path = "content/yara/" + std::to_string(counter) + ".fbb";
    pointer_.sha256 = sha256(bundle);
    pointer_.rings = {{kRing, {.threshold_ppb = trust::kPpbAll, .state = "rolling"}}};
    pointer_.recall.reset();
    repoint(change);
    return pointer_.sha256;
}

void AgentWorld::repoint(const std::function<void(trust::RingPointer&)>& change) {
    change(pointer_);
    repository.put_pointer(pointer_);
    repository.publish("rollout");
}

void AgentWorld::restart(std::string_view crash) {
    agent.reset();
    sensor.unload();  // A new process.
    const AgentParts parts{.clock = clock,
                           .random = random,
                           .store = store,
                           .transport = server,
                           .waiter = waiter,
                           .sensor = sensor,
                           .trial = trial,
                           .log = log};
    Bytes mac_key = kMacKey;
    AgentCredentials credentials{.identity = {.device = kDevice,
                                              .tenant = "acme",
                                              .ring = kRing,
                                              .mac_key = SecretBytes::take(mac_key)},
                                 .shipped_root = repository.metadata.at("1.root.json"),
                                 .attributes = {{"os", "Windows 11"}}};
    agent = std::make_unique<Agent>(parts, config, std::move(credentials));
    const Result<void> started = agent->start(crash);
    FIREBREAK_CHECK(started.has_value());
}

bool AgentWorld::update() {
    try {
        if (!agent) restart();
        const auto once = [this]() -> asio::awaitable<void> { co_await agent->update(); };
        run(once());
    } catch (const Killed&) {
        agent.reset();
        return false;
    }
    return true;
}

bool AgentWorld::settle_on(std::int64_t counter, int updates_max) {
    for (int i = 0; i < updates_max; ++i) {
        update();
        clock.advance(std::chrono::seconds{60});
        if (agent && running() == counter && cycle().active_confirmed) return true;
    }
    return false;
}

bool AgentWorld::quarantined(std::int64_t counter) const {
    for (const Quarantined& one : cycle().quarantined) {
        if (one.content.counter == counter) return true;
    }
    return false;
}

}  // namespace firebreak::client::test
