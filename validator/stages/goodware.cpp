#include "validator/stages/goodware.hpp"

#include <algorithm>

#include "core/base/digest.hpp"
#include "core/base/errc.hpp"
#include "sensor/host/answers.hpp"

namespace firebreak::validator {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kNameBytesMax = 4000;

/// Keeps as many files, in an order that only the seed and the names decide, as the caps allow.
void sample(Goodware& goodware, const CorpusCaps& caps, std::uint64_t seed) {
    std::uint64_t total = 0;
    for (const GoodwareFile& file : goodware.files) total += file.bytes;
    if (goodware.files.size() <= caps.files_max && total <= caps.bytes_max) return;

    std::vector<std::pair<Sha256, GoodwareFile>> drawn;
    drawn.reserve(goodware.files.size());
    for (GoodwareFile& file : goodware.files) {
        const std::string lot = std::to_string(seed) + ":" + file.path.string();
        drawn.emplace_back(sha256(bytes_of(lot)), std::move(file));
    }
    std::ranges::sort(drawn, {}, [](const auto& entry) { return entry.first; });
    goodware.files.clear();
    std::uint64_t bytes = 0;
    for (auto& [lot, file] : drawn) {
        const bool fits =
            goodware.files.size() < caps.files_max && bytes + file.bytes <= caps.bytes_max;
        if (!fits) {
            ++goodware.left_out_sample;
            continue;
        }
        bytes += file.bytes;
        goodware.files.push_back(std::move(file));
    }
}

}  // namespace

Result<Goodware> list_goodware(const fs::path& root, const CorpusCaps& caps, std::uint64_t seed) {
    Goodware goodware{.root = root, .files = {}};
    std::error_code code;
    if (!fs::is_directory(root, code)) {
        return fail(Errc::kNotFound, root.string() + ": not a folder");
    }
    fs::recursive_directory_iterator entries(root, fs::directory_options::skip_permission_denied,
                                             code);
    for (const fs::recursive_directory_iterator end; !code && entries != end;
         entries.increment(code)) {
        std::error_code gone;
        const fs::file_status status = entries->symlink_status(gone);
        if (gone || !fs::is_regular_file(status)) continue;
        const std::uint64_t bytes = entries->file_size(gone);
        if (gone) continue;
        if (bytes > caps.file_bytes_max) {
            ++goodware.left_out_large;
            continue;
        }
        goodware.files.push_back(
            {entries->path(), sensor::printable(entries->path().string(), kNameBytesMax), bytes});
    }
    if (code) return fail(code, root.string());
    sample(goodware, caps, seed);
    // By bytes and not by parts: the same order as `sort` under LC_ALL=C.
    std::ranges::sort(goodware.files, {}, [](const GoodwareFile& file) -> const std::string& {
        return file.path.native();
    });
    return goodware;
}

}  // namespace firebreak::validator
