#include "validator/museum/exhibit.hpp"

#include <algorithm>
#include <iterator>

#include "core/base/errc.hpp"
#include "core/content/bundle.hpp"
#include "core/content/schema.hpp"
#include "sensor/sigma/compiler/bundle_content.hpp"
#include "sensor/sigma/program/capabilities.hpp"

namespace firebreak::validator {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kFileName = "exhibit.yaml";
constexpr std::uint64_t kExhibitBytesMax = 1U << 20U;
constexpr std::size_t kExhibitsMax = 10'000;

// The schema has been checked, so what is read below is there and of its type.

std::string text_at(const json::object& object, std::string_view name) {
    const json::value* member = object.if_contains(name);
    return member == nullptr ? std::string() : std::string(member->as_string());
}

std::vector<std::string> texts_at(const json::object& object, std::string_view name) {
    std::vector<std::string> texts;
    const json::value* member = object.if_contains(name);
    if (member == nullptr) return texts;
    for (const json::value& text : member->as_array()) texts.emplace_back(text.as_string());
    return texts;
}

std::int64_t number_at(const json::object& object, std::string_view name, std::int64_t absent) {
    const json::value* member = object.if_contains(name);
    return member == nullptr ? absent : member->as_int64();
}

std::vector<std::string> as_set(std::vector<std::string> words) {
    std::ranges::sort(words);
    words.erase(std::unique(words.begin(), words.end()), words.end());
    return words;
}

sigma::EventContract contract_of(const json::object& object) {
    sigma::EventContract contract{
        .name = text_at(object, "name"),
        .version = static_cast<std::uint32_t>(number_at(object, "version", 1)),
        .log_sources = {{text_at(object, "product"), text_at(object, "category"), {}}},
        .fields = {}};
    for (std::string& name : texts_at(object, "fields")) {
        contract.fields.push_back({std::move(name), sigma::FieldType::kText});
    }
    return contract;
}

std::optional<ExhibitRelease> release_at(const json::object& exhibit, std::string_view name) {
    const json::value* member = exhibit.if_contains(name);
    if (member == nullptr) return std::nullopt;
    const json::object& object = member->as_object();
    ExhibitRelease release;
    release.manifest.stream = text_at(object, "stream");
    release.manifest.counter = number_at(object, "counter", 1);
    release.manifest.content_type = text_at(object, "content_type");
    release.manifest.author = "the museum";
    release.manifest.contracts = as_set(texts_at(object, "contracts"));
    release.manifest.capabilities = as_set(texts_at(object, "capabilities"));
    release.manifest.actions = as_set(texts_at(object, "actions"));
    release.files = texts_at(object, "files");
    if (const json::value* contract = object.if_contains("contract")) {
        release.contract = contract_of(contract->as_object());
    }
    release.copies = static_cast<std::uint32_t>(number_at(object, "copies", 1));
    release.damaged_at = static_cast<std::uint64_t>(number_at(object, "damaged_at", 0));
    return release;
}

/// `programs` with every rule `copies` times. Ids keep their order.
void multiply(std::vector<content::ContentFile>& files, std::uint32_t copies) {
    for (content::ContentFile& file : files) {
        Result<sigma::Program> program = sigma::read_program(file.bytes);
        if (!program) continue;
        std::vector<sigma::Rule> rules;
        for (const sigma::Rule& rule : program->rules) {
            for (std::uint32_t copy = 0; copy < copies; ++copy) {
                std::string number = std::to_string(copy);
                number.insert(0, 6 - std::min<std::size_t>(6, number.size()), '0');
                rules.push_back(rule);
                rules.back().id += "-" + number;
            }
        }
        program->rules = std::move(rules);
        Result<Bytes> bytes = sigma::write_program(*program);
        if (bytes) file.bytes = *std::move(bytes);
    }
}

/// The schema has no say about "..": a name that is safe in a bundle is safe here.
std::string unsafe_path(const Exhibit& exhibit, const std::string& goodware) {
    constexpr std::size_t kBytesMax = 200;
    std::vector<std::string> paths;
    if (!goodware.empty()) paths.push_back(goodware);
    for (const auto* release : {&exhibit.release, &exhibit.previous}) {
        if (*release) std::ranges::copy((*release)->files, std::back_inserter(paths));
    }
    const auto bad = std::ranges::find_if(
        paths, [](const std::string& path) { return !content::safe_name(path, kBytesMax); });
    return bad == paths.end() ? "" : *bad;
}

Result<void> compile_rules(const ExhibitRelease& release, content::Manifest& manifest,
                           std::vector<content::ContentFile>& files) {
    Result<sigma::BundleContent> compiled =
        release.contract ? sigma::compile_for_bundle(files, {*release.contract})
                         : sigma::compile_for_bundle(files);
    if (!compiled) return fail(compiled.error());
    if (!compiled->complete) {
        const auto error =
            std::ranges::find(compiled->messages, true, &sigma::CompileMessage::error);
        return fail(Errc::kInvalid,
                    error == compiled->messages.end() ? "does not compile" : error->to_string());
    }
    files = std::move(compiled->files);
    if (release.copies > 1) multiply(files, release.copies);
    manifest.content_type = sigma::kContentType;
    std::ranges::move(compiled->contracts, std::back_inserter(manifest.contracts));
    std::ranges::move(compiled->capabilities, std::back_inserter(manifest.capabilities));
    manifest.contracts = as_set(std::move(manifest.contracts));
    manifest.capabilities = as_set(std::move(manifest.capabilities));
    return {};
}

}  // namespace

