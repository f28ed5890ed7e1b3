#include "tests/simulation/release_desk.hpp"

#include <boost/json/serialize.hpp>

#include "core/base/check.hpp"
#include "core/base/encoding.hpp"
#include "core/content/attestation.hpp"
#include "core/content/bundle.hpp"
#include "core/signing/dsse.hpp"
#include "tests/support/repository_simulator.hpp"
#include "tests/unit/server/in_process.hpp"

namespace firebreak::simulation {
namespace {

constexpr milliseconds kAskAgain{15'000};

constexpr const char* kFirstManager = "first";
constexpr const char* kSecondManager = "second";

net::Request request(const char* method, std::string target, server::Role role, std::string body) {
    return {.method = method,
            .target = std::move(target),
            .headers = {{"Authorization", "Bearer " + test::token_of(role)},
                        {"Content-Type", "application/json"}},
            .body = std::move(body)};
}

std::string rollout_path(std::int64_t counter) {
    return std::string("/v1/rollouts/") + kStream + "/" + std::to_string(counter);
}

Bytes signed_attestation(const Content& content, std::chrono::sys_seconds now,
                         const std::string& signer) {
    content::Attestation attestation;
    attestation.bundle = content.sha256;
    attestation.bundle_name = "yara-" + std::to_string(content.counter) + ".fbb";
    attestation.stream = kStream;
    attestation.counter = content.counter;
    attestation.verdict = content::Verdict::kAdmitted;
    attestation.profile = "gate";
    attestation.sandbox = "seccomp";
    for (const Sha256& build : content.driven_in) {
        attestation.builds.push_back({"yara", "4.2.3", build});
    }
    attestation.stages = {{"load", "passed", 1, 0}};
    attestation.validator_version = "0.1.0";
    attestation.finished = now;
    const std::string statement = json::serialize(content::to_statement(attestation));
    const signing::Ed25519Signer key = test::RepositorySimulator::signer(signer);
    Result<Bytes> envelope = signing::sign_dsse(std::string(content::kStatementPayloadType),
                                                bytes_of(statement), {&key});
    FIREBREAK_CHECK(envelope.has_value());
    return std::move(*envelope);
}

}  // namespace

struct ReleaseDesk::Packed {
    std::int64_t counter = 0;
    Bytes bundle;
    Bytes attestation;
    trust::Targets content_role;
};

ReleaseDesk::ReleaseDesk(Timeline& timeline, Trace& trace, Truth& truth, Network& network,
                         std::uint64_t seed)
    : timeline_(timeline),
      trace_(trace),
      truth_(truth),
      network_(network),
      dice_(seed),
      vendor_(std::chrono::floor<seconds>(timeline.now())) {}

void ReleaseDesk::insist(net::Request request, Then then) {
    network_.exchange("desk", request, [this, request, then](Result<net::Response> response) {
        // What a broken way made of the answer is no answer.
        const bool answered = response && response->status < 500 &&
                              (response->status != 201 || parse_json(response->body));
        if (answered) {
            then(*response);
            return;
        }
        timeline_.after(kAskAgain, [this, request, then] { insist(request, then); });
    });
}

ReleaseDesk::Packed ReleaseDesk::pack(const Order& order, std::int64_t counter) {
    const auto now = std::chrono::floor<seconds>(timeline_.now());
    content::Manifest manifest;
    manifest.stream = kStream;
    manifest.counter = counter;
    manifest.content_type = "yara-source";
    manifest.author = "desk";
    const std::string rule = "rule r" + std::to_string(counter) + " { condition: false }\n";
    Result<Bytes> bytes = content::pack_bundle(manifest, {{"rules.yar", to_bytes(rule)}});
    FIREBREAK_CHECK(bytes.has_value());

    Packed packed{
        .counter = counter, .bundle = std::move(*bytes), .attestation = {}, .content_role = {}};
    Content content;
    content.counter = counter;
    content.sha256 = sha256(packed.bundle);
    content.kind = order.kind;
    content.crashes_after = order.crashes_after;
    content.trial_catches = order.trial_catches;
    content.driven_in = order.driven_in;
    content.plan = order.plan;
    for (const rollout::Ring& ring : order.plan.rings) {
        content.ceiling.push_back({ring.name, now, order.ceiling_ppb});
    }
    packed.attestation = signed_attestation(content, now, "validator");

    trust::ContentTerms terms;
    terms.counter = counter;
    terms.builds.assign(order.driven_in.begin(), order.driven_in.end());
    terms.attestation = sha256(packed.attestation);
    terms.ceiling = content.ceiling;
    packed.content_role = vendor_.content;
    packed.content_role.targets[trust::content_path(kStream, counter)] = {
        packed.bundle.size(), {{"sha256", content.sha256.hex()}}, trust::to_json(terms)};
    ++packed.content_role.version;
    // From here on there is a signature; nothing says that it is ever published.
    truth_.contents[counter] = std::move(content);
    truth_.changed(counter);
    return packed;
}

net::Request ReleaseDesk::publish_request(const Packed& packed, const Bytes& content_role,
                                          const rollout::Plan& plan) const {
    const json::object body{{"bundle", sha256(packed.bundle).hex()},
                            {"attestation", sha256(packed.attestation).hex()},
                            {"content_metadata", base64_encode(content_role)},
                            {"plan", rollout::to_json(plan)}};
    return request("POST", "/v1/releases", server::Role::kReleaseManager, json::serialize(body));
}

void ReleaseDesk::release(const Order& order, std::function<void(bool)> then) {
    FIREBREAK_CHECK(!busy_);
    busy_ = true;
    const std::int64_t counter = ++newest_;
    const auto packed = std::make_shared<Packed>(pack(order, counter));
    trace_.line("desk", "releases " + std::to_string(counter) + " (" + name_of(order.kind) + ")");

    std::swap(vendor_.content, packed->content_role);
    const Bytes content_role = vendor_.signed_content();
    std::swap(vendor_.content, packed->content_role);
    const net::Request publish = publish_request(*packed, content_role, order.plan);
    const auto published = [this, packed, counter, then](const net::Response& response) {
        busy_ = false;
        trace_.line("desk", "publishing " + std::to_string(counter) + ": " +
                                std::to_string(response.status));
        // 409 after an answer that got lost: it is there already.
        const bool there =
            response.status == 201 ||
            (response.status == 409 && response.body.find("counter-exists") != std::string::npos);
        if (there) {
            vendor_.content = packed->content_role;
            truth_.rulings[counter].published = true;
        }
        then(there);
    };
    const auto put = [](const char* where, const Bytes& bytes) {
        return request("PUT", std::string(where) + sha256(bytes).hex(),
                       server::Role::kReleaseManager, to_text(bytes));
    };
    // One after the other; each until it is answered.
    insist(put("/v1/bundles/", packed->bundle), [=, this](const net::Response&) {
        insist(put("/v1/attestations/", packed->attestation), [=, this](const net::Response&) {
            last_publish_ = publish;
            insist(publish, published);
        });
    });
}

net::Request ReleaseDesk::resume_request(std::int64_t counter, const std::string& person) {
    truth_.rulings[counter].for_going_on.insert(person);
    net::Request asks = request("POST", rollout_path(counter) + "/resume",
                                server::Role::kReleaseManager, R"({"reason":"looked at it"})");
    if (person == kSecondManager) {
        asks.headers["Authorization"] = "Bearer " + second_manager_token();
    }
    return asks;
}

void ReleaseDesk::steer(std::int64_t counter, const std::string& word,
                        std::function<void(bool)> then) {
    trace_.line("desk", word + " " + std::to_string(counter));
    if (word == "resume") {
        insist(resume_request(counter, kFirstManager),
               [this, counter, then](const net::Response& first) {
                   trace_.line("desk", "resume " + std::to_string(counter) + ": " +
                                           std::to_string(first.status));
                   insist(resume_request(counter, kSecondManager),
                          [then](const net::Response& second) { then(second.status == 200); });
               });
        return;
    }
    const json::object body{{"reason", "the desk says so"}};
    insist(request("POST", rollout_path(counter) + "/" + word, server::Role::kReleaseManager,
                   json::serialize(body)),
           [this, counter, word, then](const net::Response& response) {
               const bool done = response.status == 200;
               trace_.line("desk", word + " " + std::to_string(counter) + ": " +
                                       std::to_string(response.status));
               Ruling& ruling = truth_.rulings[counter];
               if (done && word == "halt") ruling.halted = true;
               truth_.changed(counter);
               then(done);
           });
}

void ReleaseDesk::must_refuse(const std::string& what, net::Request request) {
    trace_.line("desk", "tries " + what);
    network_.exchange("desk", std::move(request), [this, what](Result<net::Response> response) {
        if (response && response->status < 300) {
            truth_.broken.push_back("server: let somebody " + what);
        }
    });
}

void ReleaseDesk::try_to_go_on_alone() {
    trace_.line("desk", "tries to go on alone with " + std::to_string(newest_));
    for (int i = 0; i < 3; ++i) {
        network_.exchange("desk", resume_request(newest_, kFirstManager),
                          [](const Result<net::Response>&) {});
    }
}

void ReleaseDesk::try_something_wrong() {
    const json::object reason{{"reason", "no reason at all"}};
    const std::string body = json::serialize(reason);
    switch (dice_.index(5)) {
        case 0:
            must_refuse("halt as a viewer", request("POST", rollout_path(newest_) + "/halt",
                                                    server::Role::kViewer, body));
            return;
        case 1:
            for (const auto& [counter, ruling] : truth_.rulings) {
                if (!ruling.halted) continue;
                must_refuse("resume the halted " + std::to_string(counter),
                            request("POST", rollout_path(counter) + "/resume",
                                    server::Role::kReleaseManager, body));
            }
            return;
        case 2:
            if (last_publish_ && !busy_) must_refuse("publish a counter again", *last_publish_);
            return;
        case 3: try_to_go_on_alone(); return;
        default: {
            if (busy_) return;
            Order order;
            order.plan = truth_.contents.begin()->second.plan;
            order.driven_in = truth_.contents.begin()->second.driven_in;
            Packed packed = pack(order, newest_ + 100);
            std::swap(vendor_.content, packed.content_role);
            vendor_.signs["content"] = {"validator"};
            const Bytes one_signature = vendor_.signed_content();
            vendor_.signs["content"] = {"validator", "approver-1"};
            std::swap(vendor_.content, packed.content_role);
            truth_.contents.erase(newest_ + 100);
            must_refuse("publish with one signature of two",
                        publish_request(packed, one_signature, order.plan));
            return;
        }
    }
}

}  // namespace firebreak::simulation
