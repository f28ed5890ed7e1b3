#include "cli/try_rules.hpp"

#include <algorithm>
#include <filesystem>

#include "sensor/sigma/program/program.hpp"

namespace firebreak::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kRuleFileBytesMax = 64U << 20U;
constexpr std::uint64_t kBundleBytesMax = 512U << 20U;
constexpr std::string_view kSigmaType = "sigma";
constexpr std::string_view kYaraType = "yara";

bool has_suffix(const std::string& name, std::initializer_list<std::string_view> suffixes) {
    return std::ranges::any_of(suffixes,
                               [&](std::string_view suffix) { return name.ends_with(suffix); });
}

bool is_sigma(const std::string& name) {
    return has_suffix(name, {".yml", ".yaml"}) &&
           fs::path(name).filename() != "firebreak-pack.yaml";
}

bool is_yara(const std::string& name) {
    return has_suffix(name, {".yar", ".yara"});
}

[[nodiscard]] Result<std::vector<content::ContentFile>> read_files(
    const Context& context, const std::vector<std::string>& names) {
    std::vector<content::ContentFile> files;
    for (const std::string& name : names) {
        Result<Bytes> bytes = context.files.read(name, kRuleFileBytesMax);
        if (!bytes) return fail(bytes.error());
        files.push_back({name, std::move(*bytes)});
    }
    return files;
}

void note_program(const sigma::Program& program, TriedRules& rules) {
    rules.contracts.insert(program.contract);
    for (const sigma::Rule& rule : program.rules) {
        rules.rules[rule.id] = {rule.title, rule.file, rule.line, rule.level};
    }
}

/// Compiles what compiles; the messages say what does not.
[[nodiscard]] Result<std::vector<content::ContentFile>> compile(
    const std::vector<content::ContentFile>& files, TriedRules& rules) {
    std::vector<sigma::RuleSource> sources;
    for (const content::ContentFile& file : files) {
        sources.push_back({file.name, text_of(file.bytes)});
    }
    sigma::Compiled compiled = sigma::compile(sources);
    rules.messages = std::move(compiled.messages);
    rules.failed = compiled.rules_seen - compiled.rules_compiled;
    std::vector<content::ContentFile> programs;
    for (const sigma::Program& program : compiled.programs) {
        Result<Bytes> bytes = sigma::write_program(program);
        if (!bytes) return fail(bytes.error().seen_from(program.contract));
        note_program(program, rules);
        programs.push_back({program.contract + ".fbr", std::move(*bytes)});
    }
    return programs;
}

/// YARA's rules, as the engine describes them.
void note_described(TriedRules& rules) {
    const Result<json::value> described = rules.content->describe();
    if (!described || !described->is_object()) return;
    const json::value* list = described->as_object().if_contains("rules");
    if (list == nullptr || !list->is_array()) return;
    for (const json::value& entry : list->as_array()) {
        const Result<JsonObject> rule = JsonObject::of(entry, "rule");
        if (!rule) continue;
        const Result<std::string> name = rule->string("name");
        if (!name) continue;
        TriedRule& tried = rules.rules[*name];
        tried.title = *name;
        tried.file = rule->string("file").value_or("");
        const Result<std::int64_t> line = rule->integer("line", 0, 1 << 30);
        tried.line = line ? static_cast<std::uint64_t>(*line) : 0;
    }
}

[[nodiscard]] Result<void> load(const std::string& engine,
                                const std::vector<content::ContentFile>& files, TriedRules& rules) {
    Result<std::unique_ptr<sensor::Engine>> opened = sensor::Engine::open(engine, nullptr);
    if (!opened) {
        return fail(opened.error().seen_from("engine " + engine + " (--engine names another)"));
    }
    rules.engine = std::move(*opened);
    std::vector<sensor::SourceFile> sources;
    for (const content::ContentFile& file : files) sources.push_back({file.name, file.bytes});
    std::vector<sensor::Diagnostic> diagnostics;
    Result<std::unique_ptr<sensor::LoadedContent>> content =
        rules.engine->load(sources, {}, diagnostics);
    for (const sensor::Diagnostic& said : diagnostics) {
        rules.messages.push_back({said.error, said.file, said.line, 0, "engine", said.message});
    }
    if (!content) return fail(Errc::kBadInput, content.error().context());
    rules.content = std::move(*content);
    if (!rules.events) note_described(rules);
    return {};
}

