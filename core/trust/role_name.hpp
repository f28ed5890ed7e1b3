#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/trust/metadata.hpp"

namespace firebreak::trust {

/// `name` with every byte but letters, digits and `_.-~` percent-encoded in upper case (RFC 3986,
/// 2.1): a role's name as one segment of a URL, as a file name, or in an error message. A role may
/// be called "../../etc/passwd".
std::string encode_role_name(std::string_view name);

/// The file of a role below the metadata base URL: "7.content.json", or "timestamp.json" without a
/// version (5.1 to 5.6, consistent snapshots: 6.2).
std::string metadata_file_name(std::string_view role, std::optional<Version> version);

}  // namespace firebreak::trust
