#include "client/scanner.hpp"

#include <algorithm>

namespace firebreak::client {

namespace fs = std::filesystem;

Scanner::Scanner(const FileStore& store, std::vector<fs::path> folders)
    : store_(store), folders_(std::move(folders)) {}

std::vector<fs::path> Scanner::changed() {
    std::map<fs::path, Stamp> there;
    for (const fs::path& folder : folders_) {
        std::error_code error;
        fs::recursive_directory_iterator entry(folder, error);
        for (; !error && entry != fs::recursive_directory_iterator(); entry.increment(error)) {
            if (there.size() >= kFilesMax) break;
            std::error_code ignored;
            if (entry.depth() >= kDepthMax) entry.disable_recursion_pending();
            if (entry->symlink_status(ignored).type() != fs::file_type::regular) continue;
            const auto modified = entry->last_write_time(ignored);
            if (ignored) continue;  // Gone since.
            const std::uintmax_t bytes = entry->file_size(ignored);
            if (ignored) continue;
            there[entry->path()] = {.modified = modified.time_since_epoch().count(),
                                    .bytes = bytes};
        }
    }
    std::vector<fs::path> result;
    for (const auto& [path, stamp] : there) {
        const auto known = seen_.find(path);
        if (known == seen_.end() || known->second != stamp) result.push_back(path);
    }
    // What is in `seen_` counts as scanned; the caller scans all of what is returned, or forgets.
    seen_ = std::move(there);
    return result;
}

void Scanner::scan(const fs::path& file, LiveSensor& sensor, ScanPass& pass) {
    const std::uint64_t most = std::min(kFileBytesMax, sensor.input_bytes_max());
    const Result<Bytes> bytes = store_.read(file, most);
    if (!bytes) {
        ++pass.skipped;
        return;
    }
    Result<std::vector<sensor::Match>> matches = sensor.scan(file.string(), *bytes);
    if (!matches) {
        ++pass.failed;
        if (pass.first_failure.empty()) pass.first_failure = matches.error().to_string();
        return;
    }
    ++pass.scanned;
    for (sensor::Match& match : *matches) {
        if (pass.detections.size() >= kDetectionsMax) {
            pass.complete = false;
            return;
        }
        pass.detections.push_back(
            {.file = file, .sha256 = sha256(*bytes), .match = std::move(match)});
    }
}

}  // namespace firebreak::client
