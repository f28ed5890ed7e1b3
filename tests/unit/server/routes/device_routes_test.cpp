#include <boost/json/serialize.hpp>
#include <gtest/gtest.h>

#include "core/base/encoding.hpp"
#include "core/health/message_signature.hpp"
#include "server/access/enrolment.hpp"
#include "tests/support/repository_simulator.hpp"
#include "tests/unit/server/routes/service_fixture.hpp"

namespace firebreak::server {
namespace {

using std::chrono::seconds;
using test::RepositorySimulator;

class EnrolmentTest : public test::ServiceFixture {
protected:
    void SetUp() override {
        ServiceFixture::SetUp();
        token_ = new_token("canary", 1);
    }

    std::string new_token(const std::string& ring, int uses) {
        const net::Response made =
            post("/v1/enrolment-tokens", token_of(Role::kAdministrator),
                 {{"tenant", "acme"}, {"ring", ring}, {"uses", uses}, {"expires_seconds", 600}});
        EXPECT_EQ(made.status, 201U) << made.body;
        return std::string(json_of(made).at("token").as_string());
    }

    /// What an agent with the key called `name` sends.
    static json::object body_of(const std::string& name, const std::string& token) {
        const signing::Ed25519Signer key = RepositorySimulator::signer(name);
        const Bytes public_key =
            *hex_decode(key.key().to_json().at("keyval").at("public").as_string());
        Bytes message = to_bytes(std::string_view("firebreak-enrol-v1\0", 19));
        message.insert(message.end(), token.begin(), token.end());
        message.push_back(0);
        message.insert(message.end(), public_key.begin(), public_key.end());
        return {{"token", token},
                {"public_key", hex_encode(public_key)},
                {"signature", hex_encode(*key.sign(message))},
                {"engine_build", sha256(bytes_of("engine")).hex()},
                {"attributes", {{"os", "linux"}, {"architecture", "x86_64"}, {"host", "h"}}}};
    }

    net::Response enrol(const json::value& body) {
        return ask(
            {"POST", "/v1/enrol", {{"Content-Type", "application/json"}}, json::serialize(body)});
    }

