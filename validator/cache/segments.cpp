#include "validator/cache/segments.hpp"

#include <algorithm>

#include "core/base/digest.hpp"

namespace firebreak::validator {
namespace {

constexpr std::uint64_t kSegmentBytesMax = 64U << 20U;
constexpr std::uint64_t kAllBytesMax = 4ULL << 30U;
constexpr std::string_view kSuffix = ".segment";

}  // namespace

Segments::Segments(FileStore& files, std::filesystem::path folder)
    : files_(files), folder_(std::move(folder)) {}

std::vector<Bytes> Segments::read() {
    std::vector<Bytes> segments;
    const Result<std::vector<std::string>> names = files_.list(folder_);
    if (!names) return segments;
    std::uint64_t total = 0;
    for (const std::string& name : *names) {
        if (!name.ends_with(kSuffix) || total > kAllBytesMax) continue;
        Result<Bytes> bytes = files_.read(folder_ / name, kSegmentBytesMax);
        if (!bytes) continue;
        names_.push_back(name);  // A damaged one too: replace() clears it away.
        if (sha256(*bytes).hex() + std::string(kSuffix) != name) continue;
        total += bytes->size();
        segments.push_back(*std::move(bytes));
    }
    return segments;
}

Result<void> Segments::write(ByteView segment) {
    std::string name = sha256(segment).hex() + std::string(kSuffix);
    const Result<void> made = files_.make_folder(folder_, FileMode::kPrivate);
    if (!made) return made;
    const Result<void> written = files_.write(folder_ / name, segment, FileMode::kPrivate);
    if (written) names_.push_back(std::move(name));
    return written;
}

Result<void> Segments::replace(ByteView segment) {
    const std::vector<std::string> old = std::move(names_);
    names_.clear();
    const Result<void> written = write(segment);
    if (!written) return written;
    for (const std::string& name : old) {
        if (name != names_.front()) (void)files_.remove(folder_ / name);
    }
    return {};
}

}  // namespace firebreak::validator
