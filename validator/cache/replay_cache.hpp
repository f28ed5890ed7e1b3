#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <sys/stat.h>

#include "core/base/digest.hpp"
#include "sensor/host/engine.hpp"
#include "validator/cache/segments.hpp"

namespace firebreak::validator {

/// What the kernel knows a file by. A file whose identity is the same holds the same bytes: every
/// write sets the time of change (ctime), and nobody but who sets the system's clock can set that
/// one back. A file changed within the clock's grain of being read could still fool it, so
/// settled() has to hold before it is believed.
struct FileIdentity {
    std::uint64_t device = 0;
    std::uint64_t inode = 0;
    std::uint64_t bytes = 0;
    std::int64_t modified_ns = 0;
    std::int64_t changed_ns = 0;

    static FileIdentity of(const struct stat& status);

    /// True when its last change lies at least two seconds before `now`.
    bool settled(std::chrono::sys_seconds now) const;

    friend auto operator<=>(const FileIdentity&, const FileIdentity&) = default;
};

/// What replay remembers from one run to the next: which digest a file has, and which matches one
/// content had on it in one engine build. Only answers within every limit are kept; whatever went
/// wrong is driven again.
///
/// The key of an answer is all that it depends on: the engine file, every byte and name of the
/// content, the limits, what stands for the system's libraries, and the file's bytes. It is the
/// content as a whole and not each of its files, because that is what is admitted: rules share a
/// scan, and one of them can keep the others from being looked at.
///
/// Who can write to the folder can make a rule look clean: open() refuses a folder that others can
/// write to. Damage is a miss (segments.hpp).
///
/// Thread safety: any thread looks up and remembers; one at a time saves.
/// Tests: tests/unit/validator/replay_cache_test.cpp, tests/fuzz/replay_cache_fuzz.cpp.
class ReplayCache {
public:
    /// @param key  Digest over what an answer depends on, but for the file.
    /// @returns Errc::kDenied when `folder` belongs to somebody else, or others can write to it;
    ///   an errno when it cannot be made.
    [[nodiscard]] static Result<ReplayCache> open(FileStore& files,
                                                  const std::filesystem::path& folder,
                                                  const Sha256& key);

    std::optional<Sha256> digest_of(const FileIdentity& file) const;
    std::optional<std::vector<sensor::Match>> matches_of(const Sha256& file) const;

    void remember(const FileIdentity& file, const Sha256& digest);
    void remember(const Sha256& file, const std::vector<sensor::Match>& matches);

    /// Writes what is new. After many segments it writes all into one.
    [[nodiscard]] Result<void> save();

private:
    ReplayCache(FileStore& files, const std::filesystem::path& folder, const Sha256& key);

    Segments file_segments_;
    Segments answer_segments_;

    std::unique_ptr<std::mutex> mutex_;  ///< Guards what follows.
    std::map<FileIdentity, Sha256> files_;
    std::map<Sha256, std::vector<sensor::Match>> answers_;
    std::vector<FileIdentity> new_files_;
    std::vector<Sha256> new_answers_;
};

/// Segments as bytes, little-endian. Exposed for the fuzz target; what is malformed ends the
/// reading, and what came before counts.
void read_file_records(ByteView segment, std::map<FileIdentity, Sha256>& files);
void read_answer_records(ByteView segment, std::map<Sha256, std::vector<sensor::Match>>& answers);

}  // namespace firebreak::validator