    std::string token_;
};

TEST_F(EnrolmentTest, GivesADeviceItsIdRingAndKey) {
    const net::Response response = enrol(body_of("laptop", token_));

    ASSERT_EQ(response.status, 201U) << response.body;
    const json::value answer = json_of(response);
    EXPECT_EQ(answer.at("ring").as_string(), "canary");
    EXPECT_EQ(answer.at("tenant").as_string(), "acme");
    const std::string device(answer.at("device").as_string());
    EXPECT_EQ(base64_decode(answer.at("mac_key").as_string()),
              health::derive_mac_key(mac_secret_.view(), device));
    EXPECT_EQ((*store_->device(device))->engine_build, sha256(bytes_of("engine")));
}

TEST_F(EnrolmentTest, AnAgentWhoseAnswerGotLostAsksAgainWithItsSpentToken) {
    const net::Response first = enrol(body_of("laptop", token_));
    const std::int64_t log = log_sequence();

    const net::Response again = enrol(body_of("laptop", token_));

    EXPECT_EQ(again.status, 201U);
    EXPECT_EQ(again.body, first.body);
    EXPECT_EQ(log_sequence(), log);
}

TEST_F(EnrolmentTest, AKeyThatIsEnrolledStaysInItsRing) {
    ASSERT_EQ(enrol(body_of("laptop", token_)).status, 201U);

    const net::Response moved = enrol(body_of("laptop", new_token("broad", 5)));

    ASSERT_EQ(moved.status, 201U);
    EXPECT_EQ(json_of(moved).at("ring").as_string(), "canary");
}

TEST_F(EnrolmentTest, ASpentTokenIsRefused) {
    ASSERT_EQ(enrol(body_of("laptop", token_)).status, 201U);

    const net::Response second = enrol(body_of("desktop", token_));

    EXPECT_EQ(second.status, 401U);
    EXPECT_EQ(problem_name(second), "enrolment-token-invalid");
    EXPECT_EQ(*store_->device_count(), 1);
}

TEST_F(EnrolmentTest, AnExpiredTokenIsRefused) {
    clock_.advance(seconds{600});

    EXPECT_EQ(problem_name(enrol(body_of("laptop", token_))), "enrolment-token-invalid");
    EXPECT_EQ(*store_->device_count(), 0);
}

TEST_F(EnrolmentTest, ATokenWithAnotherSecretIsRefused) {
    std::string guessed = token_;
    guessed.back() = guessed.back() == 'A' ? 'B' : 'A';

    EXPECT_EQ(enrol(body_of("laptop", guessed)).status, 401U);
    EXPECT_EQ(enrol(body_of("laptop", "nonsense")).status, 401U);
    EXPECT_EQ(enrol(body_of("laptop", token_of(Role::kAdministrator))).status, 401U);
    EXPECT_EQ(*store_->device_count(), 0);
    EXPECT_EQ(enrol(body_of("laptop", token_)).status, 201U) << "and spends nothing";
}

TEST_F(EnrolmentTest, SomebodyElsesKeyIsNotEnrolled) {
    json::object stolen = body_of("mallory", token_);
    stolen["public_key"] = body_of("laptop", token_)["public_key"];

    const net::Response response = enrol(stolen);

    EXPECT_EQ(response.status, 422U);
    EXPECT_EQ(problem_name(response), "signature-invalid");
    EXPECT_EQ(*store_->device_count(), 0);
}

TEST_F(EnrolmentTest, ASignatureForOneTokenDoesNotServeForAnother) {
    json::object replayed = body_of("laptop", token_);
    replayed["token"] = new_token("broad", 1);

    EXPECT_EQ(enrol(replayed).status, 422U);
}

TEST_F(EnrolmentTest, ARevokedDeviceStaysOut) {
    const json::value device = json_of(enrol(body_of("laptop", token_)));
    ASSERT_TRUE(store_->transact([&](StoreWriter& writer) {
        return writer.revoke_device(std::string(device.at("device").as_string()));
    }));

    EXPECT_EQ(enrol(body_of("laptop", new_token("canary", 1))).status, 401U);
}

TEST_F(EnrolmentTest, ABodyOfTheWrongFormIsRefusedWithItsMember) {
    const auto refusal = [&](const char* member, const json::value& value) {
        json::object body = body_of("laptop", token_);
        body[member] = value;
        const net::Response response = enrol(body);
        EXPECT_TRUE(response.status == 400U || response.status == 422U) << member;
        EXPECT_NE(response.body.find(member), std::string::npos) << response.body;
    };
    refusal("token", 7);
    refusal("public_key", "00");
    refusal("public_key", json::string(64, 'x'));
    refusal("signature", json::string(126, '0'));
    refusal("engine_build", "");
    refusal("attributes", "linux");
    refusal("attributes", {{"os", 7}});
    refusal("attributes", {{"os", json::string(257, 'x')}});
    EXPECT_EQ(*store_->device_count(), 0);
}

TEST_F(EnrolmentTest, AFullDiskEnrolsNobody) {
    store_->full = true;

    const net::Response response = enrol(body_of("laptop", token_));

    EXPECT_EQ(response.status, 507U);
    store_->full = false;
    EXPECT_EQ(*store_->device_count(), 0);
    EXPECT_EQ(enrol(body_of("laptop", token_)).status, 201U) << "and spends nothing";
}

/// A device that enrolled, and what it can send.
class ReportTest : public EnrolmentTest {
protected:
    void SetUp() override {
        EnrolmentTest::SetUp();
        const json::value answer = json_of(enrol(body_of("laptop", token_)));
        device_ = std::string(answer.at("device").as_string());
        mac_key_ = *base64_decode(answer.at("mac_key").as_string());
    }

    health::Report heartbeat(std::int64_t sequence) const {
        health::Report report;
        report.device = device_;
        report.sequence = sequence;
        report.stream = "yara";
        report.engine_build = sha256(bytes_of("engine"));
        report.time = clock_.now();
        return report;
    }

    net::Request signed_request(const std::string& body, const std::string& key_id) const {
        net::Request request{"POST", "/v1/reports", {{"Content-Type", "application/json"}}, body};
        const health::SignedHeaders headers = health::sign_message(
            {request.method, request.target, bytes_of(request.body)}, key_id, mac_key_, today());
        request.headers["Content-Digest"] = headers.content_digest;
        request.headers["Signature-Input"] = headers.signature_input;
        request.headers["Signature"] = headers.signature;
        return request;
    }

