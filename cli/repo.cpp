#include "cli/repo.hpp"

#include <filesystem>

#include "cli/keys.hpp"
#include "core/base/errc.hpp"
#include "core/trust/metadata.hpp"

namespace firebreak::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kMetadataBytesMax = 8U << 20U;

/// Reads the keys of `role` into `keys`; two files with one key would make the threshold a lie.
Result<trust::RoleKeys> collect_keys(const Context& context, const CeremonyRole& role,
                                     const std::string& name, trust::KeyMap& keys) {
    trust::RoleKeys result{.key_ids = {}, .threshold = role.threshold};
    for (const std::string& path : role.public_keys) {
        const Result<trust::Key> key = read_public_key(context, path);
        if (!key) return fail(key.error());
        for (const std::string& id : result.key_ids) {
            if (keys.at(id).identity() == key->identity()) {
                return fail(Errc::kBadInput, path + ": the same key is given twice for " + name);
            }
        }
        result.key_ids.push_back(key->id());
        keys.emplace(key->id(), *key);
    }
    if (role.threshold < 1 || static_cast<std::size_t>(role.threshold) > result.key_ids.size()) {
        return fail(Errc::kBadInput, "--" + name + "-threshold: must be from 1 to the number of " +
                                         name + " keys (" + std::to_string(result.key_ids.size()) +
                                         ")");
    }
    return result;
}

std::chrono::sys_seconds after(const Context& context, int days) {
    return std::chrono::floor<std::chrono::seconds>(context.clock.now()) + std::chrono::days{days};
}

/// targets holds delegations only: content offline, rollout online, each confined to its paths.
Result<trust::Targets> draft_targets(const Context& context, const RepoInitOptions& options,
                                     const trust::Key& online) {
    trust::Delegations delegations;
    const Result<trust::RoleKeys> content =
        collect_keys(context, options.content, "content", delegations.keys);
    if (!content) return fail(content.error());
    if (delegations.keys.contains(online.id())) {
        return fail(Errc::kBadInput,
                    options.online_key + ": the online key must not be a content key");
    }
    delegations.keys.emplace(online.id(), online);
    delegations.roles = {{.name = "content",
                          .keys = *content,
                          .terminating = true,
                          .paths = {"content/*/*"},
                          .path_hash_prefixes = {}},
                         {.name = "rollout",
                          .keys = {.key_ids = {online.id()}, .threshold = 1},
                          .terminating = true,
                          .paths = {"rings/*"},
                          .path_hash_prefixes = {}}};
    return trust::Targets{.version = 1,
                          .expires = after(context, options.targets.lifetime_days),
                          .targets = {},
                          .delegations = std::move(delegations)};
}

Result<trust::Root> draft_root(const Context& context, const RepoInitOptions& options,
                               const trust::Key& online) {
    trust::Root root;
    root.version = 1;
    root.expires = after(context, options.root.lifetime_days);
    Result<trust::RoleKeys> root_keys = collect_keys(context, options.root, "root", root.keys);
    if (!root_keys) return fail(root_keys.error());
    Result<trust::RoleKeys> targets = collect_keys(context, options.targets, "targets", root.keys);
    if (!targets) return fail(targets.error());
    if (root.keys.contains(online.id())) {
        return fail(Errc::kBadInput,
                    options.online_key + ": the online key must not be a root or targets key");
    }
    root.keys.emplace(online.id(), online);
    root.root = std::move(*root_keys);
    root.targets = std::move(*targets);
    root.snapshot = {.key_ids = {online.id()}, .threshold = 1};
    root.timestamp = root.snapshot;
    return root;
}

struct Draft {
    std::string file;
    json::value signed_part;
};

struct Missing {
    std::string file;
    int present = 0;
    int needed = 0;
};

/// Counts distinct keys of `role` that signed the file.
Result<Missing> count_signatures(const Context& context, const fs::path& path,
                                 const trust::RoleKeys& role, const trust::KeyMap& keys) {
    const Result<Bytes> bytes = context.files.read(path, kMetadataBytesMax);
    if (!bytes) return fail(bytes.error());
    const Result<trust::Envelope> envelope = trust::parse_envelope(*bytes);
    if (!envelope) return fail(envelope.error().seen_from(path.string()));
    Missing missing{.file = path.filename().string(), .present = 0, .needed = role.threshold};
    trust::RoleKeys reached = role;
    for (int threshold = 1; threshold <= static_cast<int>(role.key_ids.size()); ++threshold) {
        reached.threshold = threshold;
        if (!trust::verify_threshold(*envelope, reached, keys)) break;
        missing.present = threshold;
    }
    return missing;
}

