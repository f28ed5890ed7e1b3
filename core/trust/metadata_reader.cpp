#include <algorithm>
#include <array>
#include <limits>
#include <set>
#include <string_view>

#include "core/base/encoding.hpp"
#include "core/base/utc.hpp"
#include "core/trust/detail/malformed.hpp"
#include "core/trust/metadata.hpp"

namespace firebreak::trust {
namespace {

using detail::malformed;

constexpr std::int64_t kIntegerMax = std::numeric_limits<std::int64_t>::max();
constexpr std::array<std::string_view, 4> kTopLevelRoles{"root", "timestamp", "snapshot",
                                                         "targets"};

/// Errors name a member of a map by its place: its name is somebody else's bytes.
std::string element_path(const std::string& path, std::size_t index) {
    return path + "[" + std::to_string(index) + "]";
}

/// "1.0.34", and "1.0" as some repositories write it. What counts is the major version (TAP 6).
Result<void> check_spec_version(const JsonObject& object) {
    const Result<std::string> text = object.string("spec_version");
    if (!text) return malformed(text.error());
    std::vector<std::string> parts(1);
    for (const char c : *text) {
        if (c == '.') {
            parts.emplace_back();
        } else {
            parts.back() += c;
        }
    }
    const bool has_form = (parts.size() == 2 || parts.size() == 3) &&
                          std::ranges::all_of(parts, [](const std::string& part) {
                              return !part.empty() && std::ranges::all_of(part, [](char c) {
                                  return c >= '0' && c <= '9';
                              });
                          });
    if (!has_form) return malformed(object.path_to("spec_version") + ": must be like 1.0.34");
    if (parts.front() != "1") {
        return fail(Errc::kUnsupportedSpec,
                    object.path_to("spec_version") + ": this program reads 1.x");
    }
    return {};
}

struct Header {
    JsonObject object;
    Version version;
    std::chrono::sys_seconds expires;
};

/// What all roles have in common (4.3).
Result<Header> parse_header(const json::value& signed_part, const std::string& type) {
    const Result<JsonObject> object = JsonObject::of(signed_part, type);
    if (!object) return malformed(object.error());
    const Result<std::string> found_type = object->string("_type");
    if (!found_type) return malformed(found_type.error());
    if (*found_type != type) return malformed(object->path_to("_type") + ": must be " + type);
    if (const auto spec = check_spec_version(*object); !spec) return fail(spec.error());
    const Result<std::int64_t> version = object->integer("version", 1, kIntegerMax);
    if (!version) return malformed(version.error());
    const Result<std::string> date = object->string("expires");
    if (!date) return malformed(date.error());
    const Result<std::chrono::sys_seconds> expires = parse_utc(*date);
    if (!expires) return malformed(expires.error().seen_from(object->path_to("expires")));
    return Header{*object, *version, *expires};
}

/// A member that is an object of objects: calls `read(name, member)` for each.
template <class Read>
Result<void> for_each_member(const JsonObject& map, Read read) {
    std::size_t index = 0;
    for (const auto& [name, value] : map.raw()) {
        const Result<JsonObject> member = JsonObject::of(value, element_path(map.path(), index++));
        if (!member) return malformed(member.error());
        const Result<void> done = read(std::string(name), *member);
        if (!done) return done;
    }
    return {};
}

Result<KeyMap> parse_keys(const JsonObject& parent) {
    const Result<JsonObject> map = parent.object("keys");
    if (!map) return malformed(map.error());
    KeyMap keys;
    const auto done = for_each_member(*map, [&](std::string id, const JsonObject& member) {
        Result<Key> key = Key::from_json(member.raw());
        if (!key) return Result<void>(fail(key.error().seen_from(member.path())));
        // 4.2: the id is derived from the key, so nobody can give one key the name of another.
        if (key->id() != id) {
            return Result<void>(malformed(member.path() + ": the key id is not this key's"));
        }
        keys.emplace(std::move(id), std::move(*key));
        return Result<void>();
    });
    if (!done) return fail(done.error());
    return keys;
}

Result<RoleKeys> parse_role_keys(const JsonObject& object) {
    RoleKeys role;
    Result<std::vector<std::string>> ids = object.strings("keyids");
    if (!ids) return malformed(ids.error());
    role.key_ids = std::move(*ids);
    if (std::set<std::string>(role.key_ids.begin(), role.key_ids.end()).size() !=
        role.key_ids.size()) {
        return malformed(object.path_to("keyids") + ": must not repeat a key id");
    }
    const Result<std::int64_t> threshold =
        object.integer("threshold", 1, std::numeric_limits<int>::max());
    if (!threshold) return malformed(threshold.error());
    role.threshold = static_cast<int>(*threshold);
    return role;
}

bool is_hex(std::string_view text, std::size_t digits) {
    return text.size() == digits && hex_decode(text).has_value();
}

/// @param required  Targets must have hashes; files in snapshot and timestamp may.
Result<std::map<std::string, std::string>> parse_hashes(const JsonObject& parent, bool required) {
    std::map<std::string, std::string> hashes;
    if (!required && !parent.has("hashes")) return hashes;
    const Result<JsonObject> object = parent.object("hashes");
    if (!object) return malformed(object.error());
    for (const auto& [name, value] : object->raw()) {
        if (!value.is_string()) return malformed(object->path() + ": must hold strings");
        std::string digest(value.get_string());
        const bool is_known = name == "sha256" || name == "sha512";
        if (is_known && !is_hex(digest, name == "sha256" ? 64 : 128)) {
            return malformed(object->path_to(std::string(name)) + ": must be hexadecimal");
        }
        if (is_known) {
            std::ranges::transform(digest, digest.begin(), [](char c) {
                return c >= 'A' && c <= 'F' ? static_cast<char>(c - 'A' + 'a') : c;
            });
        }
        hashes.emplace(name, std::move(digest));
    }
    if (hashes.empty()) return malformed(object->path() + ": must not be empty");
    return hashes;
}

Result<MetaFile> parse_meta_file(const JsonObject& object) {
    MetaFile file;
    const Result<std::int64_t> version = object.integer("version", 1, kIntegerMax);
    if (!version) return malformed(version.error());
    file.version = *version;
    if (object.has("length")) {
        const Result<std::int64_t> length = object.integer("length", 0, kIntegerMax);
        if (!length) return malformed(length.error());
        file.length = static_cast<std::uint64_t>(*length);
    }
    Result<std::map<std::string, std::string>> hashes = parse_hashes(object, false);
    if (!hashes) return fail(hashes.error());
    file.hashes = std::move(*hashes);
    return file;
}

Result<TargetFile> parse_target_file(const JsonObject& object) {
    TargetFile file;
    const Result<std::int64_t> length = object.integer("length", 0, kIntegerMax);
    if (!length) return malformed(length.error());
    file.length = static_cast<std::uint64_t>(*length);
    Result<std::map<std::string, std::string>> hashes = parse_hashes(object, true);
    if (!hashes) return fail(hashes.error());
    file.hashes = std::move(*hashes);
    if (object.has("custom")) {
        const Result<JsonObject> custom = object.object("custom");
        if (!custom) return malformed(custom.error());
        file.custom = custom->raw();
    }
    return file;
}

/// 4.5: a role says what it may speak for by exactly one of the two members.
Result<void> parse_scope(const JsonObject& object, DelegatedRole& role) {
    const bool by_path = object.has("paths");
    if (by_path == object.has("path_hash_prefixes")) {
        return malformed(object.path() + ": must have one of paths and path_hash_prefixes");
    }
    Result<std::vector<std::string>> scope =
        object.strings(by_path ? "paths" : "path_hash_prefixes");
    if (!scope) return malformed(scope.error());
    (by_path ? role.paths : role.path_hash_prefixes) = std::move(*scope);
    return {};
}

Result<DelegatedRole> parse_delegated_role(const JsonObject& object) {
    DelegatedRole role;
    Result<std::string> name = object.string("name");
    if (!name) return malformed(name.error());
    role.name = std::move(*name);
    if (role.name.empty() || std::ranges::find(kTopLevelRoles, role.name) != kTopLevelRoles.end()) {
        return malformed(object.path_to("name") + ": must not be empty or a top-level role");
    }
    Result<RoleKeys> keys = parse_role_keys(object);
    if (!keys) return fail(keys.error());
    role.keys = std::move(*keys);
    const Result<bool> terminating = object.boolean("terminating");
    if (!terminating) return malformed(terminating.error());
    role.terminating = *terminating;
    if (const auto scope = parse_scope(object, role); !scope) return fail(scope.error());
    return role;
}

Result<Delegations> parse_delegations(const JsonObject& object) {
    Delegations delegations;
    Result<KeyMap> keys = parse_keys(object);
    if (!keys) return fail(keys.error());
    delegations.keys = std::move(*keys);
    const Result<const json::array*> roles = object.array("roles");
    if (!roles) return malformed(roles.error());
    std::set<std::string> names;
    for (std::size_t i = 0; i < (*roles)->size(); ++i) {
        const Result<JsonObject> element =
            JsonObject::of((**roles)[i], element_path(object.path_to("roles"), i));
        if (!element) return malformed(element.error());
        Result<DelegatedRole> role = parse_delegated_role(*element);
        if (!role) return fail(role.error());
        if (!names.insert(role->name).second) {
            return malformed(element->path_to("name") + ": is delegated to twice");
        }
        delegations.roles.push_back(std::move(*role));
    }
    return delegations;
}

}  // namespace

Result<Root> parse_root(const json::value& signed_part) {
    const Result<Header> header = parse_header(signed_part, "root");
    if (!header) return fail(header.error());
    const JsonObject& object = header->object;
    Root root;
    root.version = header->version;
    root.expires = header->expires;
    root.consistent_snapshot = false;  // Unless it says so (4.3).
    if (object.has("consistent_snapshot")) {
        const Result<bool> consistent = object.boolean("consistent_snapshot");
        if (!consistent) return malformed(consistent.error());
        root.consistent_snapshot = *consistent;
    }
    Result<KeyMap> keys = parse_keys(object);
    if (!keys) return fail(keys.error());
    root.keys = std::move(*keys);

    const Result<JsonObject> roles = object.object("roles");
    if (!roles) return malformed(roles.error());
    const std::array<RoleKeys*, 4> places{&root.root, &root.timestamp, &root.snapshot,
                                          &root.targets};
    for (std::size_t i = 0; i < places.size(); ++i) {
        const Result<JsonObject> member = roles->object(kTopLevelRoles[i]);
        if (!member) return malformed(member.error());
        Result<RoleKeys> role = parse_role_keys(*member);
        if (!role) return fail(role.error());
        *places[i] = std::move(*role);
    }
    return root;
}

Result<Timestamp> parse_timestamp(const json::value& signed_part) {
    const Result<Header> header = parse_header(signed_part, "timestamp");
    if (!header) return fail(header.error());
    const Result<JsonObject> meta = header->object.object("meta");
    if (!meta) return malformed(meta.error());
    const Result<JsonObject> member = meta->object("snapshot.json");
    if (!member) return malformed(member.error());
    Result<MetaFile> snapshot = parse_meta_file(*member);
    if (!snapshot) return fail(snapshot.error());
    return Timestamp{header->version, header->expires, std::move(*snapshot)};
}

Result<Snapshot> parse_snapshot(const json::value& signed_part) {
    constexpr std::string_view kSuffix = ".json";
    const Result<Header> header = parse_header(signed_part, "snapshot");
    if (!header) return fail(header.error());
    const Result<JsonObject> meta = header->object.object("meta");
    if (!meta) return malformed(meta.error());
    Snapshot snapshot{.version = header->version, .expires = header->expires, .meta = {}};
    const auto done = for_each_member(*meta, [&](std::string name, const JsonObject& member) {
        if (!name.ends_with(kSuffix)) {
            return Result<void>(malformed(member.path() + ": its name must end in .json"));
        }
        Result<MetaFile> file = parse_meta_file(member);
        if (!file) return Result<void>(fail(file.error()));
        name.resize(name.size() - kSuffix.size());
        snapshot.meta.emplace(std::move(name), std::move(*file));
        return Result<void>();
    });
    if (!done) return fail(done.error());
    return snapshot;
}

Result<Targets> parse_targets(const json::value& signed_part) {
    const Result<Header> header = parse_header(signed_part, "targets");
    if (!header) return fail(header.error());
    const Result<JsonObject> map = header->object.object("targets");
    if (!map) return malformed(map.error());
    Targets targets{.version = header->version,
                    .expires = header->expires,
                    .targets = {},
                    .delegations = std::nullopt};
    const auto done = for_each_member(*map, [&](std::string path, const JsonObject& member) {
        Result<TargetFile> file = parse_target_file(member);
        if (!file) return Result<void>(fail(file.error()));
        targets.targets.emplace(std::move(path), std::move(*file));
        return Result<void>();
    });
    if (!done) return fail(done.error());
    if (header->object.has("delegations")) {
        const Result<JsonObject> object = header->object.object("delegations");
        if (!object) return malformed(object.error());
        Result<Delegations> delegations = parse_delegations(*object);
        if (!delegations) return fail(delegations.error());
        targets.delegations = std::move(*delegations);
    }
    return targets;
}

}  // namespace firebreak::trust
