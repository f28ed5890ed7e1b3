#include <gtest/gtest.h>

#include "core/base/digest.hpp"
#include "core/trust/errc.hpp"
#include "core/trust/role_name.hpp"
#include "core/trust/updater.hpp"
#include "tests/support/refusal.hpp"

namespace firebreak::trust {
namespace {

using test::accepted;
using test::refused;

const Bytes kBytes = to_bytes("abc");
// FIPS 180-4, appendix B and C: the digests of "abc".
constexpr const char* kSha256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
constexpr const char* kSha512 =
    "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
    "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f";

TargetFile file_with(std::map<std::string, std::string> hashes) {
    TargetFile file;
    file.length = kBytes.size();
    file.hashes = std::move(hashes);
    return file;
}

TEST(VerifyTarget, AcceptsEitherKnownHashAndBoth) {
    EXPECT_TRUE(accepted(verify_target(file_with({{"sha256", kSha256}}), kBytes)));
    EXPECT_TRUE(accepted(verify_target(file_with({{"sha512", kSha512}}), kBytes)));
    EXPECT_TRUE(
        accepted(verify_target(file_with({{"sha256", kSha256}, {"sha512", kSha512}}), kBytes)));
    EXPECT_TRUE(accepted(verify_target(file_with({{"blake3", "?"}, {"sha256", kSha256}}), kBytes)));
}

TEST(VerifyTarget, RefusesWhenOneOfTwoKnownHashesDiffers) {
    const std::string wrong(128, '0');
    EXPECT_TRUE(refused(verify_target(file_with({{"sha256", kSha256}, {"sha512", wrong}}), kBytes),
                        Errc::kHashMismatch));
}

TEST(VerifyTarget, RefusesOtherBytesOfTheSameLength) {
    EXPECT_TRUE(refused(verify_target(file_with({{"sha256", kSha256}}), to_bytes("abd")),
                        Errc::kHashMismatch));
}

TEST(VerifyTarget, RefusesAnotherLengthBeforeHashing) {
    EXPECT_TRUE(refused(verify_target(file_with({{"sha256", kSha256}}), to_bytes("abcd")),
                        Errc::kLengthMismatch));
    EXPECT_TRUE(refused(verify_target(file_with({{"sha256", kSha256}}), to_bytes("ab")),
                        Errc::kLengthMismatch));
}

TEST(VerifyTarget, RefusesWhenNoHashIsKnownOrThereIsNone) {
    EXPECT_TRUE(
        refused(verify_target(file_with({{"md5", "900150983cd24fb0d6963f7d28e17f72"}}), kBytes),
                Errc::kHashMismatch));
    EXPECT_TRUE(refused(verify_target(file_with({}), kBytes), Errc::kHashMismatch));
}

TEST(ConsistentTargetPath, PutsAHashBeforeTheLastSegment) {
    EXPECT_EQ(consistent_target_path("content/yara/41.fbb", file_with({{"sha256", "ab"}})),
              "content/yara/ab.41.fbb");
    EXPECT_EQ(consistent_target_path("file", file_with({{"sha512", "cd"}, {"sha256", "ab"}})),
              "ab.file");
    EXPECT_EQ(consistent_target_path("a/file", file_with({{"sha512", "cd"}})), "a/cd.file");
    EXPECT_EQ(consistent_target_path("a/", file_with({{"sha256", "ab"}})), "a/ab.");
}

TEST(RoleName, LeavesNoCharacterThatMeansAnythingInAPathOrUrl) {
    EXPECT_EQ(encode_role_name("content"), "content");
    EXPECT_EQ(encode_role_name("A-z_0.9~"), "A-z_0.9~");
    EXPECT_EQ(encode_role_name("?"), "%3F");
    EXPECT_EQ(encode_role_name("#"), "%23");
    EXPECT_EQ(encode_role_name("/delegatedrole"), "%2Fdelegatedrole");
    EXPECT_EQ(encode_role_name("../delegatedrole"), "..%2Fdelegatedrole");
    EXPECT_EQ(encode_role_name("100%"), "100%25");
    EXPECT_EQ(encode_role_name("é \r\n"), "%C3%A9%20%0D%0A");
    EXPECT_EQ(encode_role_name(std::string(1, '\0')), "%00");
}

TEST(RoleName, MakesFileNamesWithAndWithoutVersion) {
    EXPECT_EQ(metadata_file_name("content", 7), "7.content.json");
    EXPECT_EQ(metadata_file_name("timestamp", std::nullopt), "timestamp.json");
    EXPECT_EQ(metadata_file_name("a/b", 1), "1.a%2Fb.json");
}

}  // namespace
}  // namespace firebreak::trust
