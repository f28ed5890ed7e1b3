#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "server/http/router.hpp"

namespace firebreak::server {

struct StaticFilesOptions {
    std::filesystem::path root;
    std::string parameter = "path";  ///< The route's placeholder: "/tuf/metadata/{path...}".
};

/// Serves the regular files below `root`, by GET and HEAD, with ETag, If-None-Match, one Range
/// (RFC 9110, 14) and If-Range.
///
/// Consistent names (TUF 7.3: "7.root.json", "<sha256>.bundle.fbb") never change and may be kept
/// for a year; all others, timestamp.json above all, must be asked for again.
///
/// A name leads nowhere but below the root: each segment is opened by itself and no symbolic link
/// is followed; names that begin with a dot do not exist. What cannot be served is the same 404.
Handler static_files(StaticFilesOptions options);

/// True for the names that a repository with consistent snapshots never gives to other bytes.
bool is_consistent_name(std::string_view file_name);

}  // namespace firebreak::server
