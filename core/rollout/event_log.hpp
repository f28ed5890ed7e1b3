#pragma once

#include <string>

#include "core/base/clock.hpp"
#include "core/base/digest.hpp"
#include "core/base/json.hpp"

namespace firebreak::rollout {

/// One line of the append-only log: what happened, chained to everything before it.
struct LogEntry {
    std::int64_t sequence = 0;  ///< From 1, without gaps.
    Instant time;
    std::string kind;   ///< "rollout.event", "bundle.published", …: 1..64 printable ASCII.
    std::string actor;  ///< "controller", "device:…", "operator:alice": 1..256 printable ASCII.
    json::value data;
    Sha256 previous;  ///< All zero for the first.
    Sha256 hash;      ///< entry_hash of this entry.
};

/// SHA-256("firebreak-log-v1" || 0 || previous || canonical text of sequence, time, kind, actor,
/// data).
///
/// The canonical text is JSON without white space, members sorted by the bytes of their names,
/// strings as UTF-8 with only '"', '\\' and control characters escaped, numbers the shortest that
/// read
/// back the same. So an entry hashes the same after any database or tool has parsed and rewritten
/// it.
/// @pre no number in `data` is infinite or not a number.
Sha256 entry_hash(const LogEntry& entry);

/// `entry` with sequence, previous and hash filled in so that it follows `last` (nullptr: the
/// first).
/// @pre kind and actor are within their limits.
LogEntry follow(const LogEntry* last, LogEntry entry);

/// @returns success when `entry` follows `last` and its hash is right; Errc::kCorrupt naming the
///   sequence and what is wrong.
[[nodiscard]] Result<void> verify_follows(const LogEntry* last, const LogEntry& entry);

json::value to_json(const LogEntry& entry);
[[nodiscard]] Result<LogEntry> parse_log_entry(const json::value& value);

}  // namespace firebreak::rollout
