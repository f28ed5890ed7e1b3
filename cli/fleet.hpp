#pragma once

#include "cli/api_client.hpp"

namespace firebreak::cli {

/// Ids and names go into a URL as they are, so they must need no escaping.
///
/// @param what  "device id", for the error. @returns `text`, or Errc::kBadInput.
[[nodiscard]] Result<std::string> plain(const std::string& text, const std::string& what);

[[nodiscard]] Result<Output> list_fleet(ApiClient& api, const std::string& ring);
[[nodiscard]] Result<Output> show_device(ApiClient& api, const std::string& device);

/// Refuses a device's reports from now on. Its key cannot enrol again.
[[nodiscard]] Result<Output> revoke_device(ApiClient& api, const std::string& device);

/// The engine builds alive in each ring: what a bundle must be validated in.
[[nodiscard]] Result<Output> show_census(ApiClient& api);

struct EnrolmentTokenOptions {
    std::string tenant;
    std::string ring;               ///< Empty: the server's rules place each device.
    std::vector<std::string> tags;  ///< What those rules may go by.
    std::int64_t uses = 1;
    std::int64_t expires_seconds = 3600;
};

/// What is asked of the server for a token: no "ring" where the rules are to place the device.
json::object enrolment_token_body(const EnrolmentTokenOptions& options);

/// Makes a token that lets devices of one tenant enrol. Shown once.
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
