#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/base/digest.hpp"
#include "core/base/error.hpp"
#include "core/base/json.hpp"
#include "core/trust/key.hpp"

namespace firebreak::trust {

/// The documents of The Update Framework (specification v1.0.34, section 4), as values. Reading
/// them checks their shape and nothing else; who may be trusted is TrustedSet's matter.

using Version = std::int64_t;  ///< From 1. More than an int64 is refused: fail closed.

struct Signature {
    std::string key_id;
    Bytes value;
};

/// A signed document as it came: what was signed, in canonical form, and by whom. An empty or
/// malformed signature value stays in, as one that verifies nothing.
struct Envelope {
    json::value signed_part;
    Bytes signed_bytes;  ///< canonical_json(signed_part).
    std::vector<Signature> signatures;
};

/// @returns Errc::kMalformed for anything but {"signed": {…}, "signatures": […]}; also for two
///   signatures under one key id (4.2: must be unique).
[[nodiscard]] Result<Envelope> parse_envelope(ByteView bytes);

/// {"signatures": […], "signed": {…}} as bytes, ready for the repository.
Bytes serialize_envelope(const json::value& signed_part, const std::vector<Signature>& signatures);

struct RoleKeys {
    std::vector<std::string> key_ids;
    int threshold = 0;  ///< At least 1 once parsed.
};

using KeyMap = std::map<std::string, Key>;

struct Root {
    Version version = 0;
    std::chrono::sys_seconds expires;
    bool consistent_snapshot = true;
    KeyMap keys;
    RoleKeys root, timestamp, snapshot, targets;
};

/// What timestamp says of snapshot, and snapshot of each targets role.
struct MetaFile {
    Version version = 0;
    std::optional<std::uint64_t> length;
    std::map<std::string, std::string> hashes;  ///< Algorithm to lower-case hex; may be empty.
};

struct Timestamp {
    Version version = 0;
    std::chrono::sys_seconds expires;
    MetaFile snapshot;
};

struct Snapshot {
    Version version = 0;
    std::chrono::sys_seconds expires;
    std::map<std::string, MetaFile> meta;  ///< By role name, without ".json".
};

struct TargetFile {
    std::uint64_t length = 0;
    std::map<std::string, std::string> hashes;  ///< Not empty.
    json::object custom;
};

struct DelegatedRole {
    std::string name;
    RoleKeys keys;
    bool terminating = false;
    std::vector<std::string> paths;               ///< Glob patterns, matched segment by segment.
    std::vector<std::string> path_hash_prefixes;  ///< Exactly one of the two is not empty.
};

struct Delegations {
    KeyMap keys;
    std::vector<DelegatedRole> roles;  ///< In order of precedence.
};

struct Targets {
    Version version = 0;
    std::chrono::sys_seconds expires;
    std::map<std::string, TargetFile> targets;
    std::optional<Delegations> delegations;
};

/// Readers of the signed part. Errors: Errc::kMalformed, Errc::kUnsupportedSpec.
[[nodiscard]] Result<Root> parse_root(const json::value& signed_part);
[[nodiscard]] Result<Timestamp> parse_timestamp(const json::value& signed_part);
[[nodiscard]] Result<Snapshot> parse_snapshot(const json::value& signed_part);
[[nodiscard]] Result<Targets> parse_targets(const json::value& signed_part);

/// Writers: the signed part of a document, spec_version and _type filled in.
json::value to_json(const Root& root);
json::value to_json(const Timestamp& timestamp);
json::value to_json(const Snapshot& snapshot);
json::value to_json(const Targets& targets);

/// @returns success when at least `role.threshold` distinct keys (by Key::identity) of `role`,
///   found in `keys`, signed `envelope`; else Errc::kThresholdNotMet, naming both numbers.
[[nodiscard]] Result<void> verify_threshold(const Envelope& envelope, const RoleKeys& role,
                                            const KeyMap& keys);

}  // namespace firebreak::trust
