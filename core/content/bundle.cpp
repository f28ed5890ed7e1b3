#include "core/content/bundle.hpp"

#include <zstd.h>

#include <algorithm>
#include <array>
#include <memory>
#include <optional>

#include "core/base/check.hpp"
#include "core/base/errc.hpp"

namespace firebreak::content {
namespace {

// docs/formats/bundle.md is the reference for all of these.
constexpr std::array<std::uint8_t, 8> kMagic = {0x89, 'F', 'B', 'B', 0x0D, 0x0A, 0x1A, 0x0A};
constexpr std::uint32_t kFormatVersion = 1;
constexpr std::size_t kVersionAt = 8;
constexpr std::size_t kManifestLengthAt = 12;
constexpr std::size_t kManifestAt = 16;
constexpr std::array<std::uint8_t, 4> kFrameMagic = {0x28, 0xB5, 0x2F, 0xFD};
constexpr int kLevel = 19;
constexpr int kWindowLog = 23;  ///< 8 MiB: what a reader must be ready to keep.
constexpr std::uint64_t kRatioFreeBytes = 1U << 20U;

tl::unexpected<Error> fail_at(Errc code, std::size_t offset, const std::string& reason) {
    return fail(code, "bundle: byte " + std::to_string(offset) + ": " + reason);
}

void append_u32(Bytes& bytes, std::uint32_t value) {
    for (unsigned shift = 0; shift < 32; shift += 8) {
        bytes.push_back(static_cast<std::uint8_t>(value >> shift));
    }
}

std::uint32_t read_u32(ByteView bytes, std::size_t at) {
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < 4; ++i) value |= std::uint32_t{bytes[at + i]} << (8 * i);
    return value;
}

struct FreeCompressor {
    void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
};
struct FreeDecompressor {
    void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
};

std::uint64_t unpacked_length(const Manifest& manifest) {
    std::uint64_t total = 0;
    for (const ManifestFile& file : manifest.files) total += file.length;
    return total;
}

Result<Bytes> compress(const std::vector<ContentFile>& files, std::uint64_t total) {
    const std::unique_ptr<ZSTD_CCtx, FreeCompressor> context(ZSTD_createCCtx());
    FIREBREAK_CHECK(context);
    const std::array<std::pair<ZSTD_cParameter, int>, 4> parameters = {{
        {ZSTD_c_compressionLevel, kLevel},
        {ZSTD_c_windowLog, kWindowLog},
        {ZSTD_c_contentSizeFlag, 1},
        {ZSTD_c_checksumFlag, 0},  // Every digest is in the manifest.
    }};
    for (const auto& [parameter, value] : parameters) {
        FIREBREAK_CHECK(ZSTD_isError(ZSTD_CCtx_setParameter(context.get(), parameter, value)) == 0);
    }
    FIREBREAK_CHECK(ZSTD_isError(ZSTD_CCtx_setPledgedSrcSize(context.get(), total)) == 0);

    Bytes frame(ZSTD_compressBound(total));
    ZSTD_outBuffer out{frame.data(), frame.size(), 0};
    const auto feed = [&](ByteView bytes, ZSTD_EndDirective directive) {
        ZSTD_inBuffer in{bytes.data(), bytes.size(), 0};
        std::size_t left = 0;
        do {
            left = ZSTD_compressStream2(context.get(), &out, &in, directive);
        } while (ZSTD_isError(left) == 0 &&
                 (in.pos < in.size || (directive == ZSTD_e_end && left > 0)));
        return left;
    };
    for (const ContentFile& file : files) {
        const std::size_t code = feed(file.bytes, ZSTD_e_continue);
        if (ZSTD_isError(code) != 0) return fail(Errc::kUnavailable, ZSTD_getErrorName(code));
    }
    const std::size_t code = feed({}, ZSTD_e_end);
    if (ZSTD_isError(code) != 0) return fail(Errc::kUnavailable, ZSTD_getErrorName(code));
    frame.resize(out.pos);
    return frame;
}

/// The plain part of a bundle: where the frame starts, and what must be in it.
struct Head {
    Manifest manifest;
    std::size_t frame_at = 0;
};

Result<Head> read_head(ByteView bytes, const BundleLimits& limits) {
    if (bytes.size() > limits.bundle_bytes_max) {
        return fail(Errc::kTooLarge, "bundle: has " + std::to_string(bytes.size()) +
                                         " bytes, limit " +
                                         std::to_string(limits.bundle_bytes_max));
    }
    const std::size_t magic_bytes = std::min(bytes.size(), kMagic.size());
    if (bytes.empty() ||
        !std::ranges::equal(bytes.first(magic_bytes), std::span(kMagic).first(magic_bytes))) {
        return fail_at(Errc::kMalformed, 0, "no Firebreak bundle (.fbb): the magic is not there");
    }
    if (bytes.size() < kManifestAt) {
        return fail_at(Errc::kMalformed, bytes.size(), "ends inside the header of 16 bytes");
    }
    const std::uint32_t version = read_u32(bytes, kVersionAt);
    if (version != kFormatVersion) {
        return fail_at(version > kFormatVersion ? Errc::kUnsupported : Errc::kMalformed, kVersionAt,
                       "format version " + std::to_string(version) + ", this build reads " +
                           std::to_string(kFormatVersion));
    }
    const std::uint32_t length = read_u32(bytes, kManifestLengthAt);
    if (length > limits.manifest_bytes_max) {
        return fail_at(Errc::kTooLarge, kManifestLengthAt,
                       "manifest of " + std::to_string(length) + " bytes, limit " +
                           std::to_string(limits.manifest_bytes_max));
    }
    if (length > bytes.size() - kManifestAt) {
        return fail_at(Errc::kMalformed, kManifestLengthAt,
                       "manifest of " + std::to_string(length) + " bytes, but only " +
                           std::to_string(bytes.size() - kManifestAt) + " follow");
    }
    Result<Manifest> manifest = parse_manifest(text_of(bytes.subspan(kManifestAt, length)), limits);
    if (!manifest) return fail(manifest.error().seen_from("bundle: byte 16"));
    return Head{std::move(*manifest), kManifestAt + length};
}

/// What a decoder of `frame` must keep at hand (RFC 8878 section 3.1.1.1.2). @pre one byte follows
/// the descriptor, and its low four bits are 0.
std::uint64_t window_of(ByteView frame, std::uint64_t content_size) {
    constexpr std::uint8_t kSingleSegment = 0x20;
    if ((frame[kFrameMagic.size()] & kSingleSegment) != 0) return content_size;
    const std::uint8_t descriptor = frame[kFrameMagic.size() + 1];
    const std::uint64_t base = std::uint64_t{1} << (10U + (descriptor >> 3U));
    return base + base / 8 * (descriptor & 7U);
}

/// What RFC 8878 section 3.1.1.1 lets a frame header say, and this format does not: a dictionary,
/// a checksum, a missing or other content size, a window past the format's.
Result<void> check_frame_header(ByteView bytes, const Head& head, const BundleLimits& limits) {
    const ByteView frame = bytes.subspan(head.frame_at);
    if (frame.size() < kFrameMagic.size() + 2 ||
        !std::ranges::equal(frame.first(kFrameMagic.size()), kFrameMagic)) {
        return fail_at(Errc::kMalformed, head.frame_at, "no zstd frame where the content starts");
    }
    const std::uint8_t descriptor = frame[kFrameMagic.size()];
    if ((descriptor & 0x0FU) != 0) {
        return fail_at(Errc::kMalformed, head.frame_at + kFrameMagic.size(),
                       "frame header asks for a dictionary, a checksum or a reserved feature");
    }
    const std::uint64_t promised = unpacked_length(head.manifest);
    const unsigned long long stated = ZSTD_getFrameContentSize(frame.data(), frame.size());
    if (stated != promised) {
        return fail_at(Errc::kMalformed, head.frame_at,
                       "frame does not hold the " + std::to_string(promised) +
                           " bytes that the manifest promises");
    }
    if (window_of(frame, promised) > (std::uint64_t{1} << kWindowLog)) {
        return fail_at(Errc::kTooLarge, head.frame_at,
                       "frame needs a window of more than 8 MiB to be read");
    }
    if (promised > kRatioFreeBytes &&
        promised - kRatioFreeBytes > frame.size() * limits.ratio_max) {
        return fail_at(Errc::kTooLarge, head.frame_at,
                       std::to_string(frame.size()) + " bytes would become " +
                           std::to_string(promised) + ", past the ratio of " +
                           std::to_string(limits.ratio_max));
    }
    return {};
}

/// The frame's contents, in pieces as long as the caller wants them: never more memory than that.
class FrameReader {
public:
    FrameReader(ByteView bytes, std::size_t frame_at)
        : context_(ZSTD_createDCtx()), in_{bytes.data(), bytes.size(), frame_at} {
        FIREBREAK_CHECK(context_);
        FIREBREAK_CHECK(ZSTD_isError(ZSTD_DCtx_setParameter(context_.get(), ZSTD_d_windowLogMax,
                                                            kWindowLog)) == 0);
    }

