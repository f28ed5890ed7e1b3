#include "validator/stages/bisect.hpp"

#include <algorithm>

#include "core/base/check.hpp"
#include "core/base/smallest.hpp"

namespace firebreak::validator {
namespace {

class Search {
public:
    Search(const FaultProbe& probe, std::uint64_t probes_max)
        : probe_(probe), probes_max_(probes_max) {}

    bool shows(const std::vector<FileView>& files) {
        if (files.empty() || spent()) return false;
        ++probes_;
        return probe_(files);
    }
    bool spent() const { return probes_ >= probes_max_; }
    std::uint64_t probes() const { return probes_; }

private:
    const FaultProbe& probe_;
    std::uint64_t probes_max_;
    std::uint64_t probes_ = 0;
};

/// Halves the files as long as one half shows the fault alone.
std::vector<FileView> fewest_files(std::vector<FileView> files, Search& search) {
    while (files.size() > 1) {
        const auto middle = files.begin() + static_cast<std::ptrdiff_t>(files.size() / 2);
        std::vector<FileView> first(files.begin(), middle);
        if (search.shows(first)) {
            files = std::move(first);
            continue;
        }
        std::vector<FileView> second(middle, files.end());
        if (!search.shows(second)) break;
        files = std::move(second);
    }
    return files;
}

/// Where each line begins, and the end.
std::vector<std::size_t> line_starts(ByteView bytes) {
    std::vector<std::size_t> starts{0};
    for (std::size_t index = 0; index < bytes.size(); ++index) {
        if (bytes[index] == '\n' && index + 1 < bytes.size()) starts.push_back(index + 1);
    }
    starts.push_back(bytes.size());
    return starts;
}

bool looks_like_text(ByteView bytes) {
    return std::ranges::find(bytes, std::uint8_t{0}) == bytes.end();
}

}  // namespace

Culprit bisect(const std::vector<FileView>& files, const FaultProbe& shows_fault,
               std::uint64_t probes_max) {
    FIREBREAK_CHECK(!files.empty());
    Search search(shows_fault, probes_max);
    Culprit culprit{.files = fewest_files(files, search)};
    if (culprit.files.size() > 1 || !looks_like_text(culprit.files.front().bytes)) {
        if (culprit.files.size() == 1) culprit.place.file = culprit.files.front().name;
        culprit.probes = search.probes();
        return culprit;
    }

    FileView& file = culprit.files.front();
    culprit.place.file = file.name;
    const ByteView whole = file.bytes;
    const std::vector<std::size_t> starts = line_starts(whole);
    const std::size_t lines = starts.size() - 1;
    const auto cut = [&](std::size_t first, std::size_t end) {
        return FileView{file.name, whole.subspan(starts[first], starts[end] - starts[first])};
    };
    constexpr std::size_t kOne = 1;
    const std::size_t end = smallest(
        kOne, lines, [&](std::size_t candidate) { return search.shows({cut(0, candidate)}); });
    // From the other side, counted in lines that are left, so that the same search fits.
    const std::size_t kept = smallest(kOne, end, [&](std::size_t candidate) {
        return search.shows({cut(end - candidate, end)});
    });
    file = cut(end - kept, end);
    culprit.place.line = static_cast<std::uint32_t>(end - kept + 1);
    culprit.last_line = static_cast<std::uint32_t>(end);
    culprit.probes = search.probes();
    return culprit;
}

}  // namespace firebreak::validator
