#pragma once

#include <vector>

#include "cli/command.hpp"

namespace firebreak::cli {

/// What a signer of content must have seen: the bytes, and the validator's word on them.
struct Evidence {
    std::string bundle;
    std::string attestation;
    std::string validator_key;  ///< Public key file.
};

struct SignReleaseOptions {
    std::string current;             ///< The newest content metadata.
    std::vector<Evidence> evidence;  ///< Of one stream; several are for drills, signed at once.
    std::string plan;                ///< Ring plan: its rings are the ceiling's.
    std::string not_before;          ///< YYYY-MM-DDTHH:MM:SSZ; empty: now.
    std::int64_t floor = 0;
    int lifetime_days = 30;
    int window = 50;  ///< Releases kept listed; older ones leave the metadata.
    std::string out;
};

/// Drafts the next content metadata: the current one plus these bundles, with their terms (builds,
/// attestation, ceiling, floor), unsigned.
///
/// @returns Errc::kBadInput unless the attestation is the validator's, names these bytes and says
///   admitted: what was not executed is not even drafted (P1).
[[nodiscard]] Result<Output> draft_release(const Context& context,
                                           const SignReleaseOptions& options);

struct SignAddOptions {
    std::string file;  ///< Metadata; rewritten in place with one more signature.
    std::string key;
    std::string passphrase_file;
    std::vector<Evidence> evidence;  ///< Required where `file` lists content.
};

/// Adds one key's signature to a metadata file that travels from person to person, after checking
/// for content metadata that its newest release, and each other one in evidence, is what it says.
[[nodiscard]] Result<Output> add_signature(const Context& context, const SignAddOptions& options);

}  // namespace firebreak::cli
