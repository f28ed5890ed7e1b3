#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "core/base/error.hpp"

namespace firebreak::client {

/// New lines of a log file that another program writes, and rotates by renaming or by cutting it
/// short.
///
/// Limits: kReadBytesMax a turn (what is left waits for the next), kLineBytesMax a line (a longer
/// one is left out and counted). Only regular files are read.
/// Thread safety: none.
class LogTail {
public:
    static constexpr std::size_t kReadBytesMax = 8U << 20U;
    static constexpr std::size_t kLineBytesMax = 1U << 20U;

    /// What is in the file now counts as read.
    explicit LogTail(std::filesystem::path path);
    ~LogTail();
    LogTail(const LogTail&) = delete;
    LogTail& operator=(const LogTail&) = delete;

    struct Lines {
        std::vector<std::string> lines;  ///< Whole ones, without their ends.
        std::uint64_t too_long = 0;
        bool more = false;  ///< The turn's limit was met.
    };

    /// @returns what was written since the last call; none while there is no such file. An errno
    ///   when it cannot be read.
    [[nodiscard]] Result<Lines> read();

    const std::filesystem::path& path() const { return path_; }

private:
    [[nodiscard]] Result<bool> open_if_there();
    [[nodiscard]] Result<void> read_to_end(Lines& lines, std::size_t& budget);
    bool was_replaced() const;
    void close();
    void split(std::string_view bytes, Lines& lines);

    std::filesystem::path path_;
    int file_ = -1;
    std::uint64_t position_ = 0;
    std::string partial_;
    bool skipping_ = false;  ///< Inside a line that is too long.
};

}  // namespace firebreak::client
