#include "client/platform/log_tail.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <sys/stat.h>

#include "core/base/errc.hpp"

namespace firebreak::client {
namespace {

Error system_error(const std::filesystem::path& path) {
    return Error(std::error_code(errno, std::system_category()), path.string());
}

}  // namespace

LogTail::LogTail(std::filesystem::path path) : path_(std::move(path)) {
    const Result<bool> there = open_if_there();
    struct stat facts {};
    if (there && *there && ::fstat(file_, &facts) == 0) {
        position_ = static_cast<std::uint64_t>(facts.st_size);
    }
}

LogTail::~LogTail() {
    close();
}

void LogTail::close() {
    if (file_ >= 0) ::close(file_);
    file_ = -1;
    position_ = 0;
    partial_.clear();
    skipping_ = false;
}

Result<bool> LogTail::open_if_there() {
    if (file_ >= 0) return true;
    // Without O_NONBLOCK, opening a pipe would wait for its writer.
    file_ = ::open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (file_ < 0) {
        if (errno == ENOENT) return false;
        return fail(system_error(path_));
    }
    struct stat facts {};
    if (::fstat(file_, &facts) == 0 && S_ISREG(facts.st_mode)) return true;
    close();
    return fail(Errc::kInvalid, path_.string() + ": is not a regular file");
}

bool LogTail::was_replaced() const {
    struct stat ours {};
    struct stat now {};
    if (::fstat(file_, &ours) != 0 || ::stat(path_.c_str(), &now) != 0) return true;
    return ours.st_dev != now.st_dev || ours.st_ino != now.st_ino;
}

void LogTail::split(std::string_view bytes, Lines& lines) {
    while (!bytes.empty()) {
        const std::size_t end = bytes.find('\n');
        const bool ends = end != std::string_view::npos;
        const std::string_view part = ends ? bytes.substr(0, end) : bytes;
        if (!skipping_ && partial_.size() + part.size() > kLineBytesMax) {
            skipping_ = true;
            ++lines.too_long;
            partial_.clear();
        }
        if (!skipping_) partial_ += part;
        if (!ends) return;
        if (!skipping_ && !partial_.empty()) lines.lines.push_back(std::move(partial_));
        partial_.clear();
        skipping_ = false;
        bytes.remove_prefix(end + 1);
    }
}

Result<void> LogTail::read_to_end(Lines& lines, std::size_t& budget) {
    std::array<char, 64U << 10U> buffer;
    while (budget > 0) {
        const std::size_t most = std::min(budget, buffer.size());
        const ssize_t count = ::pread(file_, buffer.data(), most, static_cast<off_t>(position_));
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return fail(system_error(path_));
        if (count == 0) return {};
        const auto bytes = static_cast<std::size_t>(count);
        position_ += bytes;
        budget -= bytes;
        split({buffer.data(), bytes}, lines);
    }
    lines.more = true;
    return {};
}

Result<LogTail::Lines> LogTail::read() {
    Lines lines;
    std::size_t budget = kReadBytesMax;
    // Twice: the file that was renamed away is read to its end before its successor.
    for (int round = 0; round < 2; ++round) {
        const Result<bool> there = open_if_there();
        if (!there) return fail(there.error());
        if (!*there) return lines;
        struct stat facts {};
        if (::fstat(file_, &facts) != 0) return fail(system_error(path_));
        if (static_cast<std::uint64_t>(facts.st_size) < position_) {
            position_ = 0;  // Cut short: what is there now was written since.
            partial_.clear();
            skipping_ = false;
        }
        const Result<void> read = read_to_end(lines, budget);
        if (!read) return fail(read.error());
        if (lines.more || !was_replaced()) return lines;
        close();
    }
    return lines;
}

}  // namespace firebreak::client
