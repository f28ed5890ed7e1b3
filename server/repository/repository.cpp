#include "server/repository/repository.hpp"

#include <algorithm>
#include <charconv>
#include <set>

#include "core/base/errc.hpp"
#include "core/trust/canonical_json.hpp"
#include "core/trust/role_name.hpp"
#include "core/trust/updater.hpp"

namespace firebreak::server {
namespace {

namespace fs = std::filesystem;

/// Clients refuse more (trust::UpdaterLimits), so that reading or writing more makes no sense.
constexpr std::uint64_t kMetadataBytesMax = trust::UpdaterLimits{}.targets_bytes_max;

/// Beside metadata/ and targets/: nobody is served it.
constexpr const char* kVersionNote = "timestamp-versions";
/// Numbers that one note is good for; so many are skipped at a start at most.
constexpr trust::Version kVersionsNoted = 1'000;

trust::MetaFile meta_file_of(trust::Version version, ByteView bytes) {
    return {version, bytes.size(), {{"sha256", sha256(bytes).hex()}}};
}

bool same(const trust::MetaFile& a, const trust::MetaFile& b) {
    return a.version == b.version && a.length == b.length && a.hashes == b.hashes;
}

bool same_targets(const trust::Targets& a, const trust::Targets& b) {
    return std::ranges::equal(a.targets, b.targets, [](const auto& left, const auto& right) {
        return left.first == right.first && left.second.length == right.second.length &&
               left.second.hashes == right.second.hashes;
    });
}

/// Half of the lifetime is left for us to fail in, and for caches to serve the old file.
bool past_half(std::chrono::sys_seconds expires, std::chrono::seconds lifetime,
               std::chrono::sys_seconds now) {
    return now >= expires - lifetime / 2;
}

/// What of a repository's own file does not check out is damage, whatever trust calls it.
tl::unexpected<Error> corrupt(const std::string& name, const Error& error) {
    return fail(Errc::kCorrupt, "repository: " + name + ": " + error.to_string());
}

/// A role's document in `bytes`, when `keys` signed it.
template <class Document>
Result<Document> read_role(ByteView bytes, const trust::RoleKeys& role, const trust::KeyMap& keys,
                           Result<Document> (*parse)(const json::value&)) {
    const Result<trust::Envelope> envelope = trust::parse_envelope(bytes);
    if (!envelope) return fail(envelope.error());
    const Result<void> trusted = verify_threshold(*envelope, role, keys);
    if (!trusted) return fail(trusted.error());
    return parse(envelope->signed_part);
}

fs::path folder_of_target(const fs::path& root, const std::string& path) {
    return (root / "targets" / path).parent_path();
}

fs::path place_of(const fs::path& root, const std::string& path, const trust::TargetFile& file) {
    return root / "targets" / trust::consistent_target_path(path, file);
}

Result<void> put_target(FileStore& files, const fs::path& root, const std::string& path,
                        const trust::TargetFile& file, ByteView bytes) {
    const Result<void> made = files.make_folder(folder_of_target(root, path), FileMode::kPublic);
    if (!made) return made;
    return files.write(place_of(root, path, file), bytes, FileMode::kPublic);
}

trust::TargetFile target_file_of(ByteView bytes) {
    return {bytes.size(), {{"sha256", sha256(bytes).hex()}}, {}};
}

}  // namespace

fs::path Repository::metadata_path(const std::string& name) const {
    return options_.root / "metadata" / name;
}

Result<Bytes> Repository::read_metadata(const std::string& name) const {
    Result<Bytes> bytes = files_->read(metadata_path(name), kMetadataBytesMax);
    if (bytes) return bytes;
    // Something vouched for it, or we would not ask.
    if (bytes.error() == Errc::kNotFound) return corrupt(name, bytes.error());
    return fail(bytes.error().seen_from("repository"));
}

Result<void> Repository::load_versions() {
    const Result<std::vector<std::string>> names = files_->list(options_.root / "metadata");
    if (!names) return fail(names.error().seen_from("repository"));
    for (const std::string& name : *names) {
        const std::size_t dot = name.find('.');
        if (dot == std::string::npos || !name.ends_with(".json")) continue;
        trust::Version version = 0;
        const auto [end, code] = std::from_chars(name.data(), name.data() + dot, version);
        if (code != std::errc() || end != name.data() + dot) continue;
        const std::string role = name.substr(dot + 1, name.size() - dot - 1 - 5);
        trust::Version& highest = highest_[role];
        highest = std::max(highest, version);
    }
    return {};
}

/// None in a repository that never published with a note.
Result<void> Repository::load_version_note() {
    constexpr std::uint64_t kBytesMax = 32;
    const Result<Bytes> bytes = files_->read(options_.root / kVersionNote, kBytesMax);
    if (!bytes && bytes.error() == Errc::kNotFound) return {};
    if (!bytes) return fail(bytes.error().seen_from("repository"));
    const std::string text = to_text(*bytes);
    const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), noted_);
    if (code != std::errc() || std::string_view(end) != "\n" || noted_ < 1) {
        return corrupt(kVersionNote, Error(Errc::kMalformed, "not a number and a line feed"));
    }
    return {};
}

