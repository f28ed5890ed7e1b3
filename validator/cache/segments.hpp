#pragma once

#include <filesystem>
#include <vector>

#include "core/base/file_store.hpp"

namespace firebreak::validator {

/// A folder of files that are never changed: each is named by the SHA-256 of what it holds.
///
/// So a damaged or half-written one is seen and passed over, two runs can write at the same time
/// without knowing of each other, and a run that is killed loses what it had not written yet.
///
/// Limits: files of 64 MiB, 4 GiB of them in all; what is beyond is not read.
/// Tests: tests/unit/validator/replay_cache_test.cpp.
class Segments {
public:
    /// @param files  Must outlive this.
    Segments(FileStore& files, std::filesystem::path folder);

    /// The contents of all whole segments. A folder that is not there has none.
    std::vector<Bytes> read();

    /// Adds one segment.
    [[nodiscard]] Result<void> write(ByteView segment);

    /// Puts one segment in place of all that read() saw and write() wrote. They go only when it is
    /// there.
    [[nodiscard]] Result<void> replace(ByteView segment);

    std::size_t count() const noexcept { return names_.size(); }

private:
    FileStore& files_;
    std::filesystem::path folder_;
    std::vector<std::string> names_;
};

}  // namespace firebreak::validator
