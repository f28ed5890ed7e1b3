#include "client/bounded_lines.hpp"

#include <boost/json/serialize.hpp>

namespace firebreak::client {
namespace {

constexpr std::uint64_t kFileBytesMax = 16U << 20U;
constexpr std::size_t kLineBytesMax = 2'000;

/// Complete lines of `text`, without their ends.
std::deque<std::string> split(std::string_view text) {
    std::deque<std::string> lines;
    while (!text.empty()) {
        const std::size_t end = text.find('\n');
        if (end == std::string_view::npos) break;
        if (end > 0) lines.emplace_back(text.substr(0, end));
        text.remove_prefix(end + 1);
    }
    return lines;
}

}  // namespace

BoundedLines::BoundedLines(FileStore& store, std::filesystem::path path, std::size_t lines_max)
    : store_(store), path_(std::move(path)), lines_max_(lines_max) {}

void BoundedLines::add(const json::object& entry) {
    std::string line = json::serialize(entry);
    if (line.size() > kLineBytesMax) return;
    added_.push_back(std::move(line));
    if (added_.size() > lines_max_) added_.pop_front();
}

Result<void> BoundedLines::flush() {
    if (added_.empty()) return {};
    // Not kept in memory between flushes: an idle agent is a small one. A file that cannot be read
    // starts anew.
    std::deque<std::string> lines;
    if (const Result<Bytes> bytes = store_.read(path_, kFileBytesMax)) {
        lines = split(text_of(*bytes));
    }
    lines.insert(lines.end(), added_.begin(), added_.end());
    while (lines.size() > lines_max_) lines.pop_front();
    std::string text;
    for (const std::string& line : lines) text += line + "\n";
    Result<void> written = store_.write(path_, bytes_of(text), FileMode::kPrivate);
    if (written) added_.clear();
    return written;
}

json::array read_lines(const FileStore& store, const std::filesystem::path& path) {
    json::array entries;
    const Result<Bytes> bytes = store.read(path, kFileBytesMax);
    if (!bytes) return entries;
    for (const std::string& line : split(text_of(*bytes))) {
        Result<json::value> entry = parse_json(line);
        if (entry && entry->is_object()) entries.push_back(std::move(*entry));
    }
    return entries;
}

}  // namespace firebreak::client
