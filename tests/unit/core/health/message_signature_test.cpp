// What stands between a fleet's evidence and anybody who would forge it: every change to a signed
// message, of whatever bit, must be refused, and so must every other form of signature.

#include "core/health/message_signature.hpp"

#include <array>
#include <gtest/gtest.h>

#include "core/base/digest.hpp"
#include "core/base/encoding.hpp"
#include "core/base/errc.hpp"

namespace firebreak::health {
namespace {

constexpr std::chrono::sys_seconds kCreated{std::chrono::seconds{1'618'884'473}};
constexpr std::string_view kBody = R"({"hello":"fleet"})";

Bytes key_counting_up() {
    Bytes key(32);
    for (std::size_t i = 0; i < key.size(); ++i) key[i] = static_cast<std::uint8_t>(i);
    return key;
}

class MessageSignature : public ::testing::Test {
protected:
    Result<void> verify(const SignedHeaders& headers) const {
        return verify_message(message_, headers, key_);
    }

    const Bytes key_ = key_counting_up();
    const Message message_{.method = "POST", .path = "/v1/reports", .body = bytes_of(kBody)};
    const SignedHeaders good_ = sign_message(message_, "device-1", key_, kCreated);
};

// Computed with OpenSSL's command, not with this code:
//   printf %s '{"hello":"fleet"}' | openssl dgst -sha256 -binary | base64            (content
//   digest)
//   printf '"@method": POST\n"@path": /v1/reports\n"content-digest": sha-256=:DRLf…X6Y=:\n"@sig…"'
//     (four lines, the last one `"@signature-params": ` and the header's value after "fb=")
//     | openssl dgst -sha256 -mac HMAC -macopt hexkey:000102…1f -binary | base64     (signature)
TEST_F(MessageSignature, IsWhatOpensslComputes) {
    EXPECT_EQ(good_.content_digest, "sha-256=:DRLfthfi3TQzAVyWEoagJ5ox9YfaXGNhbbAU/HOOX6Y=:");
    EXPECT_EQ(good_.signature_input,
              R"(fb=("@method" "@path" "content-digest");created=1618884473;)"
              R"(keyid="device-1";alg="hmac-sha256")");
    EXPECT_EQ(good_.signature, "fb=:FPhkuam8fOisYKb8Pv4O7Oq5tDJg+O28HoFxPsAfyjI=:");
}

TEST_F(MessageSignature, VerifiesWhatItSigned) {
    EXPECT_TRUE(verify(good_));
}

TEST_F(MessageSignature, SignsAnEmptyBodyAndTheEarliestTime) {
    const Message empty{.method = "GET", .path = "/", .body = {}};

    const SignedHeaders headers = sign_message(empty, "d", key_, std::chrono::sys_seconds{});

    EXPECT_TRUE(verify_message(empty, headers, key_));
}

TEST_F(MessageSignature, NamesWhoClaimsToHaveSigned) {
    EXPECT_EQ(claimed_key_id(good_.signature_input).value(), "device-1");
}

TEST_F(MessageSignature, RefusesEverySingleBitFlipOfTheBody) {
    for (std::size_t bit = 0; bit < kBody.size() * 8; ++bit) {
        Bytes flipped = to_bytes(kBody);
        flipped[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));

        const auto refused = verify_message({message_.method, message_.path, flipped}, good_, key_);

        ASSERT_FALSE(refused) << "bit " << bit;
        EXPECT_EQ(refused.error(), Errc::kDenied);
    }
}

TEST_F(MessageSignature, RefusesEverySingleBitFlipOfEveryHeader) {
    for (const auto header : {&SignedHeaders::content_digest, &SignedHeaders::signature_input,
                              &SignedHeaders::signature}) {
        for (std::size_t bit = 0; bit < (good_.*header).size() * 8; ++bit) {
            SignedHeaders flipped = good_;
            char& byte = (flipped.*header)[bit / 8];
            byte = static_cast<char>(static_cast<unsigned char>(byte) ^ (1U << (bit % 8)));

            EXPECT_FALSE(verify(flipped)) << (flipped.*header);
        }
    }
}

TEST_F(MessageSignature, RefusesEverySingleBitFlipOfTheMac) {
    // Each as a well-formed header, so that it is the comparison that refuses it.
    const std::string encoded = good_.signature.substr(4, 44);
    for (std::size_t bit = 0; bit < 256; ++bit) {
        Bytes mac = base64_decode(encoded).value();
        mac[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
        SignedHeaders flipped = good_;
        flipped.signature = "fb=:" + base64_encode(mac) + ":";

        const auto refused = verify(flipped);

        ASSERT_FALSE(refused) << "bit " << bit;
        EXPECT_EQ(refused.error(), Errc::kDenied);
    }
}

TEST_F(MessageSignature, RefusesEveryOtherKey) {
    for (std::size_t bit = 0; bit < key_.size() * 8; ++bit) {
        Bytes other = key_;
        other[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));

        EXPECT_FALSE(verify_message(message_, good_, other)) << "bit " << bit;
    }
}

TEST_F(MessageSignature, RefusesAMacMadeWithAKeyThatEverybodyKnows) {
    // What an attacker computes against a server that looked up a key and found nothing.
    const std::string parameters = good_.signature_input.substr(3);
    const std::string base =
        "\"@method\": POST\n\"@path\": /v1/reports\n\"content-digest\": " + good_.content_digest +
        "\n\"@signature-params\": " + parameters;
    SignedHeaders forged = good_;
    forged.signature = "fb=:" + base64_encode(hmac_sha256({}, bytes_of(base)).bytes) + ":";

    const auto refused = verify_message(message_, forged, {});

    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error(), Errc::kDenied);
}

TEST_F(MessageSignature, RefusesAReplayToAnotherPathOrMethod) {
    EXPECT_EQ(verify_message({"POST", "/v1/reports/", message_.body}, good_, key_).error(),
              Errc::kDenied);
    EXPECT_EQ(verify_message({"POST", "/v1/enrol", message_.body}, good_, key_).error(),
              Errc::kDenied);
    EXPECT_EQ(verify_message({"PUT", "/v1/reports", message_.body}, good_, key_).error(),
              Errc::kDenied);
}

TEST_F(MessageSignature, RefusesAnotherMessagesDigestWithItsOwnBody) {
    const Message other{.method = "POST", .path = "/v1/reports", .body = bytes_of("{}")};
    SignedHeaders mixed = good_;
    mixed.content_digest = sign_message(other, "device-1", key_, kCreated).content_digest;

    EXPECT_EQ(verify_message(other, mixed, key_).error(), Errc::kDenied);
}

TEST_F(MessageSignature, RefusesAPathThatBringsALineIntoTheSignatureBase) {
    for (const std::string_view path : {"/a\n\"content-digest\": x", "/a b", "/a?b", "/a#b", "",
                                        "a", "/a\r", "/\x7f", "/\xc3\xa4"}) {
        const auto refused = verify_message({"POST", path, message_.body}, good_, key_);

        ASSERT_FALSE(refused) << path;
        EXPECT_EQ(refused.error(), Errc::kMalformed);
    }
    EXPECT_EQ(verify_message({"post", "/v1/reports", message_.body}, good_, key_).error(),
              Errc::kMalformed);
    EXPECT_EQ(verify_message({"", "/v1/reports", message_.body}, good_, key_).error(),
              Errc::kMalformed);
}

TEST_F(MessageSignature, RefusesEveryOtherFormOfSignatureInput) {
    const std::string long_id(kKeyIdBytesMax + 1, 'd');
    const std::string components = R"(fb=("@method" "@path" "content-digest"))";
    const std::string alg = R"(;alg="hmac-sha256")";
    const std::array<std::string, 26> others{
        "",
        "fb",
        "fb=",
        "fb=()",
        components,
        components + ";created=1",
        components + ";created=1;keyid=\"d\"",
        " " + components + ";created=1;keyid=\"d\"" + alg,
        components + ";created=1;keyid=\"d\"" + alg + " ",
        components + ";created=1;keyid=\"d\"" + alg + ";nonce=\"x\"",
        components + ";created=1;keyid=\"d\"" + alg + ", sig2=()",
        components + "; created=1;keyid=\"d\"" + alg,
        components + ";created=;keyid=\"d\"" + alg,
        components + ";created=-1;keyid=\"d\"" + alg,
        components + ";created=01;keyid=\"d\"" + alg,
        components + ";created=1.5;keyid=\"d\"" + alg,
        components + ";created=1234567890123;keyid=\"d\"" + alg,
        components + ";created=1;keyid=\"\"" + alg,
        components + ";created=1;keyid=\"a b\"" + alg,
        components + ";created=1;keyid=\"a\\\"b\"" + alg,
        components + ";created=1;keyid=\"" + long_id + "\"" + alg,
        components + ";created=1;keyid=\"d\";alg=\"ed25519\"",
        components + ";keyid=\"d\";created=1" + alg,
        R"(fb=("@method" "@path");created=1;keyid="d")" + alg,
        R"(fb=("content-digest" "@method" "@path");created=1;keyid="d")" + alg,
        R"(sig1=("@method" "@path" "content-digest");created=1;keyid="d")" + alg};
    for (const std::string& other : others) {
        SignedHeaders headers = good_;
        headers.signature_input = other;

        EXPECT_EQ(verify(headers).error(), Errc::kMalformed) << other;
        EXPECT_EQ(claimed_key_id(other).error(), Errc::kMalformed) << other;
    }
}

TEST_F(MessageSignature, RefusesEveryOtherFormOfDigestAndSignature) {
    const std::string digest = good_.content_digest.substr(9, 44);
    const std::array<std::string, 11> digests{"",
                                              "sha-256=",
                                              "sha-256=::",
                                              "sha-256=:" + digest,
                                              "sha-256=" + digest + ":",
                                              "sha-512=:" + digest + ":",
                                              "SHA-256=:" + digest + ":",
                                              "sha-256=:" + digest + ":, sha-512=:" + digest + ":",
                                              "sha-256=: " + digest.substr(1) + ":",
                                              "sha-256=:" + digest.substr(0, 43) + "!:",
                                              "sha-256=:" + std::string(44, 'A') + ":"};
    for (const std::string& other : digests) {
        SignedHeaders headers = good_;
        headers.content_digest = other;
        EXPECT_EQ(verify(headers).error(), Errc::kMalformed) << other;
    }
    for (const std::string& other : digests) {
        SignedHeaders headers = good_;
        headers.signature = other;
        EXPECT_EQ(verify(headers).error(), Errc::kMalformed) << other;
    }
}

TEST(DeviceMacKey, IsTheHmacOfPurposeAndDevice) {
    // printf 'firebreak-device-mac-v1\0device-1' |
    //   openssl dgst -sha256 -mac HMAC -macopt hexkey:000102…1f
    EXPECT_EQ(hex_encode(derive_mac_key(key_counting_up(), "device-1")),
              "25a10e4b7e99e83c461d0dc1c11dc838a986c796c2f1cca1d953b344fdec51ab");
}

TEST(DeviceMacKey, DiffersByDeviceAndBySecret) {
    Bytes other_secret = key_counting_up();
    other_secret.back() ^= 1U;

    const Bytes key = derive_mac_key(key_counting_up(), "device-1");

    EXPECT_NE(key, derive_mac_key(key_counting_up(), "device-2"));
    EXPECT_NE(key, derive_mac_key(other_secret, "device-1"));
}

}  // namespace
}  // namespace firebreak::health
