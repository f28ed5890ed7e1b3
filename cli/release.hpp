#pragma once

#include "cli/api_client.hpp"
#include "core/base/digest.hpp"

namespace firebreak::cli {

/// Saves the server's newest content metadata to `out`: what the next release is drafted from.
[[nodiscard]] Result<Output> fetch_content_role(const Context& context, ApiClient& api,
                                                const std::string& out);

struct PublishOptions {
    std::string bundle;
    std::string attestation;
    std::string content;  ///< Content metadata, signed by a threshold; of a drill empty, when it is
                          ///< published already.
    std::string plan;
};

/// Uploads the bundle in `file`. @returns its digest.
[[nodiscard]] Result<Sha256> upload_bundle(const Context& context, ApiClient& api,
                                           const std::string& file);

/// Uploads a release and starts its rollout. Safe to repeat: uploads that are there are kept, and
/// a counter that is already published is refused.
[[nodiscard]] Result<Output> publish(const Context& context, ApiClient& api,
                                     const PublishOptions& options);

}  // namespace firebreak::cli