    /// Fills `into` from where the last call stopped.
    Result<void> fill(std::span<std::uint8_t> into) {
        ZSTD_outBuffer out{into.data(), into.size(), 0};
        while (out.pos < out.size) {
            if (Result<void> stepped = step(out); !stepped) return stepped;
        }
        return {};
    }

    /// The frame must be over now, and the file with it.
    Result<void> finish() {
        std::uint8_t surplus = 0;
        ZSTD_outBuffer out{&surplus, 1, 0};
        while (!ended_) {
            if (Result<void> stepped = step(out); !stepped) return stepped;
            if (out.pos > 0) {
                return fail_at(Errc::kMalformed, in_.pos, "more content than the manifest names");
            }
        }
        if (in_.pos != in_.size) {
            return fail_at(Errc::kMalformed, in_.pos, "something follows the end of the content");
        }
        return {};
    }

private:
    Result<void> step(ZSTD_outBuffer& out) {
        if (ended_) return fail_at(Errc::kMalformed, in_.pos, "content ends too early");
        const std::size_t in_before = in_.pos;
        const std::size_t out_before = out.pos;
        const std::size_t code = ZSTD_decompressStream(context_.get(), &out, &in_);
        if (ZSTD_isError(code) != 0) {
            return fail_at(Errc::kMalformed, in_.pos,
                           std::string("zstd: ") + ZSTD_getErrorName(code));
        }
        ended_ = code == 0;
        if (!ended_ && in_.pos == in_before && out.pos == out_before) {
            return fail_at(Errc::kMalformed, in_.pos, "ends inside the content");
        }
        return {};
    }