Result<void> Repository::load_offline_roles() {
    const std::string root_name = trust::metadata_file_name("root", highest_["root"]);
    const Result<Bytes> root_bytes = read_metadata(root_name);
    if (!root_bytes) return fail(root_bytes.error());
    const Result<trust::Envelope> envelope = trust::parse_envelope(*root_bytes);
    if (!envelope) return corrupt(root_name, envelope.error());
    Result<trust::Root> root = trust::parse_root(envelope->signed_part);
    if (!root) return corrupt(root_name, root.error());
    const Result<void> trusted = verify_threshold(*envelope, root->root, root->keys);
    if (!trusted) return corrupt(root_name, trusted.error());
    root_ = std::move(*root);

    const std::string targets_name = trust::metadata_file_name("targets", highest_["targets"]);
    const Result<Bytes> targets_bytes = read_metadata(targets_name);
    if (!targets_bytes) return fail(targets_bytes.error());
    Result<trust::Targets> targets =
        read_role(*targets_bytes, root_.targets, root_.keys, &trust::parse_targets);
    if (!targets) return corrupt(targets_name, targets.error());
    targets_ = std::move(*targets);
    targets_file_ = meta_file_of(targets_.version, *targets_bytes);

    return check_roles(root_, targets_, online_->key());
}

Result<void> Repository::load_online_roles() {
    const Result<Bytes> timestamp_bytes = read_metadata("timestamp.json");
    if (!timestamp_bytes) return fail(timestamp_bytes.error());
    Result<trust::Timestamp> timestamp =
        read_role(*timestamp_bytes, root_.timestamp, root_.keys, &trust::parse_timestamp);
    if (!timestamp) return corrupt("timestamp.json", timestamp.error());

    const std::string snapshot_name =
        trust::metadata_file_name("snapshot", timestamp->snapshot.version);
    const Result<Bytes> snapshot_bytes = read_metadata(snapshot_name);
    if (!snapshot_bytes) return fail(snapshot_bytes.error());
    Result<trust::Snapshot> snapshot =
        read_role(*snapshot_bytes, root_.snapshot, root_.keys, &trust::parse_snapshot);
    if (!snapshot) return corrupt(snapshot_name, snapshot.error());

    const std::string rollout_role(kRolloutRole);
    const std::string rollout_name =
        trust::metadata_file_name(rollout_role, snapshot->meta[rollout_role].version);
    const Result<Bytes> rollout_bytes = read_metadata(rollout_name);
    if (!rollout_bytes) return fail(rollout_bytes.error());
    Result<trust::Targets> rollout =
        read_role(*rollout_bytes, delegated_role(targets_, kRolloutRole)->keys,
                  targets_.delegations->keys, &trust::parse_targets);
    if (!rollout) return corrupt(rollout_name, rollout.error());

    timestamp_ = std::move(*timestamp);
    snapshot_ = std::move(*snapshot);
    rollout_ = std::move(*rollout);
    if (const Result<void> noted = load_version_note(); !noted) return noted;
    highest_["timestamp"] = std::max(timestamp_.version, noted_);
    return {};
}

Result<Repository> Repository::open(FileStore& files, const signing::Signer& online,
                                    RepositoryOptions options) {
    Repository repository(files, online, std::move(options));
    const Result<Bytes> timestamp =
        files.read(repository.metadata_path("timestamp.json"), kMetadataBytesMax);
    if (!timestamp && timestamp.error() == Errc::kNotFound) {
        return fail(Errc::kNotFound, "repository: none at " + repository.options_.root.string() +
                                         "; run `firebreakd init` first");
    }
    if (const Result<void> loaded = repository.load_versions(); !loaded) {
        return fail(loaded.error());
    }
    if (const Result<void> loaded = repository.load_offline_roles(); !loaded) {
        return fail(loaded.error());
    }
    if (const Result<void> loaded = repository.load_online_roles(); !loaded) {
        return fail(loaded.error());
    }
    return repository;
}

