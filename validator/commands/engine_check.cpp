#include <algorithm>
#include <boost/json/serialize.hpp>
#include <filesystem>

#include "core/base/errc.hpp"
#include "core/content/bundle.hpp"
#include "validator/abi/examination.hpp"
#include "validator/abi/samples.hpp"
#include "validator/commands/commands.hpp"

namespace firebreak::validator {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kMaterialBytesMax = 64U << 20U;
constexpr std::size_t kFilesMax = 10'000;

/// What to check with, and the memory it lies in.
struct Material {
    std::vector<std::pair<std::string, Bytes>> files;
    std::string input_name = "sample";
    Bytes input;

    ExaminationMaterial view() const {
        ExaminationMaterial out;
        for (const auto& [name, bytes] : files) out.files.push_back({name, bytes});
        out.input_name = input_name;
        out.input = input;
        return out;
    }
};

/// The files of --content: itself, or all in the folder, by name.
Result<std::vector<fs::path>> content_paths(const fs::path& given) {
    std::error_code error;
    if (!fs::is_directory(given, error)) return std::vector{given};
    std::vector<fs::path> paths;
    fs::recursive_directory_iterator walk(given, error);
    for (; !error && walk != fs::recursive_directory_iterator(); walk.increment(error)) {
        if (walk->is_regular_file(error)) paths.push_back(walk->path());
        if (paths.size() > kFilesMax) return fail(Errc::kTooLarge, given.string() + ": files");
    }
    if (error) return fail(error, given.string());
    std::ranges::sort(paths);
    return paths;
}

/// A bundle's own files; any other file, or a folder of them, as it stands.
Result<void> add_content(const World& world, const fs::path& given, Material& material) {
    const Result<std::vector<fs::path>> paths = content_paths(given);
    if (!paths) return fail(paths.error());
    for (const fs::path& path : *paths) {
        Result<Bytes> bytes = world.files.read(path, kMaterialBytesMax);
        if (!bytes) return fail(bytes.error());
        if (path == given && path.extension() == ".fbb") {
            Result<content::Bundle> bundle = content::unpack_bundle(*bytes);
            if (!bundle) return fail(bundle.error().seen_from(given.string()));
            for (content::ContentFile& file : bundle->files) {
                material.files.emplace_back(std::move(file.name), std::move(file.bytes));
            }
            continue;
        }
        const fs::path name = path == given ? path.filename() : fs::relative(path, given);
        material.files.emplace_back(name.string(), *std::move(bytes));
    }
    return {};
}

Result<Material> read_material(const World& world, const EngineCheckOptions& options) {
    Material material;
    if (!options.content.empty()) {
        const Result<void> added = add_content(world, options.content, material);
        if (!added) return fail(added.error());
    }
    if (!options.input.empty()) {
        Result<Bytes> bytes = world.files.read(options.input, kMaterialBytesMax);
        if (!bytes) return fail(bytes.error());
        material.input = *std::move(bytes);
        material.input_name = fs::path(options.input).filename().string();
    }
    return material;
}

/// The built-in sample, where no content was given and the engine takes a type that has one.
void fill_in(Material& material, const sensor::CapabilityManifest& manifest) {
    if (!material.files.empty()) return;
    for (const std::string& type : manifest.content_types) {
        const std::optional<AbiSample> sample = built_in_sample(type);
        if (!sample) continue;
        for (const auto& [name, text] : sample->files) {
            material.files.emplace_back(name, to_bytes(text));
        }
        if (material.input.empty()) material.input = to_bytes(sample->input);
        return;
    }
}

json::object report(const Examination& examination, const EngineFile& engine) {
    json::array checks;
    for (const CheckReport& check : examination.checks) {
        checks.push_back(json::object{{"id", check.id},
                                      {"rule", check.rule},
                                      {"result", to_string(check.result.kind)},
                                      {"message", check.result.message}});
    }
    return {{"engine", engine.path.string()},
            {"sha256", engine.sha256.hex()},
            {"verdict", examination.broken()     ? "broken"
                        : examination.complete() ? "kept"
                                                 : "inconclusive"},
            {"could_not_look", examination.could_not_look},
            {"checks", std::move(checks)},
            {"sandbox", examination.confinement.to_string()},
            {"manifest", examination.manifest ? examination.manifest->raw : json::value(nullptr)}};
}

std::string mark_of(const CheckResult& result, const Terminal& terminal) {
    switch (result.kind) {
        case CheckResult::Kind::kKept: return terminal.good("kept   ");
        case CheckResult::Kind::kBroken: return terminal.bad("BROKEN ");
        case CheckResult::Kind::kNotPossible: return terminal.strong("not run");
        case CheckResult::Kind::kNotApplicable: break;
    }
    return "-      ";
}

std::string text_report(const Examination& examination, const EngineFile& engine,
                        const Terminal& terminal) {
    std::string text;
    if (examination.manifest) {
        text += terminal.strong(examination.manifest->name + " " + examination.manifest->version) +
                "\n  build         " + engine.sha256.hex() + "\n  manifest      " +
                json::serialize(examination.manifest->raw) + "\n\n";
    }
    for (const CheckReport& check : examination.checks) {
        std::string id(check.id);
        id.resize(std::max<std::size_t>(id.size(), 13), ' ');
        text += "  " + mark_of(check.result, terminal) + "  " + id + "  " + std::string(check.rule);
        if (!check.result.message.empty()) text += ": " + check.result.message;
        text += "\n";
    }
    if (examination.broken()) return text + "\nbreaks the sensor ABI\n";
    if (examination.complete()) return text + "\nkeeps the sensor ABI\n";
    return text + "\nnot everything could be looked at, which is no pass\n";
}

}  // namespace

int check_engine(const World& world, const EngineCheckOptions& options) {
    const Result<EngineFile> file = engine_file(world.files, options.engine);
    if (!file) return complain(kExitUsage, file.error().to_string());
    Result<Material> material = read_material(world, options);
    if (!material) return complain(kExitUsage, material.error().to_string());
    const Result<WorkerProgram> program = WorkerProgram::self();
    if (!program) return complain(kExitInconclusive, program.error().to_string());

    const SandboxPolicy& policy = profile(ProfileName::kPr).sandbox;
    if (material->input.size() > policy.input_bytes_max) {
        return complain(kExitUsage, options.input + ": too large for an input");
    }
    const Laboratory laboratory{*program, policy, world.clock};
    const OpenRun introduced = introduce(laboratory, *file);
    if (passes(introduced.verdict)) fill_in(*material, introduced.capabilities);
    const Examination examination = examine(laboratory, *file, material->view());
    if (!examination.could_not_look.empty()) {
        return complain(kExitInconclusive, options.engine + ": " + examination.could_not_look);
    }
    const std::string text = world.terminal.json()
                                 ? pretty_json(report(examination, *file))
                                 : text_report(examination, *file, world.terminal);
    if (!print(text)) return complain(kExitInconclusive, "cannot write to stdout");
    if (examination.broken()) return kExitRejected;
    return examination.complete() ? kExitAdmitted : kExitInconclusive;
}

}  // namespace firebreak::validator
