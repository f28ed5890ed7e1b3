#include "core/signing/key_file.hpp"

#include <boost/json/serialize.hpp>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>

#include "core/base/encoding.hpp"
#include "core/base/errc.hpp"
#include "core/base/random.hpp"
#include "core/content/schema.hpp"
#include "tests/support/memory_file_store.hpp"
#include "tests/support/refusal.hpp"
#include "tests/support/repository_simulator.hpp"

namespace firebreak::signing {
namespace {

using test::accepted;
using test::refused;

// The least that argon2id takes, so that a test takes microseconds.
constexpr KeyFileCost kCheap{1, 8192};

SecretBytes secret(std::string_view text) {
    Bytes bytes = to_bytes(text);
    return SecretBytes::take(bytes);
}

class KeyFile : public ::testing::Test {
protected:
    /// The file with the value at `pointer` replaced.
    Bytes with(const char* pointer, const json::value& value) const {
        json::value document = *parse_json(text_of(file_));
        document.at_pointer(pointer) = value;
        return to_bytes(json::serialize(document));
    }

    SeededRandom random_{7};
    const Ed25519Signer signer_ = test::RepositorySimulator::signer("alice");
    const Bytes file_ = *seal_key(signer_, secret("correct horse"), kCheap, random_);
};

TEST_F(KeyFile, OpensWithItsPassphrase) {
    const auto opened = open_key(file_, secret("correct horse"));

    ASSERT_TRUE(accepted(opened));
    EXPECT_EQ(opened->key().id(), signer_.key().id());
    EXPECT_EQ(*opened->sign(bytes_of("m")), *signer_.sign(bytes_of("m")));
}

TEST_F(KeyFile, IsDeniedToEveryOtherPassphrase) {
    for (const char* wrong : {"", "correct hors", "correct horse ", "Correct horse", "wrong"}) {
        EXPECT_TRUE(refused(open_key(file_, secret(wrong)), Errc::kDenied)) << wrong;
    }
}

TEST_F(KeyFile, ShowsItsPublicHalfAlone) {
    const auto key = public_key_of(file_);

    ASSERT_TRUE(accepted(key));
    EXPECT_EQ(key->id(), signer_.key().id());
    const std::string text = to_text(file_);
    EXPECT_EQ(text.find(hex_encode(signer_.seed().view())), std::string::npos);
    EXPECT_EQ(text.find(base64_encode(signer_.seed().view())), std::string::npos);
    EXPECT_EQ(text.find("correct horse"), std::string::npos);
}

TEST_F(KeyFile, IsDifferentEachTimeItIsSealed) {
    const Bytes again = *seal_key(signer_, secret("correct horse"), kCheap, random_);

    EXPECT_NE(again, file_);
    EXPECT_TRUE(accepted(open_key(again, secret("correct horse"))));
}

TEST_F(KeyFile, OpensUnderTheCostItWasSealedWith) {
    const Bytes dearer = *seal_key(signer_, secret("p"), {2, 16384}, random_);

    EXPECT_TRUE(accepted(open_key(dearer, secret("p"))));
}

TEST_F(KeyFile, IsNeverInTheClear) {
    EXPECT_TRUE(refused(seal_key(signer_, secret(""), kCheap, random_), Errc::kInvalid));
}

TEST_F(KeyFile, RefusesEverySingleBitFlipOfItsSecretParts) {
    for (const char* part : {"/kdf/salt", "/secretbox/nonce", "/secretbox/sealed"}) {
        const json::value document = *parse_json(text_of(file_));
        const Bytes bytes = *hex_decode(std::string(document.at_pointer(part).as_string()));
        for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
            Bytes flipped = bytes;
            flipped[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
            EXPECT_TRUE(refused(
                open_key(with(part, json::value(hex_encode(flipped))), secret("correct horse")),
                Errc::kDenied))
                << part << " bit " << bit;
        }
    }
}

TEST_F(KeyFile, RefusesAnotherPublicKeyAroundTheSameBox) {
    const json::value other = test::RepositorySimulator::signer("mallory").key().to_json();

    EXPECT_TRUE(refused(
        open_key(with("/public", other.at_pointer("/keyval/public")), secret("correct horse")),
        Errc::kDenied));
}

TEST_F(KeyFile, RefusesACheaperCostThanItWasSealedWith) {
    const Bytes dearer = *seal_key(signer_, secret("p"), {2, 16384}, random_);
    json::value document = *parse_json(text_of(dearer));
    document.at_pointer("/kdf/operations") = 1;

    EXPECT_TRUE(refused(open_key(to_bytes(json::serialize(document)), secret("p")), Errc::kDenied));
}

// A file from outside must not make this machine work for minutes, or take all its memory.
TEST_F(KeyFile, RefusesACostPastTheLimitsBeforeItIsSpent) {
    const auto open = [this](const char* pointer, std::int64_t value) {
        return open_key(with(pointer, value), secret("correct horse"));
    };
    EXPECT_TRUE(refused(open("/kdf/operations", 17), Errc::kTooLarge));
    EXPECT_TRUE(refused(open("/kdf/memory_bytes", (1LL << 30) + 1), Errc::kTooLarge));
    EXPECT_TRUE(refused(open("/kdf/memory_bytes", std::numeric_limits<std::int64_t>::max()),
                        Errc::kTooLarge));
    EXPECT_TRUE(refused(open("/kdf/operations", 0), Errc::kMalformed));
    EXPECT_TRUE(refused(open("/kdf/memory_bytes", 8191), Errc::kMalformed));
    EXPECT_TRUE(refused(seal_key(signer_, secret("p"), {17, 8192}, random_), Errc::kTooLarge));
    EXPECT_TRUE(refused(seal_key(signer_, secret("p"), {1, 1U << 31U}, random_), Errc::kTooLarge));
    EXPECT_TRUE(refused(seal_key(signer_, secret("p"), {0, 8192}, random_), Errc::kInvalid));
}

TEST_F(KeyFile, RefusesOtherFormatsAndAlgorithms) {
    for (const char* pointer : {"/format", "/keytype", "/scheme", "/kdf/algorithm"}) {
        EXPECT_TRUE(
            refused(open_key(with(pointer, "none"), secret("correct horse")), Errc::kMalformed))
            << pointer;
    }
    EXPECT_TRUE(refused(public_key_of(with("/format", "firebreak-key-v2")), Errc::kMalformed));
}

TEST_F(KeyFile, RefusesMembersItDoesNotKnowAndUpperCase) {
    for (const char* parent : {"", "/kdf", "/secretbox"}) {
        json::value document = *parse_json(text_of(file_));
        document.at_pointer(parent).as_object()["comment"] = "";
        EXPECT_TRUE(refused(open_key(to_bytes(json::serialize(document)), secret("correct horse")),
                            Errc::kMalformed))
            << parent;
    }
    const std::string nonce(48, 'A');
    EXPECT_TRUE(refused(open_key(with("/secretbox/nonce", json::value(nonce)), secret("p")),
                        Errc::kMalformed));
    EXPECT_TRUE(refused(public_key_of(with("/public", json::value(std::string(64, '0')))),
                        Errc::kMalformed));
}

// The file is what its schema says, which is what editors and other tools go by.
TEST_F(KeyFile, IsValidByItsSchema) {
    const auto document = content::read_json("alice.key", text_of(file_));
    ASSERT_TRUE(accepted(document));
    EXPECT_TRUE(accepted(content::require_schema("key-file.v1", *document)));
}

TEST_F(KeyFile, RefusesMembersOfTheWrongTypeOrSize) {
    for (const char* pointer :
         {"/format", "/keytype", "/public", "/kdf", "/kdf/operations", "/kdf/memory_bytes",
          "/kdf/salt", "/secretbox", "/secretbox/nonce", "/secretbox/sealed"}) {
        for (const json::value& wrong : {json::value(nullptr), json::value("00"), json::value(1.5),
                                         json::value(json::array())}) {
            EXPECT_TRUE(
                refused(open_key(with(pointer, wrong), secret("correct horse")), Errc::kMalformed))
                << pointer << " " << wrong;
        }
    }
    for (const char* text : {"", "null", "{}", "[]", "-----BEGIN PRIVATE KEY-----"}) {
        EXPECT_TRUE(refused(open_key(bytes_of(text), secret("p")), Errc::kMalformed)) << text;
        EXPECT_TRUE(refused(public_key_of(bytes_of(text)), Errc::kMalformed)) << text;
    }
    EXPECT_TRUE(refused(open_key(Bytes(20'000, ' '), secret("p")), Errc::kTooLarge));
}

class PassphraseFile : public ::testing::Test {
protected:
    Result<SecretBytes> read(std::string_view text) {
        files_.files["pass"] = to_bytes(text);
        return read_passphrase_file(files_, "pass");
    }

    test::MemoryFileStore files_;
};

TEST_F(PassphraseFile, IsItsFirstLine) {
    EXPECT_EQ(to_text(read("correct horse\n")->view()), "correct horse");
    EXPECT_EQ(to_text(read("correct horse")->view()), "correct horse");
    EXPECT_EQ(to_text(read(" spaces kept \nsecond\n")->view()), " spaces kept ");
}

TEST_F(PassphraseFile, RefusesAnEmptyLineAMissingAndAHugeFile) {
    EXPECT_TRUE(refused(read(""), Errc::kInvalid));
    EXPECT_TRUE(refused(read("\nsecond"), Errc::kInvalid));
    EXPECT_TRUE(refused(read(std::string(5'000, 'x')), Errc::kTooLarge));
    EXPECT_TRUE(refused(read_passphrase_file(files_, "nowhere"), Errc::kNotFound));
}

// On a real disk, where files have modes.
TEST(PassphraseFileMode, MustBeTheOwnersAlone) {
    const std::filesystem::path path =
        std::filesystem::path(::testing::TempDir()) / "firebreak_passphrase_mode_test";
    PosixFileStore files;
    ASSERT_TRUE(accepted(files.write(path, bytes_of("secret\n"), FileMode::kPrivate)));
    using Perms = std::filesystem::perms;

    EXPECT_TRUE(accepted(read_passphrase_file(files, path)));
    for (const Perms others :
         {Perms::group_read, Perms::others_read, Perms::group_write, Perms::others_exec}) {
        std::filesystem::permissions(path, Perms::owner_read | Perms::owner_write | others);
        EXPECT_TRUE(refused(read_passphrase_file(files, path), Errc::kDenied));
    }
    std::filesystem::remove(path);
}

}  // namespace
}  // namespace firebreak::signing
