// Everybody's bytes meet the envelope first; and a threshold decides whether anything further looks
// at them.

#include <boost/json/serialize.hpp>
#include <gtest/gtest.h>

#include "core/trust/errc.hpp"
#include "core/trust/metadata.hpp"
#include "tests/support/refusal.hpp"
#include "tests/support/repository_simulator.hpp"

namespace firebreak::trust {
namespace {

using test::accepted;
using test::refused;
using Simulator = test::RepositorySimulator;

class EnvelopeHostile : public ::testing::TestWithParam<std::string> {};

TEST_P(EnvelopeHostile, IsRefused) {
    EXPECT_TRUE(refused(parse_envelope(bytes_of(GetParam())), Errc::kMalformed));
}

INSTANTIATE_TEST_SUITE_P(
    Table, EnvelopeHostile,
    ::testing::Values(
        "", " ", "null", "true", "7", "\"\"", "[]", "{}", "{", "}", "{\"signed\":{}",
        // Valid JSON that is not TUF crashed others before any signature was checked
        // (go-tuf CVE-2026-23991, and null: go-tuf 749).
        R"({"signed":null,"signatures":null})", R"({"signed":{},"signatures":null})",
        R"({"signed":null,"signatures":[]})", R"({"signed":[],"signatures":[]})",
        R"({"signed":"{}","signatures":[]})", R"({"signed":{},"signatures":{}})",
        R"({"signed":{},"signatures":[null]})", R"({"signed":{},"signatures":[[]]})",
        R"({"signed":{},"signatures":[{}]})", R"({"signed":{},"signatures":[{"keyid":"a"}]})",
        R"({"signed":{},"signatures":[{"sig":"00"}]})",
        R"({"signed":{},"signatures":[{"keyid":1,"sig":"00"}]})",
        R"({"signed":{},"signatures":[{"keyid":"a","sig":null}]})",
        R"({"signed":{},"signatures":[{"keyid":"a","sig":"00"},{"keyid":"a","sig":"01"}]})",
        // Two readers of one of these would see two documents.
        R"({"signed":{},"signed":{"a":1},"signatures":[]})",
        R"({"signed":{"version":1,"version":2},"signatures":[]})",
        R"({"signed":{"version":1,"versio\u006e":2},"signatures":[]})",
        R"({"signed":{},"signatures":[]}{})", R"({"signed":{},"signatures":[]} x)",
        R"({"signed":{},"signatures":[],})", R"({"signed":{},"signatures":[]/**/})",
        // Numbers that not every implementation reads alike.
        R"({"signed":{"version":1.0},"signatures":[]})",
        R"({"signed":{"version":1e0},"signatures":[]})",
        R"({"signed":{"version":9223372036854775808},"signatures":[]})",
        R"({"signed":{"version":99999999999999999999999999},"signatures":[]})",
        R"({"signed":{"version":01},"signatures":[]})",
        R"({"signed":{"version":NaN},"signatures":[]})",
        // Bad UTF-8: a lone continuation, an overlong slash, a surrogate, past U+10FFFF, cut short.
        "{\"signed\":{\"a\":\"\x80\"},\"signatures\":[]}",
        "{\"signed\":{\"a\":\"\xc0\xaf\"},\"signatures\":[]}",
        "{\"signed\":{\"a\":\"\xed\xa0\x80\"},\"signatures\":[]}",
        "{\"signed\":{\"a\":\"\xf4\x90\x80\x80\"},\"signatures\":[]}",
        "{\"signed\":{\"a\":\"\xe2\x82\"},\"signatures\":[]}",
        "{\"signed\":{\"\xff\":1},\"signatures\":[]}",
        R"({"signed":{"a":"\ud800"},"signatures":[]})",
        "\xef\xbb\xbf{\"signed\":{},\"signatures\":[]}",
        std::string("{\"signed\":{\"a\":\"\0\"},\"signatures\":[]}", 35)));

TEST(Envelope, RefusesNestingThatWouldEatTheStack) {
    const std::string deep = std::string(100'000, '[') + std::string(100'000, ']');

    EXPECT_TRUE(
        refused(parse_envelope(bytes_of(R"({"signed":{"a":)" + deep + R"(},"signatures":[]})")),
                Errc::kMalformed));
}

TEST(Envelope, KeepsAMalformedSignatureAsOneThatVerifiesNothing) {
    const Result<Envelope> envelope = parse_envelope(
        bytes_of(R"({"signed":{},"signatures":[{"keyid":"a","sig":"xyz"},{"keyid":"b","sig":""},)"
                 R"({"keyid":"c","sig":"0g"},{"keyid":"d","sig":"00ff"}]})"));

    ASSERT_TRUE(accepted(envelope));
    ASSERT_EQ(envelope->signatures.size(), 4U);
    EXPECT_TRUE(envelope->signatures[0].value.empty());
    EXPECT_TRUE(envelope->signatures[1].value.empty());
    EXPECT_TRUE(envelope->signatures[2].value.empty());
    EXPECT_EQ(envelope->signatures[3].value, (Bytes{0x00, 0xff}));
}

TEST(Envelope, IgnoresWhiteSpaceMemberOrderAndUnknownMembers) {
    const Result<Envelope> envelope = parse_envelope(
        bytes_of("{\n \"extra\": [1],\n \"signed\": {\"b\": 1,\r\n\t\"a\": 2},\n"
                 " \"signatures\": [{\"sig\": \"00\", \"keyid\": \"a\", \"more\": {}}]\n}\n "));

    ASSERT_TRUE(accepted(envelope));
    EXPECT_EQ(to_text(envelope->signed_bytes), R"({"a":2,"b":1})");
}

TEST(Envelope, ReadsWhatItWrites) {
    const json::value document = *parse_json(R"({"b":"\n\"é","a":[1,null]})");
    const Bytes bytes = serialize_envelope(document, {{"k1", {1, 2}}, {"k2", {}}});

    const Result<Envelope> envelope = parse_envelope(bytes);

    ASSERT_TRUE(accepted(envelope));
    EXPECT_EQ(envelope->signed_part, document);
    ASSERT_EQ(envelope->signatures.size(), 2U);
    EXPECT_EQ(envelope->signatures[0].key_id, "k1");
    EXPECT_EQ(envelope->signatures[0].value, (Bytes{1, 2}));
}

// Thresholds.

class Threshold : public ::testing::Test {
protected:
    /// `document` signed by the keys of those names.
    Envelope signed_by(const std::vector<std::string>& names) {
        Envelope envelope;
        envelope.signed_bytes = to_bytes("message");
        for (const std::string& name : names) {
            const auto signer = Simulator::signer(name);
            envelope.signatures.push_back({signer.key().id(), *signer.sign(envelope.signed_bytes)});
        }
        return envelope;
    }

