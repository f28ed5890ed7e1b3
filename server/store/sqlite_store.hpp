#pragma once

#include <filesystem>
#include <memory>

#include "server/store/store.hpp"

namespace firebreak::server {

struct SqliteOptions {
    bool create = false;         ///< Make the database when it is not there.
    std::int64_t pages_max = 0;  ///< Cap on its size, in pages of 4 KiB; 0: the disk's.
};

/// The store in one SQLite file (WAL, synchronous=FULL): the default.
///
/// Several processes may have it open: `firebreakd token` works beside a running server.
///
/// @returns the store, its schema up to date; Errc::kNotFound when there is none and `create` is
///   false; Errc::kUnsupported for a newer schema; Errc::kCorrupt.
[[nodiscard]] Result<std::unique_ptr<Store>> open_sqlite_store(const std::filesystem::path& path,
                                                               const SqliteOptions& options);

/// A store that lives in memory and as long as the object: the same code without a disk, for tests.
[[nodiscard]] Result<std::unique_ptr<Store>> open_memory_store();

}  // namespace firebreak::server
