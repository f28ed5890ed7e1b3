#include "cli/pack.hpp"

#include <fnmatch.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "core/base/errc.hpp"
#include "core/content/bundle.hpp"
#include "core/content/schema.hpp"

namespace firebreak::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kPackFile = "firebreak-pack.yaml";
constexpr std::uint64_t kPackFileBytesMax = 1U << 20U;

/// Every regular file below `folder`, as a relative name with '/', sorted.
Result<std::vector<std::string>> names_below(const fs::path& folder) {
    std::error_code code;
    std::vector<std::string> names;
    fs::recursive_directory_iterator entries(folder, code);
    for (const fs::recursive_directory_iterator end; !code && entries != end;
         entries.increment(code)) {
        if (entries->is_symlink() || !entries->is_regular_file()) continue;
        names.push_back(entries->path().lexically_relative(folder).generic_string());
    }
    if (code) return fail(code, folder.string());
    std::ranges::sort(names);
    return names;
}

/// The files that `patterns` name, each pattern matching at least one: a pattern that matches
/// nothing is a typing error, and content that quietly went missing is an incident.
Result<std::vector<std::string>> select(const fs::path& folder,
                                        const std::vector<std::string>& patterns) {
    const Result<std::vector<std::string>> names = names_below(folder);
    if (!names) return fail(names.error());
    std::set<std::string> chosen;
    for (const std::string& pattern : patterns) {
        bool matched = false;
        for (const std::string& name : *names) {
            if (::fnmatch(pattern.c_str(), name.c_str(), FNM_PATHNAME | FNM_PERIOD) != 0) continue;
            chosen.insert(name);
            matched = true;
        }
        if (!matched) {
            return fail(Errc::kBadInput, (folder / kPackFile).string() + ": files: '" + pattern +
                                             "' matches nothing in " + folder.string());
        }
    }
    return std::vector<std::string>(chosen.begin(), chosen.end());
}

Result<std::vector<std::string>> optional_strings(const JsonObject& object, std::string_view name) {
    if (!object.has(name)) return std::vector<std::string>{};
    return object.strings(name);
}

Result<content::Manifest> read_manifest(const JsonObject& fields, std::int64_t counter) {
    content::Manifest manifest;
    manifest.counter = counter;
    for (const auto& [name, member] :
         {std::pair{"stream", &content::Manifest::stream},
          std::pair{"content_type", &content::Manifest::content_type},
          std::pair{"author", &content::Manifest::author},
          std::pair{"release_notes", &content::Manifest::release_notes}}) {
        if (!fields.has(name)) continue;
        Result<std::string> text = fields.string(name);
        if (!text) return fail(text.error());
        manifest.*member = std::move(*text);
    }
    for (const auto& [name, member] : {std::pair{"contracts", &content::Manifest::contracts},
                                       std::pair{"capabilities", &content::Manifest::capabilities},
                                       std::pair{"actions", &content::Manifest::actions}}) {
        Result<std::vector<std::string>> texts = optional_strings(fields, name);
        if (!texts) return fail(texts.error());
        manifest.*member = std::move(*texts);
    }
    return manifest;
}

}  // namespace

Result<Output> pack(const Context& context, const PackOptions& options) {
    const fs::path folder = options.folder;
    const fs::path pack_path = folder / kPackFile;
    const Result<Bytes> text = context.files.read(pack_path, kPackFileBytesMax);
    if (!text) return fail(text.error().seen_from("no pack file"));
    const Result<content::Document> document =
        content::read_yaml(pack_path.string(), text_of(*text));
    if (!document) return fail(document.error());
    if (const auto valid = content::require_schema("pack.v1", *document); !valid) {
        return fail(valid.error());
    }
    const Result<JsonObject> fields = JsonObject::of(document->value, pack_path.string());
    if (!fields) return fail(fields.error());
    const Result<content::Manifest> manifest = read_manifest(*fields, options.counter);
    if (!manifest) return fail(manifest.error());
    const Result<std::vector<std::string>> patterns = fields->strings("files");
    if (!patterns) return fail(patterns.error());
    const Result<std::vector<std::string>> names = select(folder, *patterns);
    if (!names) return fail(names.error());

    const content::BundleLimits limits;
    std::vector<content::ContentFile> files;
    for (const std::string& name : *names) {
        Result<Bytes> bytes = context.files.read(folder / name, limits.file_bytes_max);
        if (!bytes) return fail(bytes.error());
        files.push_back({name, std::move(*bytes)});
    }
    const Result<Bytes> bundle = content::pack_bundle(*manifest, std::move(files), limits);
    if (!bundle) return fail(bundle.error().seen_from(options.folder));
    const auto written = context.files.write(options.out, *bundle, FileMode::kPublic);
    if (!written) return fail(written.error());

    const std::string digest = sha256(*bundle).hex();
    return Output{.text = options.out + ": " + manifest->stream + " " +
                          std::to_string(options.counter) + ", " + std::to_string(names->size()) +
                          " files, " + std::to_string(bundle->size()) + " bytes, sha256 " + digest +
                          "\n",
                  .data = {{"file", options.out},
                           {"stream", manifest->stream},
                           {"counter", options.counter},
                           {"files", names->size()},
                           {"bytes", bundle->size()},
                           {"sha256", digest}}};
}

}  // namespace firebreak::cli
