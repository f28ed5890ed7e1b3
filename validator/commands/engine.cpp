#include "validator/commands/commands.hpp"

namespace firebreak::validator {
namespace {

void add_list(std::string& text, const char* name, const std::vector<std::string>& values) {
    if (values.empty()) return;
    text += std::string("  ") + name;
    for (const std::string& value : values) text += " " + value;
    text += "\n";
}

}  // namespace

int show_engine(const World& world, const std::string& engine) {
    const Result<EngineFile> file = engine_file(world.files, engine);
    if (!file) return complain(kExitUsage, file.error().to_string());
    const Result<ContentImage> nothing = ContentImage::make({});
    const Result<WorkerProgram> program = WorkerProgram::self();
    if (!nothing || !program) {
        return complain(kExitInconclusive,
                        (!nothing ? nothing.error() : program.error()).to_string());
    }
    Executor executor(*program, profile(ProfileName::kPr).sandbox, world.clock);
    const OpenRun opened = executor.open(*file, *nothing);
    if (!passes(opened.verdict)) {
        const bool refused = opened.verdict.outcome == Outcome::kRefused;
        return complain(refused ? kExitUsage : kExitInconclusive,
                        engine + ": " + describe(opened.verdict));
    }
    const sensor::CapabilityManifest& manifest = opened.capabilities;
    if (world.terminal.json()) {
        const json::object object{{"sha256", file->sha256.hex()},
                                  {"sandbox", executor.confinement().to_string()},
                                  {"manifest", manifest.raw}};
        return print(pretty_json(object)) ? 0 : kExitInconclusive;
    }
    std::string text = world.terminal.strong(manifest.name + " " + manifest.version) + "\n" +
                       "  build         " + file->sha256.hex() + "\n" + "  build id      " +
                       manifest.build_id + "\n";
    add_list(text, "content types", manifest.content_types);
    add_list(text, "contracts    ", manifest.contracts);
    add_list(text, "capabilities ", manifest.capabilities);
    text += "  limits        " + std::to_string(manifest.content_bytes_max) +
            " bytes of content, " + std::to_string(manifest.input_bytes_max) + " bytes of input, " +
            std::to_string(manifest.rules_max) + " rules\n" + "  sandbox       " +
            executor.confinement().to_string() + "\n";
    return print(text) ? 0 : kExitInconclusive;
}

}  // namespace firebreak::validator
