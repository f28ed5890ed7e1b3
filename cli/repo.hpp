#pragma once

#include <vector>

#include "cli/command.hpp"

namespace firebreak::cli {

/// One offline role of the ceremony: whose keys, and how many of them it takes.
struct CeremonyRole {
    std::vector<std::string> public_keys;  ///< Files; see read_public_key.
    int threshold = 0;
    int lifetime_days = 0;
};

struct RepoInitOptions {
    std::string out;  ///< Folder for 1.root.json, 1.targets.json, 1.content.json.
    CeremonyRole root, targets, content;
    std::string online_key;  ///< firebreakd's public key: rollout, snapshot, timestamp.
};

/// Drafts the first root, targets and content metadata, unsigned. Nobody's private key is needed
/// here: each holder adds a signature with `firebreak sign add`, wherever the key is.
[[nodiscard]] Result<Output> init_repository(const Context& context,
                                             const RepoInitOptions& options);

/// Says of each file of the ceremony in `folder` how many signatures it has and how many it needs.
/// Exit code 1 while one is missing.
[[nodiscard]] Result<Output> check_repository(const Context& context, const std::string& folder);

}  // namespace firebreak::cli