Result<Exhibit> read_exhibit(const FileStore& files, const fs::path& folder) {
    const fs::path path = folder / kFileName;
    const Result<Bytes> bytes = files.read(path, kExhibitBytesMax);
    if (!bytes) return fail(bytes.error());
    const Result<content::Document> document = content::read_yaml(path.string(), text_of(*bytes));
    if (!document) return fail(document.error());
    if (const auto valid = content::require_schema("exhibit.v1", *document); !valid) {
        return fail(valid.error());
    }
    const json::object& object = document->value.as_object();
    Exhibit exhibit{.id = number_at(object, "exhibit", 0),
                    .title = text_at(object, "title"),
                    .vendor = text_at(object, "vendor"),
                    .date = text_at(object, "date"),
                    .expected = text_at(object, "expected"),
                    .finding = text_at(object, "finding"),
                    .release = release_at(object, "release"),
                    .previous = release_at(object, "previous"),
                    .engines = texts_at(object, "engines"),
                    .new_engine = text_at(object, "new_engine"),
                    .folder = folder};
    const std::string goodware = text_at(object, "goodware");
    if (const std::string unsafe = unsafe_path(exhibit, goodware); !unsafe.empty()) {
        return fail(Errc::kInvalid, document->place_of("") + ": '" + unsafe +
                                        "' is no plain relative path below the exhibit");
    }
    if (!goodware.empty()) exhibit.goodware = folder / goodware;
    if (!exhibit.release && !exhibit.live_only()) {
        return fail(Errc::kInvalid,
                    document->place_of("/expected") + ": a stage needs a release to stop");
    }
    return exhibit;
}

Result<std::vector<Exhibit>> read_museum(const FileStore& files, const fs::path& museum) {
    std::error_code code;
    std::vector<Exhibit> exhibits;
    fs::directory_iterator entries(museum, code);
    for (const fs::directory_iterator end; !code && entries != end; entries.increment(code)) {
        std::error_code none;
        if (!fs::exists(entries->path() / kFileName, none)) continue;
        if (exhibits.size() >= kExhibitsMax) {
            return fail(Errc::kTooLarge, museum.string() + ": too many exhibits");
        }
        Result<Exhibit> exhibit = read_exhibit(files, entries->path());
        if (!exhibit) return fail(exhibit.error());
        exhibits.push_back(*std::move(exhibit));
    }
    if (code) return fail(code, museum.string());
    if (exhibits.empty()) {
        return fail(Errc::kNotFound, museum.string() + ": holds no exhibit, a folder each");
    }
    std::ranges::sort(exhibits, {}, &Exhibit::id);
    const auto twice = std::ranges::adjacent_find(exhibits, {}, &Exhibit::id);
    if (twice != exhibits.end()) {
        return fail(Errc::kConflict,
                    museum.string() + ": there are two exhibits " + std::to_string(twice->id));
    }
    return exhibits;
}

Result<Bytes> pack_release(const FileStore& files, const Exhibit& exhibit,
                           const ExhibitRelease& release) {
    const content::BundleLimits limits;
    std::vector<content::ContentFile> contents;
    for (const std::string& name : release.files) {
        Result<Bytes> bytes = files.read(exhibit.folder / name, limits.file_bytes_max);
        if (!bytes) return fail(bytes.error());
        contents.push_back({fs::path(name).filename().string(), *std::move(bytes)});
    }
    content::Manifest manifest = release.manifest;
    if (manifest.content_type == sigma::kSourceType) {
        const Result<void> compiled = compile_rules(release, manifest, contents);
        if (!compiled) return fail(compiled.error().seen_from(exhibit.folder.string()));
    }
    Result<Bytes> bundle = content::pack_bundle(manifest, std::move(contents), limits);
    if (!bundle) return fail(bundle.error().seen_from(exhibit.folder.string()));
    if (release.damaged_at > 0) {
        if (release.damaged_at > bundle->size()) {
            return fail(Errc::kInvalid, exhibit.folder.string() + ": damaged_at: the bundle has " +
                                            std::to_string(bundle->size()) + " bytes");
        }
        bundle->at(bundle->size() - release.damaged_at) ^= 0x5AU;
    }
    return bundle;
}

}  // namespace firebreak::validator
