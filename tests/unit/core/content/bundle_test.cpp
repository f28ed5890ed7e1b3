#include "core/content/bundle.hpp"

#include <zstd.h>

#include <algorithm>
#include <gtest/gtest.h>

#include "core/base/errc.hpp"
#include "core/base/random.hpp"

namespace firebreak::content {
namespace {

Manifest manifest_of(std::int64_t counter) {
    Manifest manifest;
    manifest.stream = "yara";
    manifest.counter = counter;
    manifest.content_type = "yara-source";
    manifest.author = "rules team";
    return manifest;
}

std::vector<ContentFile> some_files() {
    return {{"b.yar", to_bytes("rule b { condition: true }")},
            {"empty", {}},
            {"a/a.yar", to_bytes(std::string(5000, 'a'))}};
}

Bytes packed() {
    const Result<Bytes> bytes = pack_bundle(manifest_of(1), some_files());
    EXPECT_TRUE(bytes);
    return *bytes;
}

/// Where the manifest ends and the frame starts.
std::size_t frame_at(ByteView bytes) {
    return 16U + bytes[12] + 256U * bytes[13];
}

/// A bundle by hand: any manifest text, any content.
Bytes assembled(std::string_view manifest, ByteView frame) {
    Bytes bytes = {0x89, 'F', 'B', 'B', 0x0D, 0x0A, 0x1A, 0x0A, 1, 0, 0, 0};
    for (unsigned shift = 0; shift < 32; shift += 8) {
        bytes.push_back(static_cast<std::uint8_t>(manifest.size() >> shift));
    }
    bytes.insert(bytes.end(), manifest.begin(), manifest.end());
    bytes.insert(bytes.end(), frame.begin(), frame.end());
    return bytes;
}

/// A zstd frame with the parameters that an attacker may choose.
Bytes frame_of(ByteView content, bool checksum = false, bool size = true, int window_log = 0) {
    ZSTD_CCtx* context = ZSTD_createCCtx();
    ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, checksum ? 1 : 0);
    ZSTD_CCtx_setParameter(context, ZSTD_c_contentSizeFlag, size ? 1 : 0);
    ZSTD_CCtx_setParameter(context, ZSTD_c_windowLog, window_log);
    Bytes frame(ZSTD_compressBound(content.size()));
    frame.resize(
        ZSTD_compress2(context, frame.data(), frame.size(), content.data(), content.size()));
    ZSTD_freeCCtx(context);
    return frame;
}

/// The manifest of one file "a" with the given length and the digest of `content`.
std::string manifest_text(std::uint64_t length, ByteView content) {
    Manifest manifest = manifest_of(1);
    manifest.files = {{"a", length, sha256(content)}};
    return serialize_manifest(manifest);
}

/// Refused by code, wholly, and (whatever the caps) never by a crash.
void expect_refused(ByteView bytes, Errc code, std::string_view reason) {
    const Result<Bundle> bundle = unpack_bundle(bytes);
    ASSERT_FALSE(bundle);
    EXPECT_EQ(bundle.error(), code) << bundle.error().to_string();
    EXPECT_NE(bundle.error().context().find(reason), std::string::npos)
        << bundle.error().to_string();
}

TEST(PackBundle, UnpacksToTheSameFilesSortedByName) {
    const Bytes bytes = packed();

    const Result<Bundle> bundle = unpack_bundle(bytes);

    ASSERT_TRUE(bundle) << bundle.error().to_string();
    ASSERT_EQ(bundle->files.size(), 3U);
    EXPECT_EQ(bundle->files[0].name, "a/a.yar");
    EXPECT_EQ(to_text(bundle->files[1].bytes), "rule b { condition: true }");
    EXPECT_TRUE(bundle->files[2].bytes.empty());
    EXPECT_EQ(bundle->sha256, sha256(bytes));
    EXPECT_EQ(bundle->manifest.counter, 1);
}

TEST(PackBundle, GivesTheSameBytesWhateverTheOrderOfItsInput) {
    std::vector<ContentFile> files = some_files();
    Manifest one = manifest_of(1);
    one.actions = {"report", "quarantine"};
    Manifest other = manifest_of(1);
    other.actions = {"quarantine", "report"};
    const Result<Bytes> first = pack_bundle(one, files);
    std::ranges::reverse(files);

    const Result<Bytes> second = pack_bundle(other, files);

    ASSERT_TRUE(first);
    ASSERT_TRUE(second);
    EXPECT_EQ(*first, *second);
}

TEST(PackBundle, FollowsTheDocumentedLayout) {
    const Bytes bytes = packed();

    const Bytes head(bytes.begin(), bytes.begin() + 12);
    EXPECT_EQ(head, (Bytes{0x89, 'F', 'B', 'B', 0x0D, 0x0A, 0x1A, 0x0A, 1, 0, 0, 0}));
    EXPECT_EQ(bytes[16], '{');
    const std::size_t frame = frame_at(bytes);
    EXPECT_EQ(bytes[frame - 1], '\n');
    EXPECT_EQ(Bytes(bytes.begin() + static_cast<std::ptrdiff_t>(frame),
                    bytes.begin() + static_cast<std::ptrdiff_t>(frame) + 4),
              (Bytes{0x28, 0xB5, 0x2F, 0xFD}));
    EXPECT_EQ(ZSTD_findFrameCompressedSize(bytes.data() + frame, bytes.size() - frame),
              bytes.size() - frame);
}

TEST(PackBundle, RefusesUnsafeRepeatedAndMissingNames) {
    const auto code_of = [](std::vector<ContentFile> files) {
        const Result<Bytes> bytes = pack_bundle(manifest_of(1), std::move(files));
        return bytes ? 0 : bytes.error().code().value();
    };
    constexpr int kInvalid = static_cast<int>(Errc::kInvalid);
    EXPECT_EQ(code_of({}), kInvalid);
    EXPECT_EQ(code_of({{"../a", {}}}), kInvalid);
    EXPECT_EQ(code_of({{"a", {}}, {"a", {}}}), kInvalid);
    EXPECT_EQ(code_of({{"a", {}}, {"A", {}}}), kInvalid);
}

TEST(PackBundle, RefusesACounterBelowOne) {
    const Result<Bytes> bytes = pack_bundle(manifest_of(0), some_files());

    ASSERT_FALSE(bytes);
    EXPECT_EQ(bytes.error(), Errc::kInvalid);
}

TEST(PackBundle, RefusesWhatItsReaderWouldRefuse) {
    const Bytes zeros(std::size_t{1} << 20U, 0);
    // A MiB of zeros is free; three of them are past 200 bytes for one.
    EXPECT_TRUE(pack_bundle(manifest_of(1), {{"a", zeros}}));
    const Result<Bytes> bomb =
        pack_bundle(manifest_of(1), {{"a", zeros}, {"b", zeros}, {"c", zeros}});
    ASSERT_FALSE(bomb);
    EXPECT_EQ(bomb.error(), Errc::kTooLarge);

    const Result<Bytes> large =
        pack_bundle(manifest_of(1), some_files(), {.bundle_bytes_max = 100});
    ASSERT_FALSE(large);
    EXPECT_EQ(large.error(), Errc::kTooLarge);

    const Result<Bytes> wordy =
        pack_bundle(manifest_of(1), some_files(), {.manifest_bytes_max = 100});
    ASSERT_FALSE(wordy);
    EXPECT_EQ(wordy.error(), Errc::kTooLarge);
}

TEST(UnpackBundle, RefusesEveryTruncation) {
    const Bytes bytes = packed();
    for (std::size_t length = 0; length < bytes.size(); ++length) {
        const Result<Bundle> bundle = unpack_bundle(ByteView(bytes).first(length));
        ASSERT_FALSE(bundle) << length;
        EXPECT_EQ(bundle.error(), Errc::kMalformed) << length << bundle.error().to_string();
    }
}

TEST(UnpackBundle, RefusesEveryFlippedBitOfFrameOrHeader) {
    const Bytes bytes = packed();
    const std::size_t frame = frame_at(bytes);
    for (std::size_t at = 0; at < bytes.size(); ++at) {
        if (at >= 16 && at < frame) continue;  // The manifest's texts are free to say anything.
        for (unsigned bit = 0; bit < 8; ++bit) {
            Bytes broken = bytes;
            broken[at] ^= static_cast<std::uint8_t>(1U << bit);
            const Result<Bundle> bundle = unpack_bundle(broken);
            // zstd has bits that mean nothing (how a table was built); the digests decide.
            if (bundle) {
                EXPECT_EQ(bundle->files[0].bytes, to_bytes(std::string(5000, 'a')));
                EXPECT_NE(bundle->sha256, sha256(bytes));
            }
        }
    }
}

TEST(UnpackBundle, RefusesAnotherMagicAndSaysWhatItIsNot) {
    Bytes bytes = packed();
    bytes[3] = 'C';
    expect_refused(bytes, Errc::kMalformed, "byte 0: no Firebreak bundle");
    expect_refused({}, Errc::kMalformed, "byte 0: no Firebreak bundle");
}

TEST(UnpackBundle, RefusesWhatATextModeTransferDidToIt) {
    Bytes bytes = packed();
    bytes.erase(bytes.begin() + 4);  // CR LF became LF.
    expect_refused(bytes, Errc::kMalformed, "byte 0");
}

TEST(UnpackBundle, TellsALaterFormatFromNone) {
    Bytes bytes = packed();
    bytes[8] = 2;
    expect_refused(bytes, Errc::kUnsupported, "byte 8: format version 2");
    bytes[8] = 0;
    expect_refused(bytes, Errc::kMalformed, "byte 8: format version 0");
}

TEST(UnpackBundle, RefusesAManifestLongerThanTheFile) {
    Bytes bytes = packed();
    bytes[14] = 1;
    expect_refused(bytes, Errc::kMalformed, "byte 12");
    bytes[15] = 0xFF;
    expect_refused(bytes, Errc::kTooLarge, "byte 12");
}

TEST(UnpackBundle, NamesTheMemberOfABrokenManifest) {
    const std::string text = manifest_text(1, bytes_of("x"));
    const std::string broken = std::string(text).replace(text.find("\"a\""), 3, "\"../a\"");
    expect_refused(assembled(broken, frame_of(bytes_of("x"))), Errc::kInvalid,
                   "bundle: byte 16: manifest.files[0].name");
}

TEST(UnpackBundle, RefusesAnythingAfterTheFrame) {
    Bytes bytes = packed();
    bytes.push_back(0);
    expect_refused(bytes, Errc::kMalformed, "follows the end");

    // Not even a second frame, or one that readers skip (RFC 8878, 3.1.2).
    const Bytes content = to_bytes("x");
    Bytes twice = frame_of(content);
    const Bytes empty = frame_of({});
    twice.insert(twice.end(), empty.begin(), empty.end());
    expect_refused(assembled(manifest_text(1, content), twice), Errc::kMalformed,
                   "follows the end");
    Bytes skipped = {0x50, 0x2A, 0x4D, 0x18, 0, 0, 0, 0};
    const Bytes frame = frame_of(content);
    skipped.insert(skipped.end(), frame.begin(), frame.end());
    expect_refused(assembled(manifest_text(1, content), skipped), Errc::kMalformed,
                   "no zstd frame");
}

TEST(UnpackBundle, RefusesContentOfAnotherSizeThanPromised) {
    const Bytes content = to_bytes("four");
    expect_refused(assembled(manifest_text(3, content), frame_of(content)), Errc::kMalformed,
                   "does not hold the 3 bytes");
    expect_refused(assembled(manifest_text(5, content), frame_of(content)), Errc::kMalformed,
                   "does not hold the 5 bytes");
    expect_refused(assembled(manifest_text(4, content), frame_of(content, false, false)),
                   Errc::kMalformed, "does not hold the 4 bytes");
}

TEST(UnpackBundle, RefusesAFrameThatLiesAboutItsSize) {
    // Single segment, content size 200 in one byte, then one raw last block of 4 bytes: RFC 8878,
    // 3.1.1.1 and 3.1.1.2.
    const Bytes lying = {0x28, 0xB5, 0x2F, 0xFD, 0x20, 200, 0x21, 0, 0, 'f', 'o', 'u', 'r'};
    const Result<Bundle> bundle = unpack_bundle(assembled(manifest_text(200, {}), lying));
    ASSERT_FALSE(bundle);
    EXPECT_EQ(bundle.error(), Errc::kMalformed);

    // And one that holds more than it says.
    const Bytes modest = {0x28, 0xB5, 0x2F, 0xFD, 0x20, 2, 0x21, 0, 0, 'f', 'o', 'u', 'r'};
    const Result<Bundle> more = unpack_bundle(assembled(manifest_text(2, to_bytes("fo")), modest));
    ASSERT_FALSE(more);
    EXPECT_EQ(more.error(), Errc::kMalformed);
}

TEST(UnpackBundle, RefusesFrameFeaturesOutsideTheFormat) {
    const Bytes content = to_bytes("four");
    expect_refused(assembled(manifest_text(4, content), frame_of(content, true)), Errc::kMalformed,
                   "a dictionary, a checksum or a reserved feature");
}

TEST(UnpackBundle, RefusesAWindowThatWouldTakeMoreMemoryThanTheFormatAllows) {
    SeededRandom random(1);
    const Bytes content = random.bytes((8U << 20U) + 100U);
    const std::string manifest = manifest_text(content.size(), content);

    expect_refused(assembled(manifest, frame_of(content, false, true, 27)), Errc::kTooLarge,
                   "more than 8 MiB");
    EXPECT_TRUE(unpack_bundle(assembled(manifest, frame_of(content, false, true, 23))));
}

TEST(UnpackBundle, RefusesABombBeforeTakingMemoryForIt) {
    // 64 MiB promised by a frame of a few bytes: what the header says is enough to refuse it.
    constexpr std::uint32_t kSize = 64U << 20U;
    Bytes frame = {0x28, 0xB5, 0x2F, 0xFD, 0x80, 0x68};
    for (unsigned shift = 0; shift < 32; shift += 8) {
        frame.push_back(static_cast<std::uint8_t>(kSize >> shift));
    }
    frame.insert(frame.end(), {0x02, 0, 0, 0});

    expect_refused(assembled(manifest_text(kSize, {}), frame), Errc::kTooLarge, "past the ratio");
}

TEST(UnpackBundle, RefusesContentThatDoesNotMatchItsDigest) {
    expect_refused(assembled(manifest_text(4, to_bytes("four")), frame_of(to_bytes("Four"))),
                   Errc::kCorrupt, "a: content does not match its digest");
}

TEST(UnpackBundle, RefusesABundlePastItsCap) {
    const Bytes bytes = packed();
    const Result<Bundle> bundle = unpack_bundle(bytes, {.bundle_bytes_max = bytes.size() - 1});
    ASSERT_FALSE(bundle);
    EXPECT_EQ(bundle.error(), Errc::kTooLarge);
}

TEST(PeekManifest, ReadsTheManifestOfABundleWhoseContentIsBroken) {
    Bytes bytes = packed();
    bytes.back() ^= 1U;
    bytes.pop_back();

    const Result<Manifest> manifest = peek_manifest(bytes);

    ASSERT_TRUE(manifest);
    EXPECT_EQ(manifest->counter, 1);
    EXPECT_FALSE(unpack_bundle(bytes));
}

TEST(Bundle, CarriesContentThatDoesNotCompress) {
    SeededRandom random(7);
    const Bytes noise = random.bytes(300'000);
    const Result<Bytes> bytes = pack_bundle(manifest_of(1), {{"noise", noise}});
    ASSERT_TRUE(bytes);

    const Result<Bundle> bundle = unpack_bundle(*bytes);

    ASSERT_TRUE(bundle);
    EXPECT_EQ(bundle->files[0].bytes, noise);
}

}  // namespace
}  // namespace firebreak::content
