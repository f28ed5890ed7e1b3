#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <vector>

#include "client/live_sensor.hpp"
#include "core/base/clock.hpp"
#include "core/base/file_store.hpp"

namespace firebreak::client {

/// One match in one file.
struct Detection {
    std::filesystem::path file;
    Sha256 sha256;
    sensor::Match match;
};

/// What one pass over the watched folders came to.
struct ScanPass {
    std::uint64_t scanned = 0;
    std::uint64_t failed = 0;   ///< The sensor gave no answer.
    std::uint64_t skipped = 0;  ///< Too long for the engine, or not readable.
    std::vector<Detection> detections;
    std::string first_failure;
    bool complete = true;  ///< False: stopped at a cap.
};

/// Scans the files in the watched folders that are new or changed since the content in force last
/// saw them.
///
/// Limits: kFilesMax files a pass, kFileBytesMax a file (or the engine's own limit), kDepthMax
/// folders deep; links are not followed.
/// Thread safety: none. Tests: tests/integration/client/scanner_test.cpp.
class Scanner {
public:
    static constexpr std::size_t kFilesMax = 20'000;
    static constexpr std::uint64_t kFileBytesMax = 32U << 20U;
    static constexpr int kDepthMax = 16;
    static constexpr std::size_t kDetectionsMax = 1'000;

    /// @param store  Outlives this; files are read through it.
    Scanner(const FileStore& store, std::vector<std::filesystem::path> folders);

    /// The changed files now, in the order of their names.
    std::vector<std::filesystem::path> changed();

    /// Scans one of them and adds to `pass`. Blocks for as long as the engine takes.
    void scan(const std::filesystem::path& file, LiveSensor& sensor, ScanPass& pass);

    /// Other content is in force: everything is to be seen again.
    void forget() { seen_.clear(); }

private:
    /// Enough to notice a change without reading the file.
    struct Stamp {
        std::int64_t modified = 0;
        std::uint64_t bytes = 0;
        friend bool operator==(const Stamp&, const Stamp&) = default;
    };

    const FileStore& store_;
    std::vector<std::filesystem::path> folders_;
    std::map<std::filesystem::path, Stamp> seen_;
};

}  // namespace firebreak::client
