#pragma once

#include "cli/api_client.hpp"

namespace firebreak::cli {

/// Where a device stands in the newest release of each stream, or of `stream` alone when it is not
/// empty, and why.
[[nodiscard]] Result<Output> explain_device(ApiClient& api, const std::string& device,
                                            const std::string& stream);

/// The API's answer to that, for people.
[[nodiscard]] Result<Output> render_device(const json::value& answer);

}  // namespace firebreak::cli
