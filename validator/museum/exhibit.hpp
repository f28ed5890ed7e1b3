#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "core/base/file_store.hpp"
#include "core/content/manifest.hpp"
#include "sensor/sigma/events/event_contract.hpp"

namespace firebreak::validator {

/// A release of an exhibit, before it is packed.
struct ExhibitRelease {
    content::Manifest manifest{};      ///< Without files.
    std::vector<std::string> files{};  ///< Below the exhibit's folder.
    std::optional<sigma::EventContract> contract{};
    std::uint32_t copies = 1;      ///< Of each rule, under ids of its own.
    std::uint64_t damaged_at = 0;  ///< Byte from the end that was changed after packing; 0: none.
};

/// A release that once did harm, in the shape that it has in these engines, and the gate that must
/// stop it. Format: docs/formats/museum.md, schemas/exhibit.v1.json.
struct Exhibit {
    std::int64_t id = 0;
    std::string title{};
    std::string vendor{};
    std::string date{};
    std::string expected{};  ///< A stage; "rollout" or "agent"; or "admitted".
    std::string finding{};   ///< Which must be among the stage's; empty: any.
    std::optional<ExhibitRelease> release{};
    std::optional<ExhibitRelease> previous{};
    std::vector<std::string> engines{};  ///< File names without .so; empty: the product's.
    std::string new_engine{};            ///< Released while the content is live; empty: none.
    std::filesystem::path folder{};
    std::filesystem::path goodware{};  ///< Empty: none of its own.

    /// Whether the validator can play it; if not, the tests of rollout or agent do.
    bool playable() const { return release.has_value() && !live_only(); }
    bool live_only() const { return expected == "rollout" || expected == "agent"; }
};

/// Reads `folder`/exhibit.yaml, strictly.
///
/// @returns Errc::kNotFound without one, and what is wrong with it, file, line and member, else.
[[nodiscard]] Result<Exhibit> read_exhibit(const FileStore& files,
                                           const std::filesystem::path& folder);

/// Every exhibit below `museum`, one a folder, by id.
///
/// @returns Errc::kNotFound for a folder without any, Errc::kConflict for an id given twice.
[[nodiscard]] Result<std::vector<Exhibit>> read_museum(const FileStore& files,
                                                       const std::filesystem::path& museum);

/// The bundle of `release`, as `firebreak pack` would make it; then damaged, if it was.
///
/// @returns Errc::kInvalid when its rules do not compile, with the first message.
[[nodiscard]] Result<Bytes> pack_release(const FileStore& files, const Exhibit& exhibit,
                                         const ExhibitRelease& release);

}  // namespace firebreak::validator
