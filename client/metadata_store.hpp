#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "core/base/file_store.hpp"
#include "core/trust/updater.hpp"

namespace firebreak::client {

/// The TUF metadata that this device trusts, on disk: one file a role, under an encoded name,
/// because role names are chosen by whoever delegates.
///
/// Tests: tests/unit/client/metadata_store_test.cpp.
class MetadataStore {
public:
    /// @param store  Outlives this.
    MetadataStore(FileStore& store, std::filesystem::path folder);

    [[nodiscard]] Result<void> prepare();

    /// Everything there. A file that cannot be read is left out, for trust::Updater fetches anew
    /// what it does not have.
    trust::LocalMetadata load() const;

    /// Durable when it returns. @returns Errc::kInvalid for a name too long for a file; an errno.
    [[nodiscard]] Result<void> persist(std::string_view role, ByteView bytes);

    /// Succeeds when nothing of `role` is left.
    [[nodiscard]] Result<void> forget(std::string_view role);

private:
    [[nodiscard]] Result<std::filesystem::path> path_of(std::string_view role) const;

    FileStore& store_;
    std::filesystem::path folder_;
};

/// `role` in lower-case letters, digits, '-' and '_'; every other byte as %XX. So no role can name
/// a folder, a hidden file or, where case does not count, another role's file.
std::string encode_role(std::string_view role);

/// @returns the role, or Errc::kMalformed for what encode_role never makes.
[[nodiscard]] Result<std::string> decode_role(std::string_view encoded);

}  // namespace firebreak::client