Result<void> Repository::create(FileStore& files, const signing::Signer& online,
                                const RepositoryOptions& options,
                                const CeremonyFiles& ceremony_files, std::chrono::sys_seconds now) {
    Repository repository(files, online, options);
    if (files.read(repository.metadata_path("timestamp.json"), kMetadataBytesMax)) {
        return fail(Errc::kConflict, "repository: " + options.root.string() +
                                         " holds one already; init makes new ones only");
    }
    const Result<Ceremony> ceremony = verify_ceremony(ceremony_files, online.key(), now);
    if (!ceremony) return fail(ceremony.error());
    for (const char* folder : {"metadata", "targets"}) {
        const Result<void> made = files.make_folder(options.root / folder, FileMode::kPublic);
        if (!made) return made;
    }
    for (const auto& [name, bytes] :
         {std::pair(trust::metadata_file_name("root", ceremony->root.version),
                    &ceremony_files.root),
          std::pair(trust::metadata_file_name("targets", ceremony->targets.version),
                    &ceremony_files.targets)}) {
        const Result<void> written =
            files.write(repository.metadata_path(name), *bytes, FileMode::kPublic);
        if (!written) return written;
    }
    if (const Result<void> loaded = repository.load_versions(); !loaded) return loaded;
    if (const Result<void> loaded = repository.load_offline_roles(); !loaded) return loaded;
    const BundleSource no_bundles = [](const Sha256&) -> Result<Bytes> {
        return fail(Errc::kNotFound, "bundle");
    };
    const Result<Published> published =
        repository.publish({ceremony_files.content, {}}, no_bundles, now);
    if (!published) return fail(published.error());
    return {};
}

bool Repository::is_due(std::chrono::sys_seconds now) const {
    return past_half(timestamp_.expires, options_.timestamp_lifetime, now) ||
           past_half(snapshot_.expires, options_.snapshot_lifetime, now) ||
           past_half(rollout_.expires, options_.rollout_lifetime, now);
}

trust::Version Repository::take_version(const std::string& role) {
    return ++highest_[role];
}

Result<trust::Version> Repository::take_timestamp_version() {
    const trust::Version next = highest_["timestamp"] + 1;
    if (next > noted_) {
        const trust::Version until = next + kVersionsNoted - 1;
        const std::string text = std::to_string(until) + "\n";
        const Result<void> written =
            files_->write(options_.root / kVersionNote, bytes_of(text), FileMode::kPublic);
        if (!written) return fail(written.error().seen_from("repository"));
        noted_ = until;
    }
    return take_version("timestamp");
}

Result<trust::MetaFile> Repository::write_role(const std::string& role, trust::Version version,
                                               const json::value& signed_part) {
    const Result<Bytes> bytes = signing::sign_metadata(signed_part, {online_});
    if (!bytes) return fail(bytes.error().seen_from("sign " + role));
    const std::string name =
        role == "timestamp" ? role + ".json" : trust::metadata_file_name(role, version);
    const Result<void> written = files_->write(metadata_path(name), *bytes, FileMode::kPublic);
    if (!written) return fail(written.error().seen_from("repository"));
    return meta_file_of(version, *bytes);
}

Result<void> Repository::stage(const std::string& path, const trust::TargetFile& file,
                               ByteView bytes) const {
    return put_target(*files_, options_.root, path, file, bytes);
}

Result<void> Repository::stage_missing(const trust::Targets& content,
                                       const BundleSource& bundles) const {
    std::map<fs::path, std::set<std::string>> there;
    for (const auto& [path, file] : content.targets) {
        const fs::path folder = folder_of_target(options_.root, path);
        if (!there.contains(folder)) {
            Result<std::vector<std::string>> names = files_->list(folder);
            if (!names && names.error() != Errc::kNotFound) return fail(names.error());
            if (names) there[folder].insert(names->begin(), names->end());
        }
        const fs::path place = place_of(options_.root, path, file);
        if (there[folder].contains(place.filename().string())) continue;

        const auto hash = file.hashes.find("sha256");
        if (hash == file.hashes.end()) return fail(Errc::kInvalid, path + ": has no sha256");
        const Result<Sha256> digest = Sha256::from_hex(hash->second);
        if (!digest) return fail(digest.error().seen_from(path));
        const Result<Bytes> bytes = bundles(*digest);
        if (!bytes) return fail(bytes.error().seen_from(path));
        const Result<void> right = trust::verify_target(file, *bytes);
        if (!right) return fail(right.error().seen_from(path));
        const Result<void> staged = stage(path, file, *bytes);
        if (!staged) return staged;
    }
    return {};
}

