#pragma once

#include <string>
#include <string_view>

#include "server/store/sqlite_database.hpp"
#include "server/store/store.hpp"

namespace firebreak::server {

/// Rows to values: each SELECT stands beside the reader that knows the order of its columns.
/// Readers return Errc::kCorrupt for a value that does not read back.

inline const std::string kSelectLog =
    "SELECT sequence, time_ms, kind, actor, data, previous, hash FROM log ";
[[nodiscard]] Result<rollout::LogEntry> log_entry_of(const Rows& row);

inline const std::string kSelectDevices =
    "SELECT id, tenant, ring, public_key, enrolment_token, engine_build, attributes, enrolled_ms, "
    "last_seen_ms, revoked, tags, placed_by, placed_name FROM devices ";
[[nodiscard]] Result<Device> device_of(const Rows& row);

inline const std::string kSelectEnrolmentTokens =
    "SELECT id, tenant, ring, secret_hash, uses_left, created_ms, expires_ms, tags "
    "FROM enrolment_tokens ";
[[nodiscard]] Result<EnrolmentToken> enrolment_token_of(const Rows& row);

inline const std::string kSelectTokens =
    "SELECT id, name, role, secret_hash, created_ms, expires_ms, revoked FROM api_tokens ";
[[nodiscard]] Result<ApiToken> token_of(const Rows& row);

inline const std::string kSelectReleases =
    "SELECT stream, counter, bundle, attestation, target, plan, phase, published_ms, publisher, "
    "final_view FROM releases ";
[[nodiscard]] Result<Release> release_of(const Rows& row);

std::string_view name_of(BlobKind kind);
[[nodiscard]] Result<BlobKind> blob_kind_of(std::string_view name);

}  // namespace firebreak::server