/// A bundle's files, as they are: what an engine would get.
[[nodiscard]] Result<std::vector<content::ContentFile>> unpack(const Context& context,
                                                               const std::string& path,
                                                               TriedRules& rules) {
    const Result<Bytes> bytes = context.files.read(path, kBundleBytesMax);
    if (!bytes) return fail(bytes.error());
    Result<content::Bundle> bundle = content::unpack_bundle(*bytes);
    if (!bundle) return fail(Errc::kBadInput, path + ": " + bundle.error().context());
    rules.events = bundle->manifest.content_type.starts_with(kSigmaType);
    if (!rules.events && !bundle->manifest.content_type.starts_with(kYaraType)) {
        return fail(Errc::kBadInput, path + ": holds " + bundle->manifest.content_type +
                                         "; try knows Sigma and YARA rules");
    }
    for (const content::ContentFile& file : bundle->files) {
        if (!rules.events) break;
        const Result<sigma::Program> program = sigma::read_program(file.bytes);
        if (!program) return fail(program.error().seen_from(path + ": " + file.name));
        note_program(*program, rules);
    }
    return std::move(bundle->files);
}

/// The rule files at or below `path`, of one kind.
[[nodiscard]] Result<std::vector<std::string>> rule_files(const std::string& path, bool& sigma) {
    Result<std::vector<std::string>> names = files_below(path);
    if (!names) return fail(names.error());
    const auto sigmas = std::ranges::count_if(*names, &is_sigma);
    const auto yaras = std::ranges::count_if(*names, &is_yara);
    if (sigmas + yaras == 0) {
        return fail(Errc::kBadInput, path + ": no rules; they end in .yml, .yaml, .yar or .yara");
    }
    if (sigmas > 0 && yaras > 0) {
        return fail(Errc::kBadInput, path + ": both Sigma and YARA rules; try one kind at a time");
    }
    sigma = sigmas > 0;
    std::erase_if(
        *names, [&](const std::string& name) { return sigma ? !is_sigma(name) : !is_yara(name); });
    return names;
}

}  // namespace

Result<std::vector<std::string>> files_below(const std::string& path) {
    std::error_code code;
    const fs::file_status status = fs::status(path, code);
    if (!fs::exists(status)) return fail(Errc::kBadInput, path + ": no such file or folder");
    if (!fs::is_directory(status)) return std::vector<std::string>{path};
    std::vector<std::string> names;
    fs::recursive_directory_iterator entries(path, code);
    for (const fs::recursive_directory_iterator end; !code && entries != end;
         entries.increment(code)) {
        if (entries->is_symlink() || !entries->is_regular_file()) continue;
        names.push_back(entries->path().generic_string());
    }
    if (code) return fail(code, path);
    std::ranges::sort(names);
    return names;
}

Result<TriedRules> load_rules(const Context& context, const std::string& path,
                              const std::string& engine, const std::string& engine_folder) {
    TriedRules rules;
    std::vector<content::ContentFile> files;
    if (has_suffix(path, {".fbb"})) {
        Result<std::vector<content::ContentFile>> unpacked = unpack(context, path, rules);
        if (!unpacked) return fail(unpacked.error());
        files = std::move(*unpacked);
    } else {
        const Result<std::vector<std::string>> names = rule_files(path, rules.events);
        if (!names) return fail(names.error());
        Result<std::vector<content::ContentFile>> read = read_files(context, *names);
        if (!read) return fail(read.error());
        files = std::move(*read);
        if (rules.events) {
            Result<std::vector<content::ContentFile>> programs = compile(files, rules);
            if (!programs) return fail(programs.error());
            files = std::move(*programs);
        }
    }
    if (files.empty()) return rules;
    const std::string name = rules.events ? "sigma.so" : "yara.so";
    const std::string own = (fs::path(engine_folder) / name).string();
    const Result<void> loaded = load(engine.empty() ? own : engine, files, rules);
    if (!loaded) return fail(loaded.error());
    return rules;
}

}  // namespace firebreak::cli
