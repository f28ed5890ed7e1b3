#include "core/base/digest.hpp"

#include <gtest/gtest.h>

#include "core/base/encoding.hpp"
#include "core/base/errc.hpp"

namespace firebreak {
namespace {

TEST(Sha256, FollowsTheExamplesOfNist) {
    // FIPS 180-4, "SHA-256 examples" of the Cryptographic Standards and Guidelines page.
    EXPECT_EQ(sha256({}).hex(), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    EXPECT_EQ(sha256(bytes_of("abc")).hex(),
              "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    EXPECT_EQ(sha256(bytes_of("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq")).hex(),
              "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    EXPECT_EQ(sha256(Bytes(1'000'000, 'a')).hex(),
              "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Sha256, IsTheSameInPieces) {
    const Bytes message(1000, 'x');
    for (std::size_t cut : {0U, 1U, 63U, 64U, 65U, 999U, 1000U}) {
        Sha256Stream stream;
        stream.update(ByteView(message).first(cut));
        stream.update({});
        stream.update(ByteView(message).subspan(cut));
        EXPECT_EQ(stream.finish(), sha256(message)) << cut;
    }
}

TEST(Sha256, ReadsItsHexAndRefusesEverythingElse) {
    const Sha256 digest = sha256(bytes_of("abc"));
    EXPECT_EQ(Sha256::from_hex(digest.hex()), digest);

    const std::string hex = digest.hex();
    for (const std::string& text : {std::string(), hex.substr(1), hex + "0", hex.substr(2),
                                    hex + "00", "g" + hex.substr(1), " " + hex.substr(1)}) {
        const Result<Sha256> read = Sha256::from_hex(text);
        ASSERT_FALSE(read) << text;
        EXPECT_EQ(read.error(), Errc::kMalformed);
    }
}

TEST(HmacSha256, FollowsTheVectorsOfRfc4231) {
    // Test cases 1, 2 and 6 (a key longer than the block).
    EXPECT_EQ(hmac_sha256(Bytes(20, 0x0B), bytes_of("Hi There")).hex(),
              "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
    EXPECT_EQ(hmac_sha256(bytes_of("Jefe"), bytes_of("what do ya want for nothing?")).hex(),
              "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    EXPECT_EQ(hmac_sha256(Bytes(131, 0xAA),
                          bytes_of("Test Using Larger Than Block-Size Key - Hash Key First"))
                  .hex(),
              "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

TEST(HmacSha256, TakesAnEmptyKeyAndMessage) {
    EXPECT_EQ(hmac_sha256({}, {}).hex(),
              "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

TEST(EqualInConstantTime, ComparesLikeEquality) {
    EXPECT_TRUE(equal_in_constant_time({}, {}));
    EXPECT_TRUE(equal_in_constant_time(bytes_of("abc"), bytes_of("abc")));
    EXPECT_FALSE(equal_in_constant_time(bytes_of("abc"), bytes_of("abd")));
    EXPECT_FALSE(equal_in_constant_time(bytes_of("abc"), bytes_of("xbc")));
    EXPECT_FALSE(equal_in_constant_time(bytes_of("abc"), bytes_of("ab")));
    EXPECT_FALSE(equal_in_constant_time({}, bytes_of("a")));
}

}  // namespace
}  // namespace firebreak
