#pragma once

#include <cstddef>
#include <deque>
#include <filesystem>
#include <string>

#include "core/base/file_store.hpp"
#include "core/base/json.hpp"

namespace firebreak::client {

/// A file of JSON lines that keeps the newest and forgets the oldest: for what happened here, which
/// must never fill the disk of the device it protects. Written whole each time, like all files.
class BoundedLines {
public:
    /// @param store  Outlives this.
    BoundedLines(FileStore& store, std::filesystem::path path, std::size_t lines_max);

    /// Adds a line in memory; flush() writes what was added.
    void add(const json::object& entry);

    /// @returns an errno; what was added is kept and written the next time.
    [[nodiscard]] Result<void> flush();

private:
    FileStore& store_;
    std::filesystem::path path_;
    std::size_t lines_max_;
    std::deque<std::string> added_;
};

/// The lines of such a file that are JSON objects, oldest first; none when it is not there.
json::array read_lines(const FileStore& store, const std::filesystem::path& path);

}  // namespace firebreak::client
