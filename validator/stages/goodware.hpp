#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "core/base/error.hpp"
#include "core/base/file_store.hpp"
#include "validator/profile.hpp"

namespace firebreak::validator {

/// One input of a goodware tree: a file, or an event, which is a line of one.
struct GoodwareFile {
    std::filesystem::path path;
    std::string name;  ///< Its path, printable; an event's with its line, "a.jsonl:7".
    std::uint64_t bytes = 0;
    std::uint64_t offset = 0;  ///< Where in the file it begins.
};

/// What of one tree will be driven, and what not.
struct Goodware {
    std::filesystem::path root;
    std::vector<GoodwareFile> files;     ///< Sorted by path.
    std::uint64_t left_out_folders = 0;  ///< That cannot be read, with whatever is in them.
    std::uint64_t left_out_large = 0;    ///< Larger than the cap on one file.
    std::uint64_t left_out_sample = 0;   ///< Past the caps on the whole: not in this seed's sample.
    std::uint64_t left_out_no_event =
        0;  ///< Files that are not .jsonl, and lines that are no event.
};

/// Lists the regular files beneath `root`. Symbolic links are not followed, so that a tree is what
/// it contains; folders in it that cannot be read are passed over and counted.
///
/// Past the caps it takes a sample: files in the order of SHA-256(seed, path), until a cap is met.
///
/// @returns the list, or Errc::kNotFound / an errno when `root` is no readable folder.
[[nodiscard]] Result<Goodware> list_goodware(const std::filesystem::path& root,
                                             const CorpusCaps& caps, std::uint64_t seed);

/// The events of a goodware tree: each line of its .jsonl files that is a JSON object. The same
/// caps, for events instead of files.
[[nodiscard]] Result<Goodware> list_events(const std::filesystem::path& root,
                                           const CorpusCaps& caps, std::uint64_t seed,
                                           FileStore& store);

/// What content of this type is run over: events, or files.
bool takes_events(std::string_view content_type);

}  // namespace firebreak::validator
