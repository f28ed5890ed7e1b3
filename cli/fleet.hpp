#pragma once

#include "cli/api_client.hpp"

namespace firebreak::cli {

[[nodiscard]] Result<Output> list_fleet(ApiClient& api, const std::string& ring);
[[nodiscard]] Result<Output> show_device(ApiClient& api, const std::string& device);

/// Refuses a device's reports from now on. Its key cannot enrol again.
[[nodiscard]] Result<Output> revoke_device(ApiClient& api, const std::string& device);

/// The engine builds alive in each ring: what a bundle must be validated in.
[[nodiscard]] Result<Output> show_census(ApiClient& api);

struct EnrolmentTokenOptions {
    std::string tenant;
    std::string ring;
    std::int64_t uses = 1;
    std::int64_t expires_seconds = 3600;
};

/// Makes a token that lets devices enrol into one ring of one tenant. Shown once.
[[nodiscard]] Result<Output> make_enrolment_token(ApiClient& api,
                                                  const EnrolmentTokenOptions& options);

struct TokenOptions {
    std::string name;
    std::string role;
    std::int64_t expires_seconds = 30 * 86'400;
};

/// An operator's token. Shown once.
[[nodiscard]] Result<Output> make_token(ApiClient& api, const TokenOptions& options);
[[nodiscard]] Result<Output> list_tokens(ApiClient& api);
[[nodiscard]] Result<Output> revoke_token(ApiClient& api, const std::string& id);

}  // namespace firebreak::cli