    net::Request signed_request(const health::Report& report) const {
        return signed_request(health::serialize_report(report), device_);
    }

    void expect_refused(net::Request request, unsigned status, const std::string& name) {
        const net::Response response = ask(std::move(request));
        EXPECT_EQ(response.status, status) << response.body;
        EXPECT_EQ(problem_name(response), name);
        // Nothing changed: the number is still free.
        const net::Response next = ask(signed_request(heartbeat(1)));
        EXPECT_EQ(next.status, 200U) << next.body;
        EXPECT_FALSE(json_of(next).at("duplicate").as_bool());
    }

    std::string device_;
    Bytes mac_key_;
};

TEST_F(ReportTest, IsTakenOnce) {
    const net::Response first = ask(signed_request(heartbeat(1)));
    const net::Response second = ask(signed_request(heartbeat(1)));

    EXPECT_EQ(json_of(first), (json::value{{"duplicate", false}, {"may_activate", false}}));
    EXPECT_EQ(json_of(second), (json::value{{"duplicate", true}, {"may_activate", false}}));
}

TEST_F(ReportTest, LetsAnActivatingDeviceIntoTheWindow) {
    start(1);
    health::Report activating = heartbeat(1);
    activating.kind = health::Kind::kActivating;
    activating.counter = 1;

    const net::Response response = ask(signed_request(activating));

    ASSERT_EQ(response.status, 200U) << response.body;
    EXPECT_EQ(json_of(response).at("may_activate").as_bool(),
              rollout().exposures().contains(device_));
}

TEST_F(ReportTest, OfAChangedBodyIsRefused) {
    net::Request request = signed_request(heartbeat(1));
    request.body = health::serialize_report(heartbeat(2));
    expect_refused(std::move(request), 401, "signature-invalid");
}

TEST_F(ReportTest, UnderAnotherKeyIsRefused) {
    mac_key_.front() ^= 1;
    net::Request request = signed_request(heartbeat(1));
    mac_key_.front() ^= 1;
    expect_refused(std::move(request), 401, "signature-invalid");
}

TEST_F(ReportTest, WithoutASignatureIsRefused) {
    net::Request request = signed_request(heartbeat(1));
    request.headers.erase("Signature");
    expect_refused(std::move(request), 401, "signature-invalid");
}

TEST_F(ReportTest, OfADeviceThatNeverEnrolledIsRefused) {
    // With the right key for that id, as after a restore of an older database.
    health::Report report = heartbeat(1);
    report.device = "d-unknown";
    const Bytes own_key = mac_key_;
    mac_key_ = health::derive_mac_key(mac_secret_.view(), "d-unknown");
    net::Request request = signed_request(health::serialize_report(report), "d-unknown");
    mac_key_ = own_key;
    expect_refused(std::move(request), 401, "signature-invalid");
}

TEST_F(ReportTest, InTheNameOfAnotherDeviceIsRefused) {
    health::Report report = heartbeat(1);
    report.device = "d-somebody-else";
    expect_refused(signed_request(health::serialize_report(report), device_), 422,
                   "report-malformed");
}

TEST_F(ReportTest, ThatIsNoReportIsRefused) {
    expect_refused(signed_request("{\"hello\":1}", device_), 422, "report-malformed");
}

TEST_F(ReportTest, OfARevokedDeviceIsRefused) {
    ASSERT_TRUE(
        store_->transact([&](StoreWriter& writer) { return writer.revoke_device(device_); }));

    const net::Response response = ask(signed_request(heartbeat(1)));

    EXPECT_EQ(response.status, 403U);
    EXPECT_EQ(problem_name(response), "device-revoked");
}

TEST_F(ReportTest, OnAFullDiskIsNotAcknowledgedAndCountsWhenItIsSentAgain) {
    store_->full = true;
    EXPECT_EQ(ask(signed_request(heartbeat(1))).status, 507U);
    store_->full = false;

    const net::Response again = ask(signed_request(heartbeat(1)));

    EXPECT_EQ(again.status, 200U);
    EXPECT_FALSE(json_of(again).at("duplicate").as_bool());
}

}  // namespace
}  // namespace firebreak::server
