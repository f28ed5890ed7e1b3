#include "sensor/host/manifest.hpp"

#include <algorithm>
#include <limits>

#include "core/base/errc.hpp"

namespace firebreak::sensor {
namespace {

constexpr std::size_t kManifestBytesMax = 1U << 20U;
constexpr std::size_t kManifestDepthMax = 8;
constexpr std::size_t kListMax = 4096;
constexpr std::size_t kNameBytesMax = 200;

/// Names travel into reports, attestations and file names: visible ASCII, no spaces.
Result<void> check_name(const std::string& name, const std::string& path) {
    const bool visible =
        std::all_of(name.begin(), name.end(), [](char c) { return c > ' ' && c < '\x7f'; });
    if (name.empty() || name.size() > kNameBytesMax || !visible) {
        return fail(Errc::kInvalid, path + ": must be 1 to " + std::to_string(kNameBytesMax) +
                                        " visible ASCII characters without spaces");
    }
    return {};
}

Result<std::string> read_name(const JsonObject& object, std::string_view member) {
    Result<std::string> name = object.string(member);
    if (!name) return fail(name.error());
    if (Result<void> ok = check_name(*name, object.path_to(member)); !ok) return fail(ok.error());
    return name;
}

Result<std::vector<std::string>> read_names(const JsonObject& object, std::string_view member) {
    Result<std::vector<std::string>> names = object.strings(member);
    if (!names) return fail(names.error());
    const std::string path = object.path_to(member);
    if (names->size() > kListMax) {
        return fail(Errc::kTooLarge, path + ": more than " + std::to_string(kListMax));
    }
    for (const std::string& name : *names) {
        if (Result<void> ok = check_name(name, path); !ok) return fail(ok.error());
    }
    std::vector<std::string> sorted = *names;
    std::sort(sorted.begin(), sorted.end());
    if (std::adjacent_find(sorted.begin(), sorted.end()) != sorted.end()) {
        return fail(Errc::kInvalid, path + ": names one thing twice");
    }
    return names;
}

Result<void> read_limits(const JsonObject& manifest, CapabilityManifest& out) {
    const Result<JsonObject> limits = manifest.object("limits");
    if (!limits) return fail(limits.error());
    struct Limit {
        std::string_view name;
        std::uint64_t* value;
    };
    for (const Limit& limit :
         {Limit{"content_bytes_max", &out.content_bytes_max},
          Limit{"input_bytes_max", &out.input_bytes_max}, Limit{"rules_max", &out.rules_max}}) {
        const Result<std::int64_t> value =
            limits->integer(limit.name, 1, std::numeric_limits<std::int64_t>::max());
        if (!value) return fail(value.error());
        *limit.value = static_cast<std::uint64_t>(*value);
    }
    if (!limits->has("counter_max")) return {};
    const Result<std::int64_t> counter =
        limits->integer("counter_max", 1, std::numeric_limits<std::int64_t>::max());
    if (!counter) return fail(counter.error());
    out.counter_max = *counter;
    return {};
}

Result<void> read_lists(const JsonObject& manifest, CapabilityManifest& out) {
    struct List {
        std::string_view name;
        std::vector<std::string>* values;
    };
    for (const List& list :
         {List{"content_types", &out.content_types}, List{"contracts", &out.contracts},
          List{"capabilities", &out.capabilities}}) {
        Result<std::vector<std::string>> values = read_names(manifest, list.name);
        if (!values) return fail(values.error());
        *list.values = *std::move(values);
    }
    if (out.content_types.empty()) {
        return fail(Errc::kInvalid, manifest.path_to("content_types") + ": must not be empty");
    }
    return {};
}

}  // namespace

Result<CapabilityManifest> parse_capability_manifest(std::string_view text) {
    Result<json::value> value =
        parse_json(text, {.bytes_max = kManifestBytesMax, .depth_max = kManifestDepthMax});
    if (!value) return fail(value.error().seen_from("capability manifest"));
    const Result<JsonObject> manifest = JsonObject::of(*value, "capability manifest");
    if (!manifest) return fail(manifest.error());

    const Result<std::int64_t> version =
        manifest->integer("manifest_version", 1, std::numeric_limits<std::int32_t>::max());
    if (!version) return fail(version.error());
    if (*version != 1) {
        return fail(Errc::kUnsupported, manifest->path_to("manifest_version") + ": " +
                                            std::to_string(*version) + ", this host reads 1");
    }

    CapabilityManifest out;
    Result<std::string> name = read_name(*manifest, "name");
    if (!name) return fail(name.error());
    out.name = *std::move(name);
    Result<std::string> engine_version = read_name(*manifest, "version");
    if (!engine_version) return fail(engine_version.error());
    out.version = *std::move(engine_version);
    Result<std::string> build_id = read_name(*manifest, "build_id");
    if (!build_id) return fail(build_id.error());
    out.build_id = *std::move(build_id);

    if (Result<void> lists = read_lists(*manifest, out); !lists) return fail(lists.error());
    if (Result<void> limits = read_limits(*manifest, out); !limits) return fail(limits.error());
    out.raw = *std::move(value);
    return out;
}

}  // namespace firebreak::sensor
