#include "core/base/utc.hpp"
#include "core/trust/metadata.hpp"

namespace firebreak::trust {
namespace {

constexpr const char* kSpecVersion = "1.0.34";

json::object header(const char* type, Version version, std::chrono::sys_seconds expires) {
    return {{"_type", type},
            {"spec_version", kSpecVersion},
            {"version", version},
            {"expires", format_utc(expires)}};
}

json::array array_of(const std::vector<std::string>& texts) {
    json::array array;
    for (const std::string& text : texts) array.emplace_back(text);
    return array;
}

json::object keys_json(const KeyMap& keys) {
    json::object object;
    for (const auto& [id, key] : keys) object[id] = key.to_json();
    return object;
}

json::object role_json(const RoleKeys& role) {
    return {{"keyids", array_of(role.key_ids)}, {"threshold", role.threshold}};
}

json::object hashes_json(const std::map<std::string, std::string>& hashes) {
    json::object object;
    for (const auto& [algorithm, digest] : hashes) object[algorithm] = digest;
    return object;
}

/// As a signed integer, which is what the readers look for: no file has 2^63 bytes.
std::int64_t length_json(std::uint64_t length) {
    return static_cast<std::int64_t>(length);
}

json::object meta_json(const MetaFile& file) {
    json::object object{{"version", file.version}};
    if (file.length) object["length"] = length_json(*file.length);
    if (!file.hashes.empty()) object["hashes"] = hashes_json(file.hashes);
    return object;
}

json::object target_json(const TargetFile& file) {
    json::object object{{"length", length_json(file.length)}, {"hashes", hashes_json(file.hashes)}};
    if (!file.custom.empty()) object["custom"] = file.custom;
    return object;
}

json::object delegated_json(const DelegatedRole& role) {
    json::object object = role_json(role.keys);
    object["name"] = role.name;
    object["terminating"] = role.terminating;
    if (role.path_hash_prefixes.empty()) {
        object["paths"] = array_of(role.paths);
    } else {
        object["path_hash_prefixes"] = array_of(role.path_hash_prefixes);
    }
    return object;
}

}  // namespace

json::value to_json(const Root& root) {
    json::object object = header("root", root.version, root.expires);
    object["consistent_snapshot"] = root.consistent_snapshot;
    object["keys"] = keys_json(root.keys);
    object["roles"] = json::object{{"root", role_json(root.root)},
                                   {"timestamp", role_json(root.timestamp)},
                                   {"snapshot", role_json(root.snapshot)},
                                   {"targets", role_json(root.targets)}};
    return object;
}

json::value to_json(const Timestamp& timestamp) {
    json::object object = header("timestamp", timestamp.version, timestamp.expires);
    object["meta"] = json::object{{"snapshot.json", meta_json(timestamp.snapshot)}};
    return object;
}

json::value to_json(const Snapshot& snapshot) {
    json::object meta;
    for (const auto& [role, file] : snapshot.meta) meta[role + ".json"] = meta_json(file);
    json::object object = header("snapshot", snapshot.version, snapshot.expires);
    object["meta"] = std::move(meta);
    return object;
}

json::value to_json(const Targets& targets) {
    json::object files;
    for (const auto& [path, file] : targets.targets) files[path] = target_json(file);
    json::object object = header("targets", targets.version, targets.expires);
    object["targets"] = std::move(files);
    if (targets.delegations) {
        json::array roles;
        for (const DelegatedRole& role : targets.delegations->roles) {
            roles.push_back(delegated_json(role));
        }
        object["delegations"] = json::object{{"keys", keys_json(targets.delegations->keys)},
                                             {"roles", std::move(roles)}};
    }
    return object;
}

}  // namespace firebreak::trust
