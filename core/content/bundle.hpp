#pragma once

#include <vector>

#include "core/content/manifest.hpp"

namespace firebreak::content {

/// One file of content, whole, in memory.
struct ContentFile {
    std::string name;
    Bytes bytes;
};

/// A bundle, unpacked: every digest in the manifest has been checked against the bytes.
struct Bundle {
    Manifest manifest;
    std::vector<ContentFile> files;  ///< In the order of manifest.files.
    Sha256 sha256;                   ///< Of the packed bytes: the bundle's identity.
};

/// Packs `files` under `manifest` (whose own `files` are filled in here). Deterministic: the same
/// input gives the same bytes, whatever the order of `files` and the clock. Format:
/// docs/formats/bundle.md.
///
/// @returns the .fbb bytes; Errc::kInvalid for an unsafe or repeated name, no file at all, or a
///   counter below 1; Errc::kTooLarge past `limits`.
[[nodiscard]] Result<Bytes> pack_bundle(Manifest manifest, std::vector<ContentFile> files,
                                        const BundleLimits& limits = {});

/// Reads a bundle back, all of it or nothing.
///
/// @returns the bundle, or Errc::kMalformed with offset and reason, Errc::kTooLarge,
///   Errc::kUnsupported for a later format version, Errc::kCorrupt where a digest does not match.
[[nodiscard]] Result<Bundle> unpack_bundle(ByteView bytes, const BundleLimits& limits = {});

/// The manifest alone, without unpacking the rest (whose digests are therefore not checked).
[[nodiscard]] Result<Manifest> peek_manifest(ByteView bytes, const BundleLimits& limits = {});

}  // namespace firebreak::content
