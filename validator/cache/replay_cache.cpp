#include "validator/cache/replay_cache.hpp"

#include <unistd.h>

#include <algorithm>

#include "core/base/errc.hpp"

namespace firebreak::validator {
namespace {

constexpr std::size_t kSegmentsMax = 8;
constexpr std::size_t kMatchesMax = 100'000;
constexpr std::int64_t kNanosecondsPerSecond = 1'000'000'000;

class RecordWriter {
public:
    void number(std::uint64_t value, unsigned size) {
        for (unsigned i = 0; i < size; ++i) {
            bytes_.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
        }
    }
    void digest(const Sha256& digest) {
        bytes_.insert(bytes_.end(), digest.bytes.begin(), digest.bytes.end());
    }
    void text(std::string_view text) {
        constexpr std::size_t kTextMax = 0xFFFF;
        text = text.substr(0, kTextMax);
        number(text.size(), 2);
        bytes_.insert(bytes_.end(), text.begin(), text.end());
    }
    const Bytes& bytes() const { return bytes_; }

private:
    Bytes bytes_;
};

/// Past the end everything is zero and ok() is false.
class RecordReader {
public:
    explicit RecordReader(ByteView bytes) : rest_(bytes) {}

    std::uint64_t number(unsigned size) {
        std::uint64_t value = 0;
        const ByteView bytes = take(size);
        for (std::size_t i = bytes.size(); i > 0; --i) value = value << 8U | bytes[i - 1];
        return value;
    }
    Sha256 digest() {
        Sha256 digest;
        std::ranges::copy(take(digest.bytes.size()), digest.bytes.begin());
        return digest;
    }
    std::string text() { return std::string(text_of(take(number(2)))); }

    bool more() const { return ok_ && !rest_.empty(); }
    bool ok() const { return ok_; }

private:
    ByteView take(std::size_t size) {
        if (size > rest_.size()) ok_ = false;
        if (!ok_) return {};
        const ByteView taken = rest_.first(size);
        rest_ = rest_.subspan(size);
        return taken;
    }

