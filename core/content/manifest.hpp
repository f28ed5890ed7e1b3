#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/base/digest.hpp"
#include "core/base/error.hpp"
#include "core/base/json.hpp"

namespace firebreak::content {

/// Caps on a bundle, all checked before memory is taken for it.
struct BundleLimits {
    std::uint64_t bundle_bytes_max = 256U << 20U;
    std::uint64_t manifest_bytes_max = 4U << 20U;
    std::uint64_t file_bytes_max = 64U << 20U;
    std::uint64_t unpacked_bytes_max = 512U << 20U;
    std::size_t files_max = 10'000;
    std::size_t name_bytes_max = 200;
    std::uint64_t ratio_max = 200;  ///< Unpacked bytes per packed byte, past the first MiB.
};

struct ManifestFile {
    std::string name;
    std::uint64_t length = 0;
    Sha256 sha256;
};

/// Caps on the lists and texts of a manifest.
inline constexpr std::size_t kManifestListMax = 1'000;
inline constexpr std::size_t kManifestWordBytesMax = 100;
inline constexpr std::size_t kManifestAuthorBytesMax = 200;
inline constexpr std::size_t kManifestNotesBytesMax = 16'384;

/// What a bundle says of itself. Schema: schemas/manifest.v1.json. The word lists are sets: sorted,
/// no word twice.
struct Manifest {
    std::string stream;                     ///< "yara": [a-z0-9][a-z0-9-]{0,63}.
    std::int64_t counter = 0;               ///< From 1, monotonic per stream.
    std::string content_type;               ///< What engines declare to load: "yara-source".
    std::vector<ManifestFile> files;        ///< Sorted by name.
    std::vector<std::string> contracts;     ///< Event contracts: "process_creation/v1".
    std::vector<std::string> capabilities;  ///< What an engine must offer: "yara.module.elf".
    std::vector<std::string> actions;       ///< What a match may do: "report", "quarantine".
    std::string author;
    std::string release_notes;
};

/// @returns the manifest, or Errc::kMalformed/kInvalid/kTooLarge with the member's path. Strict:
///   every member must be there and no other, and what it says must pass check_manifest.
[[nodiscard]] Result<Manifest> parse_manifest(std::string_view text, const BundleLimits& limits);

/// Whether `manifest` keeps the rules that pack and parse share: a stream name, a counter from 1,
/// at
/// least one file; names safe (safe_name), sorted, unique also when case is ignored, and none of
/// them a folder of another; lengths and counts within `limits`; lists of words sorted and unique.
///
/// @returns Errc::kInvalid or Errc::kTooLarge with the member's path ("manifest.files[2].name: …").
[[nodiscard]] Result<void> check_manifest(const Manifest& manifest, const BundleLimits& limits);

/// The same bytes for the same manifest, always.
std::string serialize_manifest(const Manifest& manifest);

/// A plain relative path that means the same on every system: segments of [A-Za-z0-9._+-], none
/// empty, none starting or ending with '.', none a device of Windows ("con", "aux.yar"), joined by
/// '/', within `bytes_max`.
bool safe_name(std::string_view name, std::size_t bytes_max);

bool valid_stream_name(std::string_view name);

}  // namespace firebreak::content
