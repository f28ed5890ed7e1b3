#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "core/base/file_store.hpp"
#include "core/signing/signer.hpp"
#include "core/trust/metadata.hpp"
#include "core/trust/ring_rule.hpp"
#include "server/repository/ceremony.hpp"

namespace firebreak::server {

struct RepositoryOptions {
    std::filesystem::path root;  ///< Holds metadata/ and targets/.
    std::chrono::seconds timestamp_lifetime{3'600};
    std::chrono::seconds snapshot_lifetime{7 * 86'400};
    std::chrono::seconds rollout_lifetime{7 * 86'400};
};

/// What the repository has to say: a function of the store, never of what is on disk.
struct DesiredState {
    Bytes content_role;                                  ///< As signed by the content keys.
    std::map<std::string, trust::RingPointer> pointers;  ///< By stream.
};

/// Where the bytes of a bundle are, by digest.
using BundleSource = std::function<Result<Bytes>(const Sha256&)>;

/// What publish() wrote.
struct Published {
    bool content = false;
    bool rollout = false;
    bool snapshot = false;
    bool timestamp = false;

    bool anything() const { return content || rollout || snapshot || timestamp; }
};

/// The TUF repository as plain files: immutable ones below metadata/ and targets/, and the one
/// metadata/timestamp.json, which alone is ever replaced. Any web server can serve it.
///
/// Order of writing: target files, content and rollout metadata, snapshot, timestamp last. A client
/// sees the old state or the new one, wherever a power cut falls; the next publish() goes on from
/// what it finds. A version number that was on disk is never given to other bytes.
///
/// Thread safety: one thread at a time, but for stage(), which any thread may call.
/// Source: TUF specification v1.0.34, sections 6 and 7; ADR 0002 for the two delegations.
/// Tests: tests/unit/server/repository/repository_test.cpp (a kill at each step).
class Repository {
public:
    /// @param files, online  Must outlive the repository.
    /// @returns the repository on disk, its signatures checked; Errc::kNotFound when there is none;
    ///   Errc::kCorrupt for files that do not check out; Errc::kInvalid when `online` is not its
    ///   key.
    [[nodiscard]] static Result<Repository> open(FileStore& files, const signing::Signer& online,
                                                 RepositoryOptions options);

    /// Writes the files of a ceremony and, for a new repository, the first rollout, snapshot and
    /// timestamp. Doing it again after a failure finishes the work.
    ///
    /// @pre `ceremony` is what verify_ceremony made of `ceremony_files`.
    /// @returns Errc::kConflict when there is a repository already.
    [[nodiscard]] static Result<void> create(FileStore& files, const signing::Signer& online,
                                             const RepositoryOptions& options,
                                             const CeremonyFiles& ceremony_files,
                                             std::chrono::sys_seconds now);

    /// Makes the files say `desired`. Metadata that says it already, and is not past half of its
    /// lifetime, is left as it is: then nothing is written at all.
    ///
    /// @param bundles  Asked for each content target that is not staged yet.
    /// @returns what was written; on failure clients keep seeing the last state, and calling it
    ///   again is safe. Errc::kConflict when `desired` has older content metadata than the disk.
    [[nodiscard]] Result<Published> publish(const DesiredState& desired,
                                            const BundleSource& bundles,
                                            std::chrono::sys_seconds now);

    /// Puts a target's bytes in their place before any metadata names them, so that publish() need
    /// not. @pre `bytes` are those of `file`.
    [[nodiscard]] Result<void> stage(const std::string& path, const trust::TargetFile& file,
                                     ByteView bytes) const;

    /// True when some online metadata is past half of its lifetime: time for publish().
    bool is_due(std::chrono::sys_seconds now) const;

    const trust::Root& root() const { return root_; }
    const trust::Targets& targets() const { return targets_; }
    std::chrono::sys_seconds timestamp_expires() const { return timestamp_.expires; }
    std::chrono::seconds timestamp_lifetime() const { return options_.timestamp_lifetime; }
    /// When the timestamp was signed, as far as its lifetime tells.
    std::chrono::sys_seconds timestamp_signed() const {
        return timestamp_.expires - options_.timestamp_lifetime;
    }

private:
    Repository(FileStore& files, const signing::Signer& online, RepositoryOptions options)
        : files_(&files), online_(&online), options_(std::move(options)) {}

    std::filesystem::path metadata_path(const std::string& name) const;
    [[nodiscard]] Result<Bytes> read_metadata(const std::string& name) const;
    [[nodiscard]] Result<void> load_versions();
    [[nodiscard]] Result<void> load_version_note();
    [[nodiscard]] Result<void> load_offline_roles();
    [[nodiscard]] Result<void> load_online_roles();

    /// Writes `signed_part` as version `version` of `role`, signed online.
    [[nodiscard]] Result<trust::MetaFile> write_role(const std::string& role,
                                                     trust::Version version,
                                                     const json::value& signed_part);
    /// The version that the next file of `role` gets: above all that are, or may be, on disk.
    trust::Version take_version(const std::string& role);
    /// The same for the timestamp, whose file is replaced and so tells of one number alone: those
    /// that may have been used are on disk before. A write that failed may have been seen, and be
    /// gone after a power cut; who saw it takes no other bytes of that number, not even a halt.
    [[nodiscard]] Result<trust::Version> take_timestamp_version();

    [[nodiscard]] Result<bool> publish_content(const Bytes& content_role,
                                               const BundleSource& bundles,
                                               trust::Snapshot& snapshot);
    [[nodiscard]] Result<bool> publish_rollout(const DesiredState& desired,
                                               std::chrono::sys_seconds now,
                                               trust::Targets& rollout, trust::Snapshot& snapshot);
    [[nodiscard]] Result<void> stage_missing(const trust::Targets& content,
                                             const BundleSource& bundles) const;

    // Pointers, so that a repository can be moved.
    FileStore* files_;
    const signing::Signer* online_;
    RepositoryOptions options_;
    trust::Root root_;
    trust::Targets targets_;
    trust::MetaFile targets_file_;
    // What the timestamp on disk vouches for; version 0 before the first publish().
    trust::Targets rollout_;
    trust::Snapshot snapshot_;
    trust::Timestamp timestamp_;
    std::map<std::string, trust::Version> highest_;  ///< By role.
    trust::Version noted_ = 0;  ///< No timestamp had a higher number: says the note on disk.
};

}  // namespace firebreak::server
