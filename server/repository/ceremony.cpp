#include "server/repository/ceremony.hpp"

#include <algorithm>

#include "core/base/errc.hpp"
#include "core/base/utc.hpp"
#include "core/trust/errc.hpp"

namespace firebreak::server {
namespace {

bool is_only_key(const trust::RoleKeys& role, const trust::Key& key) {
    return role.threshold == 1 && role.key_ids.size() == 1 && role.key_ids.front() == key.id();
}

/// By identity, not by id: one key under two ids is one key.
bool has_key(const trust::RoleKeys& role, const trust::KeyMap& keys, const trust::Key& key) {
    return std::ranges::any_of(role.key_ids, [&](const std::string& id) {
        const auto found = keys.find(id);
        return id == key.id() ||
               (found != keys.end() && found->second.identity() == key.identity());
    });
}

Result<void> check_delegation(const trust::Targets& targets, std::string_view name,
                              std::string_view paths) {
    const trust::DelegatedRole* role = delegated_role(targets, name);
    const std::string where = "targets: delegation to \"" + std::string(name) + "\": ";
    if (role == nullptr) return fail(Errc::kInvalid, where + "is missing");
    if (!role->terminating) return fail(Errc::kInvalid, where + "must be terminating");
    if (role->paths.size() != 1 || role->paths.front() != paths) {
        return fail(Errc::kInvalid, where + "its paths must be [\"" + std::string(paths) + "\"]");
    }
    return {};
}

Result<void> check_root(const trust::Root& root, const trust::Key& online) {
    if (!root.consistent_snapshot) {
        return fail(Errc::kInvalid, "root: consistent_snapshot must be true");
    }
    for (const auto& [role, name] :
         {std::pair(&root.snapshot, "snapshot"), std::pair(&root.timestamp, "timestamp")}) {
        if (!is_only_key(*role, online)) {
            return fail(Errc::kInvalid, std::string("root: the one key of ") + name +
                                            " must be this server's online key " + online.id());
        }
    }
    for (const auto& [role, name] :
         {std::pair(&root.root, "root"), std::pair(&root.targets, "targets")}) {
        if (has_key(*role, root.keys, online)) {
            return fail(Errc::kInvalid, std::string("root: the online key must not be a key of ") +
                                            name + ", whose keys are offline");
        }
    }
    return {};
}

template <class Document>
Result<void> check_not_expired(const Document& document, std::chrono::sys_seconds now,
                               const char* name) {
    if (document.expires > now) return {};
    return fail(trust::Errc::kExpired, std::string(name) + ": expired " +
                                           format_utc(document.expires) + "; sign a new one");
}

Result<trust::Targets> verify_targets(ByteView bytes, const trust::Root& root) {
    const Result<trust::Envelope> envelope = trust::parse_envelope(bytes);
    if (!envelope) return fail(envelope.error().seen_from("targets"));
    const Result<void> signed_by_enough = verify_threshold(*envelope, root.targets, root.keys);
    if (!signed_by_enough) return fail(signed_by_enough.error().seen_from("targets"));
    Result<trust::Targets> targets = trust::parse_targets(envelope->signed_part);
    if (!targets) return fail(targets.error().seen_from("targets"));
    return targets;
}

Result<trust::Root> verify_root(ByteView bytes) {
    const Result<trust::Envelope> envelope = trust::parse_envelope(bytes);
    if (!envelope) return fail(envelope.error().seen_from("root"));
    Result<trust::Root> root = trust::parse_root(envelope->signed_part);
    if (!root) return fail(root.error().seen_from("root"));
    const Result<void> signed_by_enough = verify_threshold(*envelope, root->root, root->keys);
    if (!signed_by_enough) return fail(signed_by_enough.error().seen_from("root"));
    return root;
}

}  // namespace

const trust::DelegatedRole* delegated_role(const trust::Targets& targets, std::string_view name) {
    if (!targets.delegations) return nullptr;
    const auto found =
        std::ranges::find(targets.delegations->roles, name, &trust::DelegatedRole::name);
    return found == targets.delegations->roles.end() ? nullptr : &*found;
}

Result<void> check_roles(const trust::Root& root, const trust::Targets& targets,
                         const trust::Key& online) {
    if (const Result<void> checked = check_root(root, online); !checked) return checked;
    if (!targets.targets.empty()) {
        return fail(Errc::kInvalid, "targets: must delegate only, but lists target files itself");
    }
    for (const auto& [name, paths] :
         {std::pair(kContentRole, kContentPaths), std::pair(kRolloutRole, kRolloutPaths)}) {
        const Result<void> checked = check_delegation(targets, name, paths);
        if (!checked) return checked;
    }
    if (targets.delegations->roles.size() != 2) {
        return fail(Errc::kInvalid, "targets: must delegate to content and rollout alone");
    }
    if (!is_only_key(delegated_role(targets, kRolloutRole)->keys, online)) {
        return fail(
            Errc::kInvalid,
            "targets: the one key of rollout must be this server's online key " + online.id());
    }
    if (has_key(delegated_role(targets, kContentRole)->keys, targets.delegations->keys, online)) {
        return fail(Errc::kInvalid,
                    "targets: the online key must not be a key of content, whose keys are offline");
    }
    return {};
}

Result<trust::Targets> verify_content_role(ByteView bytes, const trust::Targets& targets) {
    const trust::DelegatedRole* role = delegated_role(targets, kContentRole);
    if (role == nullptr) return fail(trust::Errc::kNotDelegated, "content");
    const Result<trust::Envelope> envelope = trust::parse_envelope(bytes);
    if (!envelope) return fail(envelope.error().seen_from("content"));
    const Result<void> signed_by_enough =
        verify_threshold(*envelope, role->keys, targets.delegations->keys);
    if (!signed_by_enough) return fail(signed_by_enough.error().seen_from("content"));
    Result<trust::Targets> content = trust::parse_targets(envelope->signed_part);
    if (!content) return fail(content.error().seen_from("content"));
    if (content->delegations) {
        return fail(Errc::kInvalid, "content: must not delegate further");
    }
    return content;
}

Result<Ceremony> verify_ceremony(const CeremonyFiles& files, const trust::Key& online,
                                 std::chrono::sys_seconds now) {
    Result<trust::Root> root = verify_root(files.root);
    if (!root) return fail(root.error());
    Result<trust::Targets> targets = verify_targets(files.targets, *root);
    if (!targets) return fail(targets.error());
    if (const Result<void> roles = check_roles(*root, *targets, online); !roles) {
        return fail(roles.error());
    }
    Result<trust::Targets> content = verify_content_role(files.content, *targets);
    if (!content) return fail(content.error());
    if (!content->targets.empty()) {
        return fail(Errc::kInvalid, "content: must list no target yet; publish them one by one");
    }

    if (const auto fresh = check_not_expired(*root, now, "root"); !fresh) {
        return fail(fresh.error());
    }
    if (const auto fresh = check_not_expired(*targets, now, "targets"); !fresh) {
        return fail(fresh.error());
    }
    if (const auto fresh = check_not_expired(*content, now, "content"); !fresh) {
        return fail(fresh.error());
    }
    return Ceremony{std::move(*root), std::move(*targets), std::move(*content)};
}

}  // namespace firebreak::server
