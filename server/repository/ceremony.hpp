#pragma once

#include <chrono>
#include <string_view>

#include "core/base/bytes.hpp"
#include "core/base/error.hpp"
#include "core/trust/metadata.hpp"

namespace firebreak::server {

/// The roles that the top-level targets role delegates to, and the paths each may speak for.
inline constexpr std::string_view kContentRole = "content";
inline constexpr std::string_view kContentPaths = "content/*/*";
inline constexpr std::string_view kRolloutRole = "rollout";
inline constexpr std::string_view kRolloutPaths = "rings/*";

/// What the key ceremony hands over: three files, signed by keys that never come near this server.
struct CeremonyFiles {
    Bytes root;
    Bytes targets;
    Bytes content;
};

/// The same, verified.
struct Ceremony {
    trust::Root root;
    trust::Targets targets;
    trust::Targets content;
};

/// Checks that `files` are what this server can run on: each is signed by its threshold and not
/// expired; root asks for consistent snapshots; targets delegates to exactly the two roles above,
/// both terminating, and lists nothing itself; `online` is the one key of rollout, snapshot and
/// timestamp, and is not among the keys of root, targets or content (P4); content lists nothing
/// yet.
///
/// @returns the documents, or the error with the file and the remedy: trust::Errc for what trust
///   refuses, Errc::kInvalid for what this server does.
[[nodiscard]] Result<Ceremony> verify_ceremony(const CeremonyFiles& files, const trust::Key& online,
                                               std::chrono::sys_seconds now);

/// The structure alone, for documents that are on disk already: what verify_ceremony checks but for
/// dates, which are no reason to stop a server that runs.
[[nodiscard]] Result<void> check_roles(const trust::Root& root, const trust::Targets& targets,
                                       const trust::Key& online);

/// @returns the content role when `bytes` meet its threshold under `targets`.
/// @pre check_roles passed for `targets`.
[[nodiscard]] Result<trust::Targets> verify_content_role(ByteView bytes,
                                                         const trust::Targets& targets);

/// nullptr when `targets` does not delegate to `name`.
const trust::DelegatedRole* delegated_role(const trust::Targets& targets, std::string_view name);

}  // namespace firebreak::server
