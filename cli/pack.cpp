#include "cli/pack.hpp"

#include <fnmatch.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "cli/pack_sigma.hpp"
#include "core/base/errc.hpp"
#include "core/content/bundle.hpp"
#include "core/content/schema.hpp"
#include "sensor/sigma/compiler/bundle_content.hpp"
#include "sensor/sigma/program/capabilities.hpp"

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

constexpr int kFoldersDeepMax = 16;

/// Whether `name` fits `pattern`, in which "**/" (once) stands for any number of folders.
bool fits(const std::string& pattern, const std::string& name) {
    const auto matches = [&name](const std::string& glob) {
        return ::fnmatch(glob.c_str(), name.c_str(), FNM_PATHNAME | FNM_PERIOD) == 0;
    };
    const std::size_t any_folders = pattern.find("**/");
    if (any_folders == std::string::npos) return matches(pattern);
    const std::string rest = pattern.substr(any_folders + 3);
    std::string front = pattern.substr(0, any_folders);
    for (int depth = 0; depth <= kFoldersDeepMax; ++depth, front += "*/") {
        if (matches(front + rest)) return true;
    }
    return false;
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
            if (!fits(pattern, name)) continue;
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

/// The words of both lists, sorted, none twice, as a manifest has them.
std::vector<std::string> merged(const std::vector<std::string>& a,
                                const std::vector<std::string>& b) {
    std::set<std::string> words(a.begin(), a.end());
    words.insert(b.begin(), b.end());
    return {words.begin(), words.end()};
}

/// What firebreak-pack.yaml says: a manifest without files, and the files to take.
struct PackFile {
    content::Manifest manifest;
    std::vector<std::string> names;
};

Result<PackFile> read_pack_file(const Context& context, const PackOptions& options) {
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
    Result<content::Manifest> manifest = read_manifest(*fields, options.counter);
    if (!manifest) return fail(manifest.error());
    const Result<std::vector<std::string>> patterns = fields->strings("files");
    if (!patterns) return fail(patterns.error());
    Result<std::vector<std::string>> names = select(folder, *patterns);
    if (!names) return fail(names.error());
    return PackFile{std::move(*manifest), std::move(*names)};
}

Result<std::vector<content::ContentFile>> read_files(const Context& context, const fs::path& folder,
                                                     const std::vector<std::string>& names,
                                                     const content::BundleLimits& limits) {
    std::vector<content::ContentFile> files;
    for (const std::string& name : names) {
        Result<Bytes> bytes = context.files.read(folder / name, limits.file_bytes_max);
        if (!bytes) return fail(bytes.error());
        files.push_back({name, std::move(*bytes)});
    }
    return files;
}

/// What an author gets instead of a bundle when a rule does not compile: every message.
Output refusal_of(const firebreak::sigma::BundleContent& sigma, std::size_t rules,
                  const std::string& folder) {
    return Output{.text = lines_of(sigma.messages, folder) + folder + ": " +
                          std::to_string(sigma.rules) + " of " + std::to_string(rules) +
                          " rules compile; no bundle was written\n",
                  .data = {{"rules", rules},
                           {"rules_compiled", sigma.rules},
                           {"messages", json_of(sigma.messages, folder)}},
                  .exit_code = 2};
}

/// Packs, writes, and says what it wrote.
Result<Output> write_bundle(const Context& context, const PackOptions& options,
                            const content::Manifest& manifest,
                            std::vector<content::ContentFile> files) {
    const std::size_t count = files.size();
    const Result<Bytes> bundle = content::pack_bundle(manifest, std::move(files));
    if (!bundle) return fail(bundle.error().seen_from(options.folder));
    const auto written = context.files.write(options.out, *bundle, FileMode::kPublic);
    if (!written) return fail(written.error());

    const std::string digest = sha256(*bundle).hex();
    return Output{.text = options.out + ": " + manifest.stream + " " +
                          std::to_string(options.counter) + ", " + std::to_string(count) +
                          " files, " + std::to_string(bundle->size()) + " bytes, sha256 " + digest +
                          "\n",
                  .data = {{"file", options.out},
                           {"stream", manifest.stream},
                           {"counter", options.counter},
                           {"files", count},
                           {"bytes", bundle->size()},
                           {"sha256", digest}}};
}

}  // namespace

Result<Output> pack(const Context& context, const PackOptions& options) {
    Result<PackFile> pack_file = read_pack_file(context, options);
    if (!pack_file) return fail(pack_file.error());
    content::Manifest& manifest = pack_file->manifest;
    Result<std::vector<content::ContentFile>> files =
        read_files(context, options.folder, pack_file->names, {});
    if (!files) return fail(files.error());
    if (manifest.content_type != firebreak::sigma::kSourceType) {
        return write_bundle(context, options, manifest, std::move(*files));
    }

    Result<firebreak::sigma::BundleContent> sigma = firebreak::sigma::compile_for_bundle(*files);
    if (!sigma) return fail(sigma.error().seen_from(options.folder));
    if (!sigma->complete) return refusal_of(*sigma, files->size(), options.folder);
    manifest.content_type = firebreak::sigma::kContentType;
    manifest.contracts = merged(manifest.contracts, sigma->contracts);
    manifest.capabilities = merged(manifest.capabilities, sigma->capabilities);
    Result<Output> output = write_bundle(context, options, manifest, std::move(sigma->files));
    if (!output) return output;
    output->text = lines_of(sigma->messages, options.folder) + output->text;
    output->data.as_object()["rules"] = sigma->rules;
    output->data.as_object()["messages"] = json_of(sigma->messages, options.folder);
    return output;
}

}  // namespace firebreak::cli
