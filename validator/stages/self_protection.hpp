#pragma once

#include <string>
#include <vector>

#include "core/base/bytes.hpp"
#include "validator/stages/goodware.hpp"

namespace firebreak::validator {

/// An input of Firebreak's own doing.
struct OwnInput {
    std::string name;  ///< "the own updater: dns_query_windows/v1 (windows)".
    Bytes bytes;
};

/// What the agent does on an endpoint, as the sensor would see it: it starts, looks up and talks to
/// the update host, writes a bundle, loads its engine. One event for each contract that has fields
/// for any of that, and for each system.
std::vector<OwnInput> own_events(const std::string& update_host);

/// The agent's configuration as a file, with the update host in it.
OwnInput own_configuration(const std::string& update_host);

/// Those of `paths` that are regular files, as goodware, sorted.
std::vector<GoodwareFile> own_files(const std::vector<std::filesystem::path>& paths);

/// Firebreak's own files beside the program at `program`: its programs, and the engines and content
/// in lib/ and share/, in a build tree and where it is installed.
std::vector<std::filesystem::path> own_paths(const std::filesystem::path& program);

}  // namespace firebreak::validator
