#include "core/signing/dsse.hpp"

#include <gtest/gtest.h>

#include "core/base/encoding.hpp"
#include "core/base/errc.hpp"
#include "core/trust/errc.hpp"
#include "tests/support/refusal.hpp"
#include "tests/support/repository_simulator.hpp"

namespace firebreak::signing {
namespace {

using test::accepted;
using test::refused;
using test::RepositorySimulator;

constexpr std::string_view kType = "application/vnd.in-toto+json";

class Dsse : public ::testing::Test {
protected:
    DsseEnvelope envelope(const std::vector<const Signer*>& signers) const {
        const Result<Bytes> bytes = sign_dsse(kType, payload_, signers);
        EXPECT_TRUE(accepted(bytes));
        const Result<DsseEnvelope> read = parse_dsse(*bytes);
        EXPECT_TRUE(accepted(read));
        return *read;
    }

    const Bytes payload_ = to_bytes("{\"hello\":\"world\"}");
    const Ed25519Signer alice_ = RepositorySimulator::signer("alice");
    const Ed25519Signer bob_ = RepositorySimulator::signer("bob");
    const std::vector<trust::Key> trusted_{alice_.key(), bob_.key()};
};

TEST_F(Dsse, EncodesTheExamplesOfTheSpecification) {
    // protocol.md, "DSSEv1 29 http://example.com/HelloWorld 11 hello world".
    EXPECT_EQ(to_text(pre_authentication_encoding("http://example.com/HelloWorld",
                                                  bytes_of("hello world"))),
              "DSSEv1 29 http://example.com/HelloWorld 11 hello world");
    EXPECT_EQ(to_text(pre_authentication_encoding("", {})), "DSSEv1 0  0 ");
}

TEST_F(Dsse, GivesBackThePayloadThatEnoughKeysSigned) {
    const DsseEnvelope both = envelope({&alice_, &bob_});

    EXPECT_EQ(both.payload_type, kType);
    const Result<Bytes> payload = verify_dsse(both, trusted_, 2);
    ASSERT_TRUE(accepted(payload));
    EXPECT_EQ(*payload, payload_);
}

TEST_F(Dsse, RefusesTooFewStrangersAndOneKeyTwice) {
    const Ed25519Signer mallory = RepositorySimulator::signer("mallory");

    EXPECT_TRUE(
        refused(verify_dsse(envelope({&alice_}), trusted_, 2), trust::Errc::kThresholdNotMet));
    EXPECT_TRUE(
        refused(verify_dsse(envelope({&mallory}), trusted_, 1), trust::Errc::kThresholdNotMet));
    EXPECT_TRUE(refused(verify_dsse(envelope({&alice_, &alice_}), trusted_, 2),
                        trust::Errc::kThresholdNotMet));
    EXPECT_TRUE(refused(verify_dsse(envelope({&alice_}), {alice_.key(), alice_.key()}, 2),
                        trust::Errc::kThresholdNotMet));
}

TEST_F(Dsse, RefusesAThresholdBelowOneAndNoKeys) {
    EXPECT_TRUE(
        refused(verify_dsse(envelope({&alice_}), trusted_, 0), trust::Errc::kThresholdNotMet));
    EXPECT_TRUE(
        refused(verify_dsse(envelope({&alice_}), trusted_, -1), trust::Errc::kThresholdNotMet));
    EXPECT_TRUE(refused(verify_dsse(envelope({&alice_}), {}, 1), trust::Errc::kThresholdNotMet));
}

TEST_F(Dsse, TakesKeyIdsForHints) {
    DsseEnvelope other = envelope({&alice_});
    other.signatures[0].key_id = bob_.key().id();
    EXPECT_TRUE(accepted(verify_dsse(other, {alice_.key()}, 1)));
    EXPECT_TRUE(refused(verify_dsse(other, {bob_.key()}, 1), trust::Errc::kThresholdNotMet));
}

TEST_F(Dsse, RefusesAnotherPayloadOrTypeUnderTheSameSignature) {
    DsseEnvelope other = envelope({&alice_});
    other.payload.back() ^= 1U;
    EXPECT_TRUE(refused(verify_dsse(other, trusted_, 1), trust::Errc::kThresholdNotMet));

    other = envelope({&alice_});
    other.payload_type = "text/plain";
    EXPECT_TRUE(refused(verify_dsse(other, trusted_, 1), trust::Errc::kThresholdNotMet));
}

// TUF metadata is signed over its bytes alone; a signature of one kind is none of the other.
TEST_F(Dsse, RefusesASignatureOverThePayloadAlone) {
    DsseEnvelope other = envelope({&alice_});
    other.signatures[0].value = *alice_.sign(payload_);
    EXPECT_TRUE(refused(verify_dsse(other, trusted_, 1), trust::Errc::kThresholdNotMet));
}

TEST_F(Dsse, RefusesEverySingleBitFlip) {
    const Bytes good = *sign_dsse(kType, bytes_of("x"), {&alice_});
    for (std::size_t bit = 0; bit < good.size() * 8; ++bit) {
        Bytes flipped = good;
        flipped[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
        const Result<DsseEnvelope> read = parse_dsse(flipped);
        if (!read) continue;
        const Result<Bytes> payload = verify_dsse(*read, trusted_, 1);
        if (payload) {
            // Only the key id, a hint, can have changed.
            EXPECT_EQ(*payload, to_bytes("x")) << "bit " << bit;
            EXPECT_EQ(read->payload_type, kType) << "bit " << bit;
        }
    }
}

TEST_F(Dsse, ReadsUrlSafeBase64AndNoKeyId) {
    const Result<DsseEnvelope> read = parse_dsse(
        bytes_of(R"({"payload":"-_8=","payloadType":"t","signatures":[{"sig":"AA=="}],"more":1})"));

    ASSERT_TRUE(accepted(read));
    EXPECT_EQ(read->payload, (Bytes{0xfb, 0xff}));
    EXPECT_EQ(read->signatures[0].key_id, "");
}

TEST_F(Dsse, NeedsASigner) {
    EXPECT_TRUE(refused(sign_dsse(kType, payload_, {}), Errc::kInvalid));
}

class DsseHostile : public ::testing::TestWithParam<const char*> {};

TEST_P(DsseHostile, IsRefused) {
    EXPECT_TRUE(refused(parse_dsse(bytes_of(GetParam())), Errc::kMalformed));
}

INSTANTIATE_TEST_SUITE_P(
    Table, DsseHostile,
    ::testing::Values("", "null", "[]", "{}", R"({"payload":"","payloadType":""})",
                      R"({"payload":null,"payloadType":"","signatures":[]})",
                      R"({"payload":"","payloadType":1,"signatures":[]})",
                      R"({"payload":"","payloadType":"","signatures":{}})",
                      R"({"payload":"","payloadType":"","signatures":[null]})",
                      R"({"payload":"","payloadType":"","signatures":[{}]})",
                      R"({"payload":"","payloadType":"","signatures":[{"sig":1}]})",
                      R"({"payload":"","payloadType":"","signatures":[{"sig":"","keyid":1}]})",
                      R"({"payload":"A","payloadType":"","signatures":[]})",
                      R"({"payload":"AA","payloadType":"","signatures":[]})",
                      R"({"payload":"AB==","payloadType":"","signatures":[]})",
                      R"({"payload":"AA==\n","payloadType":"","signatures":[]})",
                      R"({"payload":"","payload":"AA==","payloadType":"","signatures":[]})"));

TEST(DsseLimits, RefusesMoreSignaturesThanAnybodyHasKeys) {
    std::string text = R"({"payload":"","payloadType":"","signatures":[{"sig":""})";
    for (int i = 0; i < 64; ++i) text += R"(,{"sig":""})";

    EXPECT_TRUE(refused(parse_dsse(bytes_of(text + "]}")), Errc::kTooLarge));
}

}  // namespace
}  // namespace firebreak::signing
