#pragma once

#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "core/base/error.hpp"
#include "core/base/file_store.hpp"
#include "core/content/attestation.hpp"
#include "validator/generate/mutator.hpp"

namespace firebreak::validator {

/// Interesting inputs kept between fuzzing runs: a folder of files named by their SHA-256.
///
/// Anybody may have written to the folder: files that are no regular files, are not what their name
/// says, are larger than any fuzzing input, or are more than fit, are passed over.
/// Limits: 8,192 files, 64 MiB in all; 512 new files a run.
/// Thread safety: none.
/// Tests: tests/unit/validator/fuzz_corpus_test.cpp.
class FuzzCorpus {
public:
    /// @param folder  Empty: a corpus that is not kept.
    /// @returns the corpus, which is empty where the folder does not exist; or an errno.
    [[nodiscard]] static Result<FuzzCorpus> open(const std::filesystem::path& folder,
                                                 FileStore& files);

    /// Those that a mutator takes, in the order of their names.
    std::vector<Bytes> inputs(const Mutator& mutator) const;

    /// Adds what is new.
    void keep(const std::vector<Bytes>& inputs);

    /// Writes what was added. @returns an errno.
    [[nodiscard]] Result<void> save();

    /// What was read, as the attestation names it.
    content::AttestedCorpus attested() const;

private:
    FuzzCorpus(std::filesystem::path folder, FileStore& files)
        : folder_(std::move(folder)), files_(&files) {}

    std::filesystem::path folder_;
    FileStore* files_;
    std::map<std::string, Bytes> read_;
    std::map<std::string, Bytes> added_;
    std::uint64_t bytes_ = 0;
};

}  // namespace firebreak::validator
