#pragma once

#include <chrono>
#include <optional>
#include <set>
#include <tl/expected.hpp>
#include <vector>

#include "core/content/manifest.hpp"
#include "core/trust/key.hpp"
#include "core/trust/metadata.hpp"
#include "server/http/problem.hpp"
#include "server/rollout/driver.hpp"

namespace firebreak::server {

/// What a release manager hands in, read from where it was uploaded.
struct ReleaseDocuments {
    Sha256 bundle;
    std::uint64_t bundle_length = 0;
    content::Manifest manifest;  ///< Of the bundle.
    Sha256 attestation;
    Bytes attestation_envelope;
    Bytes content_role;  ///< Empty: the one that is published, which must list the bundle.
    json::value plan;
    std::string publisher;
};

/// What a release is checked against, all of one moment.
struct ReleaseGround {
    const trust::Targets& targets;               ///< The top-level role.
    const trust::Targets& content;               ///< The content role as published.
    const std::vector<trust::Key>& validators;   ///< Who may attest.
    std::optional<std::int64_t> newest_counter;  ///< Of the bundle's stream.
    std::set<Sha256> builds_alive;               ///< The census.
    std::chrono::sys_seconds now;
    bool lab_plans = false;  ///< Whether plans of velocity lab are taken.
    std::optional<DrillRules> drill{};
};

/// All that must hold before a release becomes a rollout (docs/api.md, POST /v1/releases). Decides
/// nothing else and does no I/O.
///
/// Of a drill: its plan has one ring, the configured one, as the vendor's own; the content role may
/// list drills for later with it (NewRelease::beside), since it is signed offline and drills are
/// held daily; and only what is alive in the devices of real streams must be attested.
///
/// @returns the release, or the first problem, whose detail names the check:
///   - 409 counter-exists      this counter, or a higher one, was published
///   - 422 release-invalid     anything about the documents
///   - 409 build-not-attested  a build alive in the fleet was not driven by the validator (P1)
[[nodiscard]] tl::expected<NewRelease, Problem> check_release(const ReleaseDocuments& documents,
                                                              const ReleaseGround& ground);

/// 409: what the loser of two publishes of one counter is told, too.
Problem counter_exists(const rollout::RolloutId& id, std::int64_t newest);

}  // namespace firebreak::server
