#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/signing/signer.hpp"
#include "core/trust/metadata.hpp"
#include "core/trust/ring_rule.hpp"
#include "core/trust/updater.hpp"

namespace firebreak::test {

/// A whole TUF repository in memory, with our roles: root, targets (delegations only), content and
/// rollout (both delegated by targets, terminating), snapshot, timestamp.
///
/// The documents are plain values: change them, then publish. What a test publishes may be as wrong
/// as it likes; sign_… writes exactly what stands there. Keys are made from their names, so that
/// any test can sign as anybody: `repository.signs["content"] = {"mallory", "approver"}`.
///
///     RepositorySimulator repository(now);
///     repository.put_bundle("yara", bytes, terms);
///     repository.publish("content");
///     LocalMetadata local = repository.first_install();
///     Result<trust::Updater> updater = repository.refresh(local, now);
class RepositorySimulator {
public:
    /// Everything at version 1 and published; all of it expires a day after `now`, root in a year.
    explicit RepositorySimulator(std::chrono::sys_seconds now);

    trust::Root root;
    std::map<std::string, trust::Targets> roles;  ///< "targets" and every role below it.
    trust::Snapshot snapshot;
    trust::Timestamp timestamp;
    std::map<std::string, std::vector<std::string>> signs;  ///< Key names by role.
    bool vouches_hashes = true;  ///< Length and hashes in snapshot and timestamp.

    std::map<std::string, Bytes> metadata;  ///< What is fetched, by Fetch::path.
    std::map<std::string, Bytes> targets;   ///< By path and by consistent_target_path.
    std::vector<std::string> requests;      ///< Every Fetch::path asked for.

    /// The key of that name. The same on every run.
    static signing::Ed25519Signer signer(const std::string& name);

    /// Next version of a targets role, and of snapshot and timestamp, so that clients see it.
    void publish(const std::string& role);
    void publish_snapshot();
    void publish_timestamp();
    /// Next version of root, signed by whoever signed the last and by signs["root"].
    void publish_root();

    /// Writes the document as it stands, signed by signs[role]. Of what points at it, only the
    /// entry in the (unsigned as yet) document above follows.
    void sign_role(const std::string& role);
    void sign_snapshot();
    void sign_timestamp();

    /// Puts `names` in place of a top-level role's keys, in the root not yet published and in
    /// signs.
    void replace_keys(const std::string& role, const std::vector<std::string>& names,
                      int threshold);

    /// Adds an empty role below `parent`, signed by the key called like it. The caller publishes
    /// both.
    trust::DelegatedRole& delegate(const std::string& parent, const std::string& name,
                                   std::vector<std::string> paths);
    trust::DelegatedRole& delegation(const std::string& parent, const std::string& name);

    /// Lists `bytes` as a target of `role`, and serves them. The caller publishes the role.
    void put_target(const std::string& role, const std::string& path, const Bytes& bytes,
                    json::object custom = {});
    /// A bundle of `stream` at terms.counter, and a pointer: the targets of section 8 of the
    /// design.
    void put_bundle(const std::string& stream, const Bytes& bundle,
                    const trust::ContentTerms& terms);
    void put_pointer(const trust::RingPointer& pointer);

    /// What the network would answer; nullopt is a 404. Remembers the request.
    std::optional<Bytes> fetch(const std::string& path);

    /// The local metadata of a client that was just installed: the first root.
    trust::LocalMetadata first_install() const;

    /// One update cycle, looking for `paths`, keeping `local` as a client would keep its disk: also
    /// what was persisted before an error.
    [[nodiscard]] Result<trust::Updater> refresh(trust::LocalMetadata& local,
                                                 std::chrono::sys_seconds now,
                                                 const std::vector<std::string>& paths = {});

    /// Runs `updater` until it is idle.
    [[nodiscard]] Result<void> run(trust::Updater& updater, trust::LocalMetadata& local);

private:
    Bytes signed_by(const json::value& document, const std::vector<std::string>& names) const;
    void write(const std::string& role, trust::Version version, Bytes bytes);
    trust::MetaFile meta_of(trust::Version version, const Bytes& bytes) const;

    std::chrono::sys_seconds expires_;
    std::vector<std::string> last_root_signers_;
};

}  // namespace firebreak::test
