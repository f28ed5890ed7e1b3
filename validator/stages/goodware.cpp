#include "validator/stages/goodware.hpp"

#include <unistd.h>

#include <algorithm>

#include "core/base/digest.hpp"
#include "core/base/errc.hpp"
#include "core/base/json.hpp"
#include "sensor/host/answers.hpp"
#include "sensor/sigma/program/capabilities.hpp"

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
        const std::string lot = std::to_string(seed) + ":" + file.path.string() +
                                (file.offset > 0 ? ":" + std::to_string(file.offset) : "");
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

/// Adds the events in `text`, the lines of `file`.
void add_events(Goodware& goodware, const GoodwareFile& file, std::string_view text) {
    std::uint64_t line = 0;
    for (std::size_t begin = 0; begin < text.size();) {
        const std::size_t end = std::min(text.find('\n', begin), text.size());
        const std::string_view event = text.substr(begin, end - begin);
        ++line;
        const Result<json::value> parsed = parse_json(event);
        if (parsed && parsed->is_object()) {
            goodware.files.push_back({.path = file.path,
                                      .name = file.name + ":" + std::to_string(line),
                                      .bytes = event.size(),
                                      .offset = begin});
        } else if (!event.empty()) {
            ++goodware.left_out_no_event;
        }
        begin = end + 1;
    }
}

}  // namespace

bool takes_events(std::string_view content_type) {
    return content_type == sigma::kContentType;
}

Result<Goodware> list_events(const fs::path& root, const CorpusCaps& caps, std::uint64_t seed,
                             FileStore& store) {
    Result<Goodware> files = list_goodware(root, caps, seed);
    if (!files) return files;
    Goodware events{.root = root,
                    .files = {},
                    .left_out_folders = files->left_out_folders,
                    .left_out_large = files->left_out_large,
                    .left_out_sample = files->left_out_sample};
    for (const GoodwareFile& file : files->files) {
        const bool named = file.path.extension() == ".jsonl";
        const Result<Bytes> text = named ? store.read(file.path, caps.file_bytes_max) : Bytes{};
        if (named && text) {
            add_events(events, file, text_of(*text));
        } else {
            ++events.left_out_no_event;
        }
    }
    sample(events, caps, seed);
    std::ranges::sort(events.files, {}, [](const GoodwareFile& event) {
        return std::pair(event.path.native(), event.offset);
    });
    return events;
}

Result<Goodware> list_goodware(const fs::path& root, const CorpusCaps& caps, std::uint64_t seed) {
    Goodware goodware{.root = root, .files = {}};
    std::error_code code;
    if (!fs::is_directory(root, code)) {
        return fail(Errc::kNotFound, root.string() + ": not a folder");
    }
    fs::recursive_directory_iterator entries(root, code);
    for (const fs::recursive_directory_iterator end; !code && entries != end;
         entries.increment(code)) {
        std::error_code gone;
        const fs::file_status status = entries->symlink_status(gone);
        if (!gone && fs::is_directory(status) &&
            ::access(entries->path().c_str(), R_OK | X_OK) != 0) {
            ++goodware.left_out_folders;
            entries.disable_recursion_pending();
        }
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
