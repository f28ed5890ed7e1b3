#include "server/config.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <map>
#include <utility>

#include "core/base/errc.hpp"
#include "core/content/document.hpp"
#include "core/content/schema.hpp"

namespace firebreak::server {
namespace {

constexpr std::uint64_t kConfigBytesMax = 1U << 20U;

/// Reads members that the schema has checked: a member that is there has the right type and range,
/// one that is not keeps its default.
class Reader {
public:
    Reader(const json::value& value, const std::filesystem::path& folder)
        : object_(value.as_object()), folder_(folder) {}

    Reader object(std::string_view name) const {
        static const json::value kNothing = json::object{};
        const json::value* value = object_.if_contains(name);
        return {value == nullptr ? kNothing : *value, folder_};
    }

    template <class Integer>
    void read(std::string_view name, Integer& into) const {
        const json::value* value = object_.if_contains(name);
        if (value != nullptr) into = value->to_number<Integer>();
    }
    void read(std::string_view name, bool& into) const {
        const json::value* value = object_.if_contains(name);
        if (value != nullptr) into = value->as_bool();
    }
    void read(std::string_view name, std::chrono::seconds& into) const {
        auto count = std::int64_t{into.count()};
        read(name, count);
        into = std::chrono::seconds{count};
    }
    void read(std::string_view name, std::chrono::milliseconds& into) const {
        auto count = std::int64_t{into.count()};
        read(name, count);
        into = std::chrono::milliseconds{count};
    }
    void read(std::string_view name, std::string& into) const {
        const json::value* value = object_.if_contains(name);
        if (value != nullptr) into = std::string(value->as_string());
    }
    void read(std::string_view name, std::filesystem::path& into) const {
        std::string text;
        read(name, text);
        if (!text.empty()) into = folder_ / text;
    }
    void read(std::string_view name, std::vector<std::string>& into) const {
        const json::value* value = object_.if_contains(name);
        if (value == nullptr) return;
        for (const json::value& item : value->as_array()) into.emplace_back(item.as_string());
    }
    /// The objects of the array `name`.
    std::vector<Reader> objects(std::string_view name) const {
        std::vector<Reader> all;
        const json::value* value = object_.if_contains(name);
        if (value == nullptr) return all;
        for (const json::value& item : value->as_array()) all.emplace_back(item, folder_);
        return all;
    }
    void read(std::string_view name, std::vector<std::filesystem::path>& into) const {
        const json::value* value = object_.if_contains(name);
        if (value == nullptr) return;
        for (const json::value& item : value->as_array()) {
            into.push_back(folder_ / std::string(item.as_string()));
        }
    }

private:
    const json::object& object_;
    const std::filesystem::path& folder_;
};

Severity severity_of(std::string_view name) {
    constexpr std::array<std::pair<std::string_view, Severity>, 4> kNames{
        {{"debug", Severity::kDebug},
         {"info", Severity::kInfo},
         {"warning", Severity::kWarning},
         {"error", Severity::kError}}};
    for (const auto& [word, severity] : kNames) {
        if (word == name) return severity;
    }
    return Severity::kInfo;
}

PlacementRules placement_of(const Reader& placement) {
    PlacementRules rules;
    placement.read("rings", rules.rings);
    for (const Reader& each : placement.objects("rules")) {
        PlacementRule rule;
        each.read("ring", rule.ring);
        each.read("devices", rule.devices);
        each.read("tags", rule.tags);
        each.read("tenants", rule.tenants);
        rules.rules.push_back(std::move(rule));
    }
    return rules;
}

DrillRules drill_of(const Reader& drill) {
    DrillRules rules{.stream = "drill", .tenant = "drill", .ring = {}};
    drill.read("stream", rules.stream);
    drill.read("tenant", rules.tenant);
    drill.read("ring", rules.ring);
    return rules;
}

Config config_of(const json::value& value, const std::filesystem::path& folder) {
    Config config;
    const Reader all(value, folder);
    all.object("listen").read("address", config.address);
    all.object("listen").read("port", config.port);
    all.object("tls").read("certificate", config.certificate);
    all.object("tls").read("private_key", config.private_key);
    all.read("state", config.state);
    all.object("online_key").read("file", config.online_key);
    all.object("online_key").read("passphrase_file", config.online_passphrase);
    all.read("validator_keys", config.validator_keys);

    const Reader limits = all.object("limits");
    limits.read("body_bytes_max", config.body_bytes_max);
    limits.read("bundle_bytes_max", config.bundle_bytes_max);
    limits.read("connections_max", config.connections_max);
    limits.read("header_bytes_max", config.header_bytes_max);

    const Reader timeouts = all.object("timeouts");
    timeouts.read("handshake", config.handshake_timeout);
    timeouts.read("read", config.read_timeout);
    timeouts.read("write", config.write_timeout);
    timeouts.read("idle", config.idle_timeout);

    all.object("controller").read("tick_ms", config.tick);
    all.read("timestamp_lifetime_seconds", config.timestamp_lifetime);
    all.read("snapshot_lifetime_seconds", config.snapshot_lifetime);
    all.read("rollout_lifetime_seconds", config.rollout_lifetime);
    all.read("device_active_seconds", config.device_active);
    config.placement = placement_of(all.object("placement"));
    all.read("lab_plans", config.lab_plans);
    if (value.as_object().contains("drill")) config.drill = drill_of(all.object("drill"));
    std::string level = "info";
    all.object("log").read("level", level);
    config.log_level = severity_of(level);
    return config;
}

/// Nobody is named twice in lists of one kind: of two rules for one device the reader could mean
/// either.
Result<void> check_named_once(const PlacementRules& rules, const content::Document& document,
                              std::vector<std::string> PlacementRule::*names,
                              const std::string& kind) {
    std::map<std::string, std::size_t> named;
    for (std::size_t i = 0; i < rules.rules.size(); ++i) {
        const std::vector<std::string>& list = rules.rules[i].*names;
        for (std::size_t k = 0; k < list.size(); ++k) {
            const auto [first, fresh] = named.emplace(list[k], i);
            if (fresh) continue;
            const std::string pointer =
                "/placement/rules/" + std::to_string(i) + "/" + kind + "/" + std::to_string(k);
            return fail(Errc::kInvalid, document.place_of(pointer) + ": placement.rules[" +
                                            std::to_string(i) + "]." + kind + ": " + list[k] +
                                            " is placed by rules[" + std::to_string(first->second) +
                                            "] already");
        }
    }
    return {};
}

Result<void> check_placement(const PlacementRules& rules, const content::Document& document) {
    for (std::size_t i = 0; i < rules.rules.size(); ++i) {
        const PlacementRule& rule = rules.rules[i];
        const std::string pointer = "/placement/rules/" + std::to_string(i);
        const std::string path = "placement.rules[" + std::to_string(i) + "]";
        if (std::ranges::find(rules.rings, rule.ring) == rules.rings.end()) {
            return fail(Errc::kInvalid, document.place_of(pointer + "/ring") + ": " + path +
                                            ".ring: " + rule.ring + " is none of placement.rings");
        }
        if (rule.devices.empty() && rule.tags.empty() && rule.tenants.empty()) {
            return fail(Errc::kInvalid, document.place_of(pointer) + ": " + path +
                                            ": places nobody; name devices, tags or tenants");
        }
    }
    for (const auto& [names, kind] :
         {std::pair(&PlacementRule::devices, "devices"), std::pair(&PlacementRule::tags, "tags"),
          std::pair(&PlacementRule::tenants, "tenants")}) {
        const Result<void> once = check_named_once(rules, document, names, kind);
        if (!once) return once;
    }
    return {};
}

/// What a schema cannot say.
Result<void> check(const Config& config, const content::Document& document) {
    // What the timestamp vouches for must live as long as it does, or clients are cut off.
    for (const auto& [lifetime, member] :
         {std::pair(config.snapshot_lifetime, "snapshot_lifetime_seconds"),
          std::pair(config.rollout_lifetime, "rollout_lifetime_seconds")}) {
        if (lifetime >= config.timestamp_lifetime) continue;
        const std::string pointer = std::string("/") + member;
        return fail(Errc::kInvalid, document.place_of(pointer) + ": " + member +
                                        " must not be under timestamp_lifetime_seconds (" +
                                        std::to_string(config.timestamp_lifetime.count()) + ")");
    }
    return check_placement(config.placement, document);
}

}  // namespace

Result<Config> read_config(const FileStore& files, const std::filesystem::path& file) {
    const Result<Bytes> bytes = files.read(file, kConfigBytesMax);
    if (!bytes) return fail(bytes.error().seen_from("configuration"));
    const Result<content::Document> document = content::read_yaml(file.string(), text_of(*bytes));
    if (!document) return fail(document.error());
    const Result<void> valid = content::require_schema("server-config.v1", *document);
    if (!valid) return fail(valid.error());
    Config config = config_of(document->value, file.parent_path());
    if (const Result<void> checked = check(config, *document); !checked) {
        return fail(checked.error());
    }
    return config;
}

}  // namespace firebreak::server