Result<bool> Repository::publish_content(const Bytes& content_role, const BundleSource& bundles,
                                         trust::Snapshot& snapshot) {
    const Result<trust::Targets> content = verify_content_role(content_role, targets_);
    if (!content) return fail(content.error().seen_from("repository"));
    const trust::MetaFile next = meta_file_of(content->version, content_role);
    trust::MetaFile& current = snapshot.meta[std::string(kContentRole)];
    if (same(current, next)) return false;
    if (next.version <= current.version) {
        return fail(Errc::kConflict,
                    "repository: content metadata " + std::to_string(next.version) +
                        " is not newer than the published " + std::to_string(current.version));
    }
    if (content_role.size() > kMetadataBytesMax) {
        return fail(Errc::kTooLarge, "repository: content metadata");
    }
    if (const Result<void> staged = stage_missing(*content, bundles); !staged) {
        return fail(staged.error());
    }
    const std::string name = trust::metadata_file_name(std::string(kContentRole), next.version);
    const Result<void> written =
        files_->write(metadata_path(name), content_role, FileMode::kPublic);
    if (!written) return fail(written.error().seen_from("repository"));
    current = next;
    return true;
}

Result<bool> Repository::publish_rollout(const DesiredState& desired, std::chrono::sys_seconds now,
                                         trust::Targets& rollout, trust::Snapshot& snapshot) {
    trust::Targets next;
    std::map<std::string, Bytes> pointers;
    for (const auto& [stream, pointer] : desired.pointers) {
        Result<Bytes> bytes = trust::canonical_json(trust::to_json(pointer));
        if (!bytes) return fail(bytes.error().seen_from("rings/" + stream));
        const std::string path = "rings/" + stream + ".json";
        next.targets[path] = target_file_of(*bytes);
        pointers[path] = std::move(*bytes);
    }
    if (rollout.version > 0 && same_targets(rollout, next) &&
        !past_half(rollout.expires, options_.rollout_lifetime, now)) {
        return false;
    }
    for (const auto& [path, bytes] : pointers) {
        const auto published = rollout.targets.find(path);
        const trust::TargetFile& file = next.targets[path];
        if (published != rollout.targets.end() && published->second.hashes == file.hashes) continue;
        const Result<void> staged = stage(path, file, bytes);
        if (!staged) return fail(staged.error().seen_from("repository"));
    }
    const std::string role(kRolloutRole);
    next.version = take_version(role);
    next.expires = now + options_.rollout_lifetime;
    Result<trust::MetaFile> written = write_role(role, next.version, trust::to_json(next));
    if (!written) return fail(written.error());
    snapshot.meta[role] = std::move(*written);
    rollout = std::move(next);
    return true;
}

Result<Published> Repository::publish(const DesiredState& desired, const BundleSource& bundles,
                                      std::chrono::sys_seconds now) {
    // Copies: what is on disk stays what we know of it until the timestamp vouches for the rest.
    Published published;
    trust::Snapshot snapshot = snapshot_;
    trust::Targets rollout = rollout_;
    trust::Timestamp timestamp = timestamp_;

    const Result<bool> content = publish_content(desired.content_role, bundles, snapshot);
    if (!content) return fail(content.error());
    published.content = *content;
    const Result<bool> pointers = publish_rollout(desired, now, rollout, snapshot);
    if (!pointers) return fail(pointers.error());
    published.rollout = *pointers;

    const bool targets_new = !same(snapshot.meta["targets"], targets_file_);
    published.snapshot = published.content || published.rollout || targets_new ||
                         past_half(snapshot.expires, options_.snapshot_lifetime, now);
    if (published.snapshot) {
        snapshot.meta["targets"] = targets_file_;
        snapshot.version = take_version("snapshot");
        snapshot.expires = now + options_.snapshot_lifetime;
        Result<trust::MetaFile> written =
            write_role("snapshot", snapshot.version, trust::to_json(snapshot));
        if (!written) return fail(written.error());
        timestamp.snapshot = std::move(*written);
    }

    published.timestamp =
        published.snapshot || past_half(timestamp.expires, options_.timestamp_lifetime, now);
    if (published.timestamp) {
        // Also past one that a failed write may have left: a client that saw it takes no other
        // timestamp of that version, and would learn of a halt one version late.
        const Result<trust::Version> version = take_timestamp_version();
        if (!version) return fail(version.error());
        timestamp.version = *version;
        timestamp.expires = now + options_.timestamp_lifetime;
        const Result<trust::MetaFile> written =
            write_role("timestamp", timestamp.version, trust::to_json(timestamp));
        if (!written) return fail(written.error());
    }

    snapshot_ = std::move(snapshot);
    rollout_ = std::move(rollout);
    timestamp_ = std::move(timestamp);
    return published;
}

}  // namespace firebreak::server
