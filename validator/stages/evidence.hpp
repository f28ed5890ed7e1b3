#pragma once

#include <map>

#include "validator/stages/crew.hpp"

namespace firebreak::validator {

/// What inputs are for: a match on them means something else.
enum class CorpusKind : std::uint8_t {
    kGoodware,  ///< FB701
    kOwn,       ///< Firebreak itself: FB707
};

/// What the runs of one build over one corpus mean, as findings of the run.
class Evidence {
public:
    /// Both must outlive this.
    Evidence(Run& run, const Build& build, CorpusKind kind);

    void weigh(const std::vector<GoodwareFile>& files, const std::vector<FileRun>& runs);

    /// One input that is no file.
    void weigh(const std::string& name, const Bytes& input, const FileRun& run);

    std::uint64_t executions() const { return executions_; }
    std::uint64_t cached() const { return cached_; }
    std::uint64_t unread() const { return unread_; }
    std::uint64_t not_run() const { return not_run_; }

    /// Says how many matches were not listed.
    void finish();

private:
    /// One input: a file, or bytes at hand.
    struct Input {
        const std::string& name;
        const GoodwareFile* file;
        const Bytes* bytes;
    };

    void weigh(const Input& input, const FileRun& run);
    void match(const Input& input, const FileRun& run, const sensor::Match& match);
    void fault(const Input& input, const FileRun& run);
    void attach(const Input& input, const FileRun& run, std::string_view rule, Finding& finding);
    std::optional<Bytes> read(const Input& input, const FileRun& run) const;

    Run& run_;
    const Build& build_;
    CorpusKind kind_;
    std::map<std::string, std::uint64_t> matches_;  ///< By rule.
    std::uint64_t executions_ = 0;
    std::uint64_t cached_ = 0;
    std::uint64_t unread_ = 0;
    std::uint64_t not_run_ = 0;
};

/// Where a build says a rule stands; the name alone where it does not say.
Place place_of(const Build& build, const std::string& rule);

/// The files of the bundle that a reproducer for `finding` carries: all of a small content, the one
/// with the rule of a large one.
std::vector<content::ContentFile> needed_files(const Run& run, const Finding& finding);

/// The corpus as the attestation names it: SHA-256 over the lines "<hex digest>  <path>\n" that
/// sha256sum prints, in the order of the paths. Files that were not read are left out.
///
/// @param runs  As many as `files`.
content::AttestedCorpus attested_corpus(std::string name, const std::vector<GoodwareFile>& files,
                                        const std::vector<FileRun>& runs);

}  // namespace firebreak::validator