    ByteView rest_;
    bool ok_ = true;
};

void write_record(RecordWriter& out, const FileIdentity& file, const Sha256& digest) {
    out.number(file.device, 8);
    out.number(file.inode, 8);
    out.number(file.bytes, 8);
    out.number(static_cast<std::uint64_t>(file.modified_ns), 8);
    out.number(static_cast<std::uint64_t>(file.changed_ns), 8);
    out.digest(digest);
}

void write_record(RecordWriter& out, const Sha256& file,
                  const std::vector<sensor::Match>& matches) {
    out.digest(file);
    out.number(matches.size(), 4);
    for (const sensor::Match& match : matches) {
        out.text(match.rule);
        out.text(match.detail);
    }
}

/// The records of `fresh`, which is emptied; or of everything, to stand alone.
template <class Key, class Value>
Bytes records(const std::map<Key, Value>& all, std::vector<Key>& fresh, bool merge) {
    RecordWriter out;
    if (merge) {
        for (const auto& [key, value] : all) write_record(out, key, value);
    } else {
        for (const Key& key : fresh) write_record(out, key, all.at(key));
    }
    fresh.clear();
    return out.bytes();
}

Result<void> add(Segments& segments, const Bytes& records, bool merge) {
    return merge ? segments.replace(records) : segments.write(records);
}

/// Nobody else may write here.
Result<void> check_owner(const std::filesystem::path& folder) {
    struct stat status {};
    if (::lstat(folder.c_str(), &status) != 0) {
        return fail({errno, std::generic_category()}, folder.string());
    }
    const bool ours = S_ISDIR(status.st_mode) && status.st_uid == ::geteuid() &&
                      (status.st_mode & (S_IWGRP | S_IWOTH)) == 0;
    if (ours) return {};
    return fail(Errc::kDenied,
                folder.string() + ": must be a folder of yours that nobody else can write to");
}

}  // namespace

FileIdentity FileIdentity::of(const struct stat& status) {
    const auto nanoseconds = [](const timespec& time) {
        return std::int64_t{time.tv_sec} * kNanosecondsPerSecond + time.tv_nsec;
    };
    return {.device = status.st_dev,
            .inode = status.st_ino,
            .bytes = static_cast<std::uint64_t>(status.st_size),
            .modified_ns = nanoseconds(status.st_mtim),
            .changed_ns = nanoseconds(status.st_ctim)};
}

bool FileIdentity::settled(std::chrono::sys_seconds now) const {
    const std::int64_t then = std::max(changed_ns, modified_ns) / kNanosecondsPerSecond;
    return then + 2 <= now.time_since_epoch().count();
}

void read_file_records(ByteView segment, std::map<FileIdentity, Sha256>& files) {
    for (RecordReader in(segment); in.more();) {
        FileIdentity file;
        file.device = in.number(8);
        file.inode = in.number(8);
        file.bytes = in.number(8);
        file.modified_ns = static_cast<std::int64_t>(in.number(8));
        file.changed_ns = static_cast<std::int64_t>(in.number(8));
        const Sha256 digest = in.digest();
        if (in.ok()) files[file] = digest;
    }
}

void read_answer_records(ByteView segment, std::map<Sha256, std::vector<sensor::Match>>& answers) {
    for (RecordReader in(segment); in.more();) {
        const Sha256 file = in.digest();
        const std::uint64_t count = in.number(4);
        if (count > kMatchesMax) return;
        std::vector<sensor::Match> matches;
        for (std::uint64_t i = 0; i < count && in.ok(); ++i) {
            std::string rule = in.text();
            matches.push_back({.rule = std::move(rule), .detail = in.text()});
        }
        if (in.ok()) answers[file] = std::move(matches);
    }
}

ReplayCache::ReplayCache(FileStore& files, const std::filesystem::path& folder, const Sha256& key)
    : file_segments_(files, folder / "files"),
      answer_segments_(files, folder / key.hex()),
      mutex_(std::make_unique<std::mutex>()) {
    for (const Bytes& segment : file_segments_.read()) read_file_records(segment, files_);
    for (const Bytes& segment : answer_segments_.read()) read_answer_records(segment, answers_);
}

Result<ReplayCache> ReplayCache::open(FileStore& files, const std::filesystem::path& folder,
                                      const Sha256& key) {
    const Result<void> made = files.make_folder(folder, FileMode::kPrivate);
    if (!made) return fail(made.error());
    const Result<void> ours = check_owner(folder);
    if (!ours) return fail(ours.error());
    return ReplayCache(files, folder, key);
}

std::optional<Sha256> ReplayCache::digest_of(const FileIdentity& file) const {
    const std::lock_guard lock(*mutex_);
    const auto found = files_.find(file);
    if (found == files_.end()) return std::nullopt;
    return found->second;
}

std::optional<std::vector<sensor::Match>> ReplayCache::matches_of(const Sha256& file) const {
    const std::lock_guard lock(*mutex_);
    const auto found = answers_.find(file);
    if (found == answers_.end()) return std::nullopt;
    return found->second;
}

void ReplayCache::remember(const FileIdentity& file, const Sha256& digest) {
    const std::lock_guard lock(*mutex_);
    if (files_.insert_or_assign(file, digest).second) new_files_.push_back(file);
}

void ReplayCache::remember(const Sha256& file, const std::vector<sensor::Match>& matches) {
    const std::lock_guard lock(*mutex_);
    if (matches.size() > kMatchesMax || !answers_.emplace(file, matches).second) return;
    new_answers_.push_back(file);
}

Result<void> ReplayCache::save() {
    const bool merge_files = file_segments_.count() >= kSegmentsMax;
    const bool merge_answers = answer_segments_.count() >= kSegmentsMax;
    Bytes files;
    Bytes answers;
    {
        const std::lock_guard lock(*mutex_);
        if (!new_files_.empty()) files = records(files_, new_files_, merge_files);
        if (!new_answers_.empty()) answers = records(answers_, new_answers_, merge_answers);
    }
    if (!files.empty()) {
        const Result<void> added = add(file_segments_, files, merge_files);
        if (!added) return added;
    }
    return answers.empty() ? Result<void>{} : add(answer_segments_, answers, merge_answers);
}

}  // namespace firebreak::validator