    RoleKeys role_of(const std::vector<std::string>& names, int threshold) {
        RoleKeys role{{}, threshold};
        for (const std::string& name : names) {
            const Key key = Simulator::signer(name).key();
            role.key_ids.push_back(key.id());
            keys_.emplace(key.id(), key);
        }
        return role;
    }

    KeyMap keys_;
};

TEST_F(Threshold, IsMetByAsManyDistinctKeys) {
    const RoleKeys role = role_of({"a", "b", "c"}, 2);

    EXPECT_TRUE(accepted(verify_threshold(signed_by({"a", "c"}), role, keys_)));
    EXPECT_TRUE(accepted(verify_threshold(signed_by({"a", "b", "c"}), role, keys_)));
}

TEST_F(Threshold, IsNotMetByTooFewByNoneOrByStrangers) {
    const RoleKeys role = role_of({"a", "b", "c"}, 2);
    (void)role_of({"mallory", "eve"}, 2);  // Known keys, but not this role's.

    EXPECT_TRUE(refused(verify_threshold(signed_by({}), role, keys_), Errc::kThresholdNotMet));
    EXPECT_TRUE(refused(verify_threshold(signed_by({"a"}), role, keys_), Errc::kThresholdNotMet));
    EXPECT_TRUE(refused(verify_threshold(signed_by({"a", "mallory", "eve"}), role, keys_),
                        Errc::kThresholdNotMet));
}

TEST_F(Threshold, SaysHowManySigned) {
    const auto refusal = verify_threshold(signed_by({"a"}), role_of({"a", "b"}, 2), keys_);

    ASSERT_FALSE(refusal);
    EXPECT_EQ(refusal.error().context(), "1 of 2 keys signed");
}

// python-tuf GHSA-pwqf-9h7j-7mv8, tough CVE-2026-6966 and others. The reader refuses a repeated key
// id; the count does not rely on it.
TEST_F(Threshold, CountsOneSignatureRepeatedOnce) {
    Envelope envelope = signed_by({"a"});
    envelope.signatures.push_back(envelope.signatures.front());

    EXPECT_TRUE(
        refused(verify_threshold(envelope, role_of({"a", "b"}, 2), keys_), Errc::kThresholdNotMet));
}

// go-tuf GHSA-3633-5h82-39pq: one public key under two key ids, each of them right.
TEST_F(Threshold, CountsOneKeyUnderTwoIdsOnce) {
    RoleKeys role = role_of({"a"}, 2);
    json::value twin_json = keys_.begin()->second.to_json();
    twin_json.as_object()["comment"] = "the same key again";
    const Key twin = *Key::from_json(twin_json);
    keys_.emplace(twin.id(), twin);
    role.key_ids.push_back(twin.id());
    Envelope envelope = signed_by({"a"});
    envelope.signatures.push_back({twin.id(), envelope.signatures.front().value});

    EXPECT_TRUE(refused(verify_threshold(envelope, role, keys_), Errc::kThresholdNotMet));
}

// go-tuf GHSA-fphv-w9fq-2525 (CVE-2026-23992).
TEST_F(Threshold, BelowOneVerifiesNothing) {
    EXPECT_TRUE(refused(verify_threshold(signed_by({"a"}), role_of({"a"}, 0), keys_),
                        Errc::kThresholdNotMet));
    EXPECT_TRUE(refused(verify_threshold(signed_by({"a"}), role_of({"a"}, -1), keys_),
                        Errc::kThresholdNotMet));
    EXPECT_TRUE(
        refused(verify_threshold(signed_by({}), RoleKeys{{}, 0}, keys_), Errc::kThresholdNotMet));
}

TEST_F(Threshold, IsMetBesideABrokenSignatureOfAnotherKey) {
    Envelope envelope = signed_by({"a", "b", "c"});
    envelope.signatures[1].value.clear();

    EXPECT_TRUE(accepted(verify_threshold(envelope, role_of({"a", "b", "c"}, 2), keys_)));
    EXPECT_TRUE(refused(verify_threshold(envelope, role_of({"a", "b", "c"}, 3), keys_),
                        Errc::kThresholdNotMet));
}

TEST_F(Threshold, NeverCountsAKeyOfUnknownType) {
    const Key unknown = *Key::from_json(
        *parse_json(R"({"keytype":"new","scheme":"new","keyval":{"public":"00"}})"));
    keys_.emplace(unknown.id(), unknown);
    RoleKeys role = role_of({"a"}, 2);
    role.key_ids.push_back(unknown.id());
    Envelope envelope = signed_by({"a"});
    envelope.signatures.push_back({unknown.id(), envelope.signatures.front().value});

    EXPECT_TRUE(refused(verify_threshold(envelope, role, keys_), Errc::kThresholdNotMet));
}

TEST_F(Threshold, IgnoresASignatureUnderAnothersKeyId) {
    const RoleKeys role = role_of({"a", "b"}, 2);
    Envelope envelope = signed_by({"a", "b"});
    std::swap(envelope.signatures[0].key_id, envelope.signatures[1].key_id);

    EXPECT_TRUE(refused(verify_threshold(envelope, role, keys_), Errc::kThresholdNotMet));
}

}  // namespace
}  // namespace firebreak::trust
