#pragma once

#include <filesystem>
#include <string_view>

#include "core/base/file_store.hpp"
#include "core/base/secret.hpp"

namespace firebreak::signing {

/// The passphrase of a key: from `file` when that is not empty (read_passphrase_file), else asked
/// for at the terminal on stdin, without echo and straight into wiped memory.
///
/// @returns Errc::kUnavailable when there is neither a file nor a terminal.
[[nodiscard]] Result<SecretBytes> obtain_passphrase(const FileStore& files,
                                                    const std::filesystem::path& file,
                                                    std::string_view prompt);

}  // namespace firebreak::signing