Result<json::value> signed_part_of(const Context& context, const fs::path& path) {
    const Result<Bytes> bytes = context.files.read(path, kMetadataBytesMax);
    if (!bytes) return fail(bytes.error());
    Result<trust::Envelope> envelope = trust::parse_envelope(*bytes);
    if (!envelope) return fail(envelope.error().seen_from(path.string()));
    return std::move(envelope->signed_part);
}

}  // namespace

Result<Output> init_repository(const Context& context, const RepoInitOptions& options) {
    const Result<trust::Key> online = read_public_key(context, options.online_key);
    if (!online) return fail(online.error());
    const Result<trust::Root> root = draft_root(context, options, *online);
    if (!root) return fail(root.error());
    const Result<trust::Targets> targets = draft_targets(context, options, *online);
    if (!targets) return fail(targets.error());
    const trust::Targets content{.version = 1,
                                 .expires = after(context, options.content.lifetime_days),
                                 .targets = {},
                                 .delegations = std::nullopt};

    const fs::path folder = options.out;
    if (const auto made = context.files.make_folder(folder, FileMode::kPublic); !made) {
        return fail(made.error());
    }
    Output output;
    json::array files;
    for (const Draft& draft : {Draft{"1.root.json", trust::to_json(*root)},
                               Draft{"1.targets.json", trust::to_json(*targets)},
                               Draft{"1.content.json", trust::to_json(content)}}) {
        const fs::path path = folder / draft.file;
        if (context.files.read(path, kMetadataBytesMax)) {
            return fail(Errc::kBadInput,
                        path.string() + ": exists already; a ceremony starts in a new folder");
        }
        const Bytes bytes = trust::serialize_envelope(draft.signed_part, {});
        if (const auto written = context.files.write(path, bytes, FileMode::kPublic); !written) {
            return fail(written.error());
        }
        files.emplace_back(path.string());
        output.text += path.string() + ": drafted, to be signed with 'firebreak sign add'\n";
    }
    output.data = {{"files", std::move(files)}};
    return output;
}

Result<Output> check_repository(const Context& context, const std::string& folder) {
    const fs::path root_path = fs::path(folder) / "1.root.json";
    const fs::path targets_path = fs::path(folder) / "1.targets.json";
    const Result<json::value> root_part = signed_part_of(context, root_path);
    if (!root_part) return fail(root_part.error());
    const Result<trust::Root> root = trust::parse_root(*root_part);
    if (!root) return fail(root.error().seen_from(root_path.string()));
    const Result<json::value> targets_part = signed_part_of(context, targets_path);
    if (!targets_part) return fail(targets_part.error());
    const Result<trust::Targets> targets = trust::parse_targets(*targets_part);
    if (!targets) return fail(targets.error().seen_from(targets_path.string()));
    const trust::DelegatedRole* content = nullptr;
    if (targets->delegations) {
        for (const trust::DelegatedRole& role : targets->delegations->roles) {
            if (role.name == "content") content = &role;
        }
    }
    if (content == nullptr) {
        return fail(Errc::kBadInput, targets_path.string() + ": delegates to no role 'content'");
    }

    Output output;
    json::array rows;
    for (const Result<Missing>& row :
         {count_signatures(context, root_path, root->root, root->keys),
          count_signatures(context, targets_path, root->targets, root->keys),
          count_signatures(context, fs::path(folder) / "1.content.json", content->keys,
                           targets->delegations->keys)}) {
        if (!row) return fail(row.error());
        const bool enough = row->present >= row->needed;
        if (!enough) output.exit_code = 1;
        output.text += row->file + ": " + std::to_string(row->present) + " of " +
                       std::to_string(row->needed) + " signatures" +
                       (enough ? "\n" : ", add more with 'firebreak sign add'\n");
        rows.push_back(
            {{"file", row->file}, {"signatures", row->present}, {"threshold", row->needed}});
    }
    output.data = {{"complete", output.exit_code == 0}, {"files", std::move(rows)}};
    return output;
}

}  // namespace firebreak::cli
