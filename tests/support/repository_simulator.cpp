#include "tests/support/repository_simulator.hpp"

#include <algorithm>
#include <boost/json/serialize.hpp>
#include <utility>

#include "core/base/check.hpp"
#include "core/base/digest.hpp"
#include "core/trust/role_name.hpp"

namespace firebreak::test {
namespace {

using std::chrono::days;

trust::RoleKeys role_keys(trust::KeyMap& keys, const std::vector<std::string>& names,
                          int threshold) {
    trust::RoleKeys role;
    role.threshold = threshold;
    for (const std::string& name : names) {
        const trust::Key key = RepositorySimulator::signer(name).key();
        role.key_ids.push_back(key.id());
        keys.emplace(key.id(), key);
    }
    return role;
}

}  // namespace

RepositorySimulator::RepositorySimulator(std::chrono::sys_seconds now) : expires_(now + days{1}) {
    replace_keys("root", {"root-1", "root-2", "root-3"}, 2);
    replace_keys("targets", {"targets-1", "targets-2", "targets-3"}, 2);
    replace_keys("snapshot", {"snapshot"}, 1);
    replace_keys("timestamp", {"timestamp"}, 1);
    root.expires = now + days{365};
    snapshot.expires = expires_;
    timestamp.expires = expires_;

    roles["targets"].expires = expires_;
    trust::DelegatedRole& content = delegate("targets", "content", {"content/*/*"});
    content.terminating = true;
    signs["content"] = {"validator", "approver"};
    content.keys =
        role_keys(roles["targets"].delegations->keys, {"validator", "approver", "approver-2"}, 2);
    delegate("targets", "rollout", {"rings/*"}).terminating = true;

    publish_root();
    for (auto& [name, role] : roles) {
        ++role.version;
        sign_role(name);
    }
    publish_snapshot();
}

signing::Ed25519Signer RepositorySimulator::signer(const std::string& name) {
    Sha256 seed = sha256(bytes_of("test key " + name));
    return signing::Ed25519Signer::from_seed(SecretBytes::take(seed.bytes));
}

void RepositorySimulator::publish(const std::string& role) {
    ++roles.at(role).version;
    sign_role(role);
    publish_snapshot();
}

void RepositorySimulator::publish_snapshot() {
    ++snapshot.version;
    sign_snapshot();
    publish_timestamp();
}

void RepositorySimulator::publish_timestamp() {
    ++timestamp.version;
    sign_timestamp();
}

void RepositorySimulator::publish_root() {
    ++root.version;
    std::vector<std::string> names = signs["root"];
    names.insert(names.end(), last_root_signers_.begin(), last_root_signers_.end());
    std::ranges::sort(names);
    names.erase(std::unique(names.begin(), names.end()), names.end());
    metadata[trust::metadata_file_name("root", root.version)] = signed_by(to_json(root), names);
    last_root_signers_ = signs["root"];
}

void RepositorySimulator::sign_role(const std::string& role) {
    const trust::Targets& document = roles.at(role);
    Bytes bytes = signed_by(to_json(document), signs[role]);
    snapshot.meta[role] = meta_of(document.version, bytes);
    write(role, document.version, std::move(bytes));
}

void RepositorySimulator::sign_snapshot() {
    Bytes bytes = signed_by(to_json(snapshot), signs["snapshot"]);
    timestamp.snapshot = meta_of(snapshot.version, bytes);
    write("snapshot", snapshot.version, std::move(bytes));
}

void RepositorySimulator::sign_timestamp() {
    metadata["timestamp.json"] = signed_by(to_json(timestamp), signs["timestamp"]);
}

void RepositorySimulator::replace_keys(const std::string& role,
                                       const std::vector<std::string>& names, int threshold) {
    const std::map<std::string, trust::RoleKeys*> places{{"root", &root.root},
                                                         {"timestamp", &root.timestamp},
                                                         {"snapshot", &root.snapshot},
                                                         {"targets", &root.targets}};
    *places.at(role) = role_keys(root.keys, names, threshold);
    signs[role] = names;
}

trust::DelegatedRole& RepositorySimulator::delegate(const std::string& parent,
                                                    const std::string& name,
                                                    std::vector<std::string> paths) {
    trust::Targets& delegator = roles.at(parent);
    if (!delegator.delegations) delegator.delegations.emplace();
    trust::DelegatedRole role;
    role.name = name;
    role.keys = role_keys(delegator.delegations->keys, {name}, 1);
    role.paths = std::move(paths);
    delegator.delegations->roles.push_back(std::move(role));
    signs[name] = {name};
    roles[name].expires = expires_;
    return delegator.delegations->roles.back();
}

trust::DelegatedRole& RepositorySimulator::delegation(const std::string& parent,
                                                      const std::string& name) {
    auto& children = roles.at(parent).delegations->roles;
    const auto found = std::ranges::find(children, name, &trust::DelegatedRole::name);
    FIREBREAK_CHECK(found != children.end());
    return *found;
}

void RepositorySimulator::put_target(const std::string& role, const std::string& path,
                                     const Bytes& bytes, json::object custom) {
    trust::TargetFile file;
    file.length = bytes.size();
    file.hashes = {{"sha256", sha256(bytes).hex()}};
    file.custom = std::move(custom);
    targets[path] = bytes;
    targets[trust::consistent_target_path(path, file)] = bytes;
    roles.at(role).targets[path] = std::move(file);
}

void RepositorySimulator::put_bundle(const std::string& stream, const Bytes& bundle,
                                     const trust::ContentTerms& terms) {
    put_target("content", trust::content_path(stream, terms.counter), bundle, to_json(terms));
}

void RepositorySimulator::put_pointer(const trust::RingPointer& pointer) {
    put_target("rollout", trust::ring_pointer_path(pointer.stream),
               to_bytes(json::serialize(to_json(pointer))));
}

std::optional<Bytes> RepositorySimulator::fetch(const std::string& path) {
    requests.push_back(path);
    const auto found = metadata.find(path);
    if (found == metadata.end()) return std::nullopt;
    return found->second;
}

trust::LocalMetadata RepositorySimulator::first_install() const {
    return {{"root", metadata.at("1.root.json")}};
}

Result<trust::Updater> RepositorySimulator::refresh(trust::LocalMetadata& local,
                                                    std::chrono::sys_seconds now,
                                                    const std::vector<std::string>& paths) {
    Result<trust::Updater> updater = trust::Updater::start(local, now, {});
    if (!updater) return updater;
    for (const std::string& path : paths) updater->look_for(path);
    if (const auto done = run(*updater, local); !done) return fail(done.error());
    return updater;
}

Result<void> RepositorySimulator::run(trust::Updater& updater, trust::LocalMetadata& local) {
    for (;;) {
        Result<trust::Updater::Step> step = updater.next();
        if (!step) return fail(step.error());
        if (std::holds_alternative<trust::Updater::Idle>(*step)) return {};
        if (auto* kept = std::get_if<trust::Updater::Persist>(&*step)) {
            local[kept->role] = std::move(kept->bytes);
        } else if (const auto* dropped = std::get_if<trust::Updater::Forget>(&*step)) {
            local.erase(dropped->role);
        } else if (const auto* asked = std::get_if<trust::Updater::Fetch>(&*step)) {
            std::optional<Bytes> bytes = fetch(asked->path);
            if (bytes) {
                updater.fetched(std::move(*bytes));
            } else {
                updater.not_available();
            }
        }
    }
}

Bytes RepositorySimulator::signed_by(const json::value& document,
                                     const std::vector<std::string>& names) const {
    std::vector<signing::Ed25519Signer> keys;
    keys.reserve(names.size());
    for (const std::string& name : names) keys.push_back(signer(name));
    std::vector<const signing::Signer*> signers;
    for (const signing::Ed25519Signer& key : keys) signers.push_back(&key);
    Result<Bytes> bytes = signing::sign_metadata(document, signers);
    FIREBREAK_CHECK(bytes);
    return std::move(*bytes);
}

void RepositorySimulator::write(const std::string& role, trust::Version version, Bytes bytes) {
    const auto prefix = root.consistent_snapshot ? std::optional(version) : std::nullopt;
    metadata[trust::metadata_file_name(role, prefix)] = std::move(bytes);
}

trust::MetaFile RepositorySimulator::meta_of(trust::Version version, const Bytes& bytes) const {
    trust::MetaFile file;
    file.version = version;
    if (vouches_hashes) {
        file.length = bytes.size();
        file.hashes = {{"sha256", sha256(bytes).hex()}};
    }
    return file;
}

}  // namespace firebreak::test
