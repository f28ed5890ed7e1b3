#include "core/trust/key.hpp"

#include <boost/json/serialize.hpp>
#include <gtest/gtest.h>

#include "core/base/encoding.hpp"
#include "core/trust/errc.hpp"
#include "tests/support/refusal.hpp"
#include "tests/unit/core/trust/key_vectors.hpp"

namespace firebreak::trust {
namespace {

using test::accepted;
using test::refused;

json::value key_json(std::string_view type, std::string_view scheme, std::string_view text) {
    return json::object{
        {"keytype", type}, {"scheme", scheme}, {"keyval", json::object{{"public", text}}}};
}

Key ecdsa(std::string_view pem, std::string_view type = "ecdsa") {
    return *Key::from_json(key_json(type, "ecdsa-sha2-nistp256", pem));
}

Key rsa(std::string_view pem) {
    return *Key::from_json(key_json("rsa", "rsassa-pss-sha256", pem));
}

Bytes bytes_from(std::string_view hex) {
    return *hex_decode(hex);
}

bool verifies(const Key& key, std::string_view signature_hex) {
    return key.verifies(bytes_of(vectors::kMessage), bytes_from(signature_hex));
}

// RFC 8032, 7.1, test 3.
constexpr std::string_view kRfcPublic =
    "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025";
constexpr std::string_view kRfcMessage = "af82";
constexpr std::string_view kRfcSignature =
    "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
    "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a";

TEST(KeyEd25519, VerifiesTheVectorOfRfc8032) {
    const Result<Key> key = Key::from_json(key_json("ed25519", "ed25519", kRfcPublic));

    ASSERT_TRUE(accepted(key));
    EXPECT_TRUE(key->verifies(bytes_from(kRfcMessage), bytes_from(kRfcSignature)));
}

TEST(KeyEd25519, RefusesEverySingleBitFlipOfSignatureAndMessage) {
    const Key key = *Key::from_json(key_json("ed25519", "ed25519", kRfcPublic));
    const Bytes message = bytes_from(kRfcMessage);
    const Bytes signature = bytes_from(kRfcSignature);
    for (std::size_t bit = 0; bit < signature.size() * 8; ++bit) {
        Bytes flipped = signature;
        flipped[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
        EXPECT_FALSE(key.verifies(message, flipped)) << "bit " << bit;
    }
    for (std::size_t bit = 0; bit < message.size() * 8; ++bit) {
        Bytes flipped = message;
        flipped[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
        EXPECT_FALSE(key.verifies(flipped, signature)) << "bit " << bit;
    }
}

TEST(KeyEd25519, RefusesSignaturesOfAnotherLength) {
    const Key key = *Key::from_json(key_json("ed25519", "ed25519", kRfcPublic));
    Bytes longer = bytes_from(kRfcSignature);
    longer.push_back(0);
    const Bytes shorter(longer.begin(), longer.end() - 2);

    EXPECT_FALSE(key.verifies(bytes_from(kRfcMessage), {}));
    EXPECT_FALSE(key.verifies(bytes_from(kRfcMessage), shorter));
    EXPECT_FALSE(key.verifies(bytes_from(kRfcMessage), longer));
}

TEST(KeyEd25519, ReadsWhatItMakes) {
    const Key made = Key::ed25519(bytes_from(kRfcPublic));
    const Result<Key> read = Key::from_json(made.to_json());

    ASSERT_TRUE(accepted(read));
    EXPECT_EQ(read->id(), made.id());
    EXPECT_EQ(read->identity(), made.identity());
}

TEST(KeyId, IsTheDigestOfTheWholeObjectUnknownMembersIncluded) {
    const json::value plain = key_json("ed25519", "ed25519", kRfcPublic);
    json::value extended = plain;
    extended.as_object()["keyid_hash_algorithms"] = json::array{"sha256", "sha512"};

    const Key key = *Key::from_json(plain);
    const Key other = *Key::from_json(extended);

    // printf '%s' '{"keytype":"ed25519","keyval":{"public":"fc51…"},"scheme":"ed25519"}' |
    // sha256sum
    EXPECT_EQ(key.id(), "e45b8d1fab21a7a7550adbca559eade41e36a398f14a577f8766ec32bf237101");
    EXPECT_NE(key.id(), other.id());
    EXPECT_EQ(key.identity(), other.identity());  // And still one key.
}

class KeyEd25519Malformed : public ::testing::TestWithParam<const char*> {};

TEST_P(KeyEd25519Malformed, IsRefused) {
    EXPECT_TRUE(
        refused(Key::from_json(key_json("ed25519", "ed25519", GetParam())), Errc::kMalformed));
}

INSTANTIATE_TEST_SUITE_P(
    Table, KeyEd25519Malformed,
    ::testing::Values("", "fc", "zz51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
                      // One byte short and one too long (go-tuf issue 739: a crash).
                      "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb9115489080",
                      "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb91154890802500",
                      // The neutral element: it would verify what nobody signed.
                      "0100000000000000000000000000000000000000000000000000000000000000",
                      // Not a point on the curve.
                      "0200000000000000000000000000000000000000000000000000000000000000"));

TEST(KeyEcdsa, VerifiesOpensslsSignatureAndNothingElse) {
    const Key key = ecdsa(vectors::kEcdsa);
    const Bytes signature = bytes_from(vectors::kEcdsaSignature);

    EXPECT_TRUE(verifies(key, vectors::kEcdsaSignature));
    EXPECT_FALSE(key.verifies(bytes_of("another message"), signature));
    EXPECT_FALSE(key.verifies(bytes_of(vectors::kMessage), {}));
    for (std::size_t bit = 0; bit < signature.size() * 8; ++bit) {
        Bytes flipped = signature;
        flipped[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
        EXPECT_FALSE(key.verifies(bytes_of(vectors::kMessage), flipped)) << "bit " << bit;
    }
}

TEST(KeyEcdsa, IsOneKeyHoweverItIsSpelled) {
    const Key key = ecdsa(vectors::kEcdsa);
    const Key other_type = ecdsa(vectors::kEcdsa, "ecdsa-sha2-nistp256");
    const Key compressed = ecdsa(vectors::kEcdsaCompressed);

    EXPECT_NE(key.id(), other_type.id());
    EXPECT_EQ(key.identity(), other_type.identity());
    EXPECT_EQ(key.identity(), compressed.identity());
    EXPECT_TRUE(verifies(compressed, vectors::kEcdsaSignature));
}

TEST(KeyRsa, VerifiesPssWithSha256AndNoOtherPadding) {
    const Key key = rsa(vectors::kRsa);

    EXPECT_TRUE(verifies(key, vectors::kPssSignature));
    EXPECT_TRUE(verifies(key, vectors::kPssLongSaltSignature));
    EXPECT_FALSE(verifies(key, vectors::kPssSha1MaskSignature));
    EXPECT_FALSE(verifies(key, vectors::kPkcs1Signature));
    EXPECT_FALSE(verifies(key, vectors::kEcdsaSignature));
}

TEST(KeyRsa, IsOneKeyWhateverItsPublicExponent) {
    EXPECT_EQ(rsa(vectors::kRsa).identity(), rsa(vectors::kRsaOtherExponent).identity());
}

TEST(KeyPem, RefusesWhatIsNotOneBlockWithOneKeyOfItsType) {
    const auto ecdsa_of = [](std::string_view pem) {
        return Key::from_json(key_json("ecdsa", "ecdsa-sha2-nistp256", pem));
    };
    const auto rsa_of = [](std::string_view pem) {
        return Key::from_json(key_json("rsa", "rsassa-pss-sha256", pem));
    };
    const std::string good(vectors::kEcdsa);
    std::string trailing_der = good;  // Two bytes more inside the block.
    trailing_der.replace(trailing_der.find("=="), 2, "AA");

    EXPECT_TRUE(refused(ecdsa_of(""), Errc::kMalformed));
    EXPECT_TRUE(refused(ecdsa_of("Bag Attributes\n" + good), Errc::kMalformed));
    EXPECT_TRUE(refused(ecdsa_of(good + good), Errc::kMalformed));
    EXPECT_TRUE(refused(ecdsa_of(good + "x"), Errc::kMalformed));
    EXPECT_TRUE(refused(ecdsa_of(trailing_der), Errc::kMalformed));
    EXPECT_TRUE(refused(ecdsa_of(std::string(100'000, 'A')), Errc::kMalformed));
    EXPECT_TRUE(refused(ecdsa_of(vectors::kEcdsaP384), Errc::kMalformed));
    EXPECT_TRUE(refused(ecdsa_of(vectors::kEcdsaExplicitCurve), Errc::kMalformed));
    EXPECT_TRUE(refused(ecdsa_of(vectors::kRsa), Errc::kMalformed));
    EXPECT_TRUE(refused(ecdsa_of(vectors::kEd25519Pem), Errc::kMalformed));
    EXPECT_TRUE(refused(rsa_of(vectors::kRsa1024), Errc::kMalformed));
    EXPECT_TRUE(refused(rsa_of(vectors::kEcdsa), Errc::kMalformed));
}

TEST(KeyPem, ReadsWindowsLineEndsAndNoFinalOne) {
    std::string windows;
    for (const char c : vectors::kEcdsa) {
        if (c == '\n') windows += '\r';
        windows += c;
    }
    EXPECT_EQ(ecdsa(windows).identity(), ecdsa(vectors::kEcdsa).identity());
    EXPECT_EQ(ecdsa(vectors::kEcdsa.substr(0, vectors::kEcdsa.size() - 1)).identity(),
              ecdsa(vectors::kEcdsa).identity());
}

class KeyOfUnknownType : public ::testing::TestWithParam<const char*> {};

TEST_P(KeyOfUnknownType, IsKeptAndVerifiesNothing) {
    const Result<json::value> value = parse_json(GetParam());
    const Result<Key> key = Key::from_json(*value);

    ASSERT_TRUE(accepted(key));
    EXPECT_FALSE(key->verifies(bytes_from(kRfcMessage), bytes_from(kRfcSignature)));
    EXPECT_FALSE(key->verifies({}, {}));
    EXPECT_EQ(key->to_json(), *value);
}

INSTANTIATE_TEST_SUITE_P(
    Table, KeyOfUnknownType,
    ::testing::Values(
        R"({"keytype":"ml-dsa","scheme":"ml-dsa-65","keyval":{"public":"00"}})",
        R"({"keytype":"ed25519","scheme":"ed25519ph","keyval":{"public":"00"}})",
        R"({"keytype":"rsa","scheme":"rsa-pkcs1v15-sha256","keyval":{"public":"x"}})",
        R"({"keytype":"ecdsa","scheme":"ecdsa-sha2-nistp384","keyval":{"public":"x"}})",
        R"({"keytype":"sigstore-oidc","scheme":"Fulcio","keyval":{"identity":"a","issuer":"b"}})"));

class KeyHostile : public ::testing::TestWithParam<const char*> {};

TEST_P(KeyHostile, IsRefused) {
    EXPECT_TRUE(refused(Key::from_json(*parse_json(GetParam())), Errc::kMalformed));
}

INSTANTIATE_TEST_SUITE_P(
    Table, KeyHostile,
    ::testing::Values("null", "[]", "7", "\"key\"", "{}",
                      R"({"keytype":null,"scheme":"ed25519","keyval":{"public":"00"}})",
                      R"({"keytype":"ed25519","scheme":["ed25519"],"keyval":{"public":"00"}})",
                      R"({"keytype":"ed25519","scheme":"ed25519","keyval":null})",
                      R"({"keytype":"ed25519","scheme":"ed25519","keyval":"00"})",
                      R"({"keytype":"ed25519","scheme":"ed25519","keyval":{}})",
                      R"({"keytype":"ed25519","scheme":"ed25519","keyval":{"public":null}})",
                      R"({"keytype":"ed25519","scheme":"ed25519","keyval":{"public":[]}})",
                      R"({"keytype":"new","scheme":"new","keyval":{},"strength":1.5})"));

}  // namespace
}  // namespace firebreak::trust