    std::unique_ptr<ZSTD_DCtx, FreeDecompressor> context_;
    ZSTD_inBuffer in_;
    bool ended_ = false;
};

}  // namespace

Result<Bytes> pack_bundle(Manifest manifest, std::vector<ContentFile> files,
                          const BundleLimits& limits) {
    std::ranges::sort(files, {}, &ContentFile::name);
    std::ranges::sort(manifest.contracts);
    std::ranges::sort(manifest.capabilities);
    std::ranges::sort(manifest.actions);
    manifest.files.clear();
    for (const ContentFile& file : files) {
        manifest.files.push_back({file.name, file.bytes.size(), sha256(file.bytes)});
    }
    if (const Result<void> checked = check_manifest(manifest, limits); !checked) {
        return fail(checked.error());
    }
    const std::string text = serialize_manifest(manifest);
    if (text.size() > limits.manifest_bytes_max) {
        return fail(Errc::kTooLarge, "manifest: has " + std::to_string(text.size()) +
                                         " bytes, limit " +
                                         std::to_string(limits.manifest_bytes_max));
    }
    const Result<Bytes> frame = compress(files, unpacked_length(manifest));
    if (!frame) return fail(frame.error().seen_from("bundle"));

    Bytes bytes(kMagic.begin(), kMagic.end());
    append_u32(bytes, kFormatVersion);
    append_u32(bytes, static_cast<std::uint32_t>(text.size()));
    bytes.insert(bytes.end(), text.begin(), text.end());
    bytes.insert(bytes.end(), frame->begin(), frame->end());
    // What cannot be read back must not be shipped: the reader's caps hold for the writer too.
    const Result<Head> head = read_head(bytes, limits);
    if (!head) return fail(head.error());
    if (const Result<void> checked = check_frame_header(bytes, *head, limits); !checked) {
        return fail(checked.error());
    }
    return bytes;
}

Result<Bundle> unpack_bundle(ByteView bytes, const BundleLimits& limits) {
    Result<Head> head = read_head(bytes, limits);
    if (!head) return fail(head.error());
    if (const Result<void> checked = check_frame_header(bytes, *head, limits); !checked) {
        return fail(checked.error());
    }
    FrameReader reader(bytes, head->frame_at);
    Bundle bundle;
    for (const ManifestFile& file : head->manifest.files) {
        ContentFile content{file.name, Bytes(static_cast<std::size_t>(file.length))};
        if (const Result<void> filled = reader.fill(content.bytes); !filled) {
            return fail(filled.error());
        }
        if (sha256(content.bytes) != file.sha256) {
            return fail(Errc::kCorrupt,
                        "bundle: " + file.name + ": content does not match its digest");
        }
        bundle.files.push_back(std::move(content));
    }
    if (const Result<void> finished = reader.finish(); !finished) return fail(finished.error());
    bundle.manifest = std::move(head->manifest);
    bundle.sha256 = sha256(bytes);
    return bundle;
}

Result<Manifest> peek_manifest(ByteView bytes, const BundleLimits& limits) {
    Result<Head> head = read_head(bytes, limits);
    if (!head) return fail(head.error());
    return std::move(head->manifest);
}

}  // namespace firebreak::content
