#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "core/base/error.hpp"
#include "validator/profile.hpp"

namespace firebreak::validator {

/// One file of a goodware tree.
struct GoodwareFile {
    std::filesystem::path path;
    std::string name;  ///< Its path, printable.
    std::uint64_t bytes = 0;
};

/// What of one tree will be driven, and what not.
struct Goodware {
    std::filesystem::path root;
    std::vector<GoodwareFile> files;    ///< Sorted by path.
    std::uint64_t left_out_large = 0;   ///< Larger than the cap on one file.
    std::uint64_t left_out_sample = 0;  ///< Past the caps on the whole: not in this seed's sample.
};

/// Lists the regular files beneath `root`. Symbolic links are not followed, so that a tree is what
/// it
/// contains; folders that cannot be read are passed over.
///
/// Past the caps it takes a sample: files in the order of SHA-256(seed, path), until a cap is met.
///
/// @returns the list, or Errc::kNotFound / an errno when `root` is no readable folder.
[[nodiscard]] Result<Goodware> list_goodware(const std::filesystem::path& root,
                                             const CorpusCaps& caps, std::uint64_t seed);

}  // namespace firebreak::validator
