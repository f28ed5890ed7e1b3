#include "core/signing/signer.hpp"

#include <boost/json/serialize.hpp>
#include <gtest/gtest.h>

#include "core/base/encoding.hpp"
#include "core/base/errc.hpp"
#include "core/base/random.hpp"
#include "core/trust/errc.hpp"
#include "tests/support/refusal.hpp"
#include "tests/support/repository_simulator.hpp"

namespace firebreak::signing {
namespace {

using test::accepted;
using test::refused;
using test::RepositorySimulator;

SecretBytes secret(std::string_view hex) {
    Bytes bytes = *hex_decode(hex);
    return SecretBytes::take(bytes);
}

TEST(Ed25519Signer, MakesTheSignatureOfRfc8032) {
    // RFC 8032, 7.1, test 3.
    const Ed25519Signer signer = Ed25519Signer::from_seed(
        secret("c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7"));

    const Result<Bytes> signature = signer.sign(Bytes{0xaf, 0x82});

    ASSERT_TRUE(accepted(signature));
    EXPECT_EQ(hex_encode(*signature),
              "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
              "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a");
    EXPECT_TRUE(signer.key().verifies(Bytes{0xaf, 0x82}, *signature));
}

TEST(Ed25519Signer, IsMadeFromTheRandomnessItIsGiven) {
    SeededRandom random(1);
    SeededRandom same(1);

    const Ed25519Signer first = Ed25519Signer::generate(random);
    const Ed25519Signer second = Ed25519Signer::generate(random);
    const Ed25519Signer again = Ed25519Signer::generate(same);

    EXPECT_NE(first.key().id(), second.key().id());
    EXPECT_EQ(first.key().id(), again.key().id());
}

class SigningMetadata : public ::testing::Test {
protected:
    const Ed25519Signer alice_ = RepositorySimulator::signer("alice");
    const Ed25519Signer bob_ = RepositorySimulator::signer("bob");
    const json::value document_ = *parse_json(R"({"b":1,"a":["\n",null]})");
};

TEST_F(SigningMetadata, SignsTheCanonicalForm) {
    const Result<Bytes> bytes = sign_metadata(document_, {&alice_, &bob_});

    ASSERT_TRUE(accepted(bytes));
    const auto envelope = trust::parse_envelope(*bytes);
    ASSERT_TRUE(accepted(envelope));
    EXPECT_EQ(envelope->signed_part, document_);
    EXPECT_EQ(to_text(envelope->signed_bytes), "{\"a\":[\"\n\",null],\"b\":1}");
    ASSERT_EQ(envelope->signatures.size(), 2U);
    EXPECT_EQ(envelope->signatures[1].key_id, bob_.key().id());
    EXPECT_TRUE(bob_.key().verifies(envelope->signed_bytes, envelope->signatures[1].value));
}

TEST_F(SigningMetadata, RefusesOneKeyTwice) {
    EXPECT_TRUE(refused(sign_metadata(document_, {&alice_, &bob_, &alice_}), Errc::kConflict));
}

TEST_F(SigningMetadata, RefusesWhatHasNoCanonicalForm) {
    EXPECT_TRUE(
        refused(sign_metadata(json::object{{"a", 1.5}}, {&alice_}), trust::Errc::kMalformed));
}

TEST_F(SigningMetadata, TravelsFromPersonToPerson) {
    const Bytes unsigned_yet = *sign_metadata(document_, {});

    const Bytes by_alice = *add_signature(unsigned_yet, alice_);
    const Bytes by_both = *add_signature(by_alice, bob_);

    EXPECT_EQ(by_both, *sign_metadata(document_, {&alice_, &bob_}));
}

TEST_F(SigningMetadata, ReplacesAnEarlierSignatureOfTheSameKey) {
    std::string text = to_text(*sign_metadata(document_, {&alice_, &bob_}));
    const std::size_t sig = text.find("\"sig\":\"") + 7;
    text.replace(sig, 8, "00000000");

    const Bytes mended = *add_signature(bytes_of(text), alice_);

    EXPECT_EQ(mended, *sign_metadata(document_, {&alice_, &bob_}));
}

TEST_F(SigningMetadata, LeavesEveryOtherSignatureAndWhatWasSigned) {
    // Indented, unsorted, with a member of its own and a key this build cannot read.
    const std::string text =
        "{ \"signatures\": [ {\"keyid\": \"k\", \"sig\": \"00ff\"} ],\n"
        "  \"signed\": {\"z\": 1, \"a\": {\"future\": [true, \"\\u00e9\"]}} }";

    const auto before = trust::parse_envelope(bytes_of(text));
    const auto after = trust::parse_envelope(*add_signature(bytes_of(text), alice_));

    ASSERT_TRUE(accepted(after));
    EXPECT_EQ(after->signed_bytes, before->signed_bytes);
    ASSERT_EQ(after->signatures.size(), 2U);
    EXPECT_EQ(after->signatures[0].value, (Bytes{0x00, 0xff}));
}

TEST_F(SigningMetadata, DoesNotSignWhatIsNotMetadata) {
    for (const char* text : {"", "null", "{}", R"({"signed":[],"signatures":[]})",
                             R"({"signed":{"a":1,"a":2},"signatures":[]})"}) {
        EXPECT_TRUE(refused(add_signature(bytes_of(text), alice_), trust::Errc::kMalformed))
            << text;
    }
}

/// A token that was pulled out.
class BrokenSigner final : public Signer {
public:
    const trust::Key& key() const override { return key_; }
    Result<Bytes> sign(ByteView) const override { return fail(Errc::kUnavailable, "token"); }

private:
    trust::Key key_ = RepositorySimulator::signer("broken").key();
};

TEST_F(SigningMetadata, FailsWhenOneSignerFails) {
    const BrokenSigner broken;

    EXPECT_TRUE(refused(sign_metadata(document_, {&alice_, &broken}), Errc::kUnavailable));
    EXPECT_TRUE(refused(add_signature(*sign_metadata(document_, {}), broken), Errc::kUnavailable));
}

}  // namespace
}  // namespace firebreak::signing
