#include <unistd.h>

#include <algorithm>

#include "core/base/errc.hpp"
#include "core/base/json.hpp"
#include "validator/commands/commands.hpp"

namespace firebreak::validator {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kCensusBytesMax = 16U << 20U;
constexpr std::size_t kBuildsMax = 1000;

constexpr std::string_view kTwinSuffix = ".twin.so";

/// What `path` is as an engine: itself, "exec:" and itself, or nothing (empty).
std::string as_engine(const fs::path& path) {
    const std::string name = path.filename().string();
    if (name.ends_with(".so") || name.find(".so.") != std::string::npos) return path.string();
    return ::access(path.c_str(), X_OK) == 0 ? "exec:" + path.string() : "";
}

}  // namespace

void add_engine(std::vector<EngineFile>& engines, EngineFile engine) {
    const bool again =
        std::ranges::find(engines, engine.sha256, &EngineFile::sha256) != engines.end();
    if (!again) engines.push_back(std::move(engine));
}

Result<void> add_twin(std::vector<TwinFile>& twins, TwinFile twin) {
    if (!twin.file.sanitized) {
        return fail(Errc::kInvalid, twin.file.path.string() +
                                        ": no sanitizer twin: not built with -fsanitize=address");
    }
    const bool again = std::ranges::any_of(twins, [&twin](const TwinFile& each) {
        return each.of == twin.of && each.file.sha256 == twin.file.sha256;
    });
    if (!again) twins.push_back(std::move(twin));
    return {};
}

namespace {

/// Of each path in `found`, which stands beside the engine that it is the twin of.
Result<std::vector<TwinFile>> read_twins(const FileStore& files,
                                         const std::vector<std::string>& found) {
    std::vector<TwinFile> twins;
    for (const std::string& path : found) {
        const std::string build = path.substr(0, path.size() - kTwinSuffix.size()) + ".so";
        const Result<EngineFile> of = engine_file(files, build);
        if (!of) return fail(of.error().seen_from("the twin " + path));
        Result<EngineFile> twin = engine_file(files, path);
        if (!twin) return fail(twin.error());
        const Result<void> added = add_twin(twins, {of->sha256, *std::move(twin)});
        if (!added) return fail(added.error());
    }
    return twins;
}

}  // namespace

Result<BuildsFolder> engines_in(const FileStore& files, const std::string& folder) {
    std::error_code code;
    std::vector<std::string> found;
    std::vector<std::string> found_twins;
    fs::recursive_directory_iterator entries(folder, code);
    for (const fs::recursive_directory_iterator end; !code && entries != end;
         entries.increment(code)) {
        if (!entries->is_regular_file(code)) continue;
        if (entries->path().filename().string().ends_with(kTwinSuffix)) {
            found_twins.push_back(entries->path().string());
            continue;
        }
        const std::string engine = as_engine(entries->path());
        if (!engine.empty()) found.push_back(engine);
    }
    if (code) return fail(code, "--builds " + folder);
    if (found.empty()) {
        return fail(Errc::kNotFound, "--builds " + folder +
                                         ": holds no engine (a .so, or a program that may be run)");
    }
    if (found.size() > kBuildsMax) {
        return fail(Errc::kTooLarge, "--builds " + folder + ": holds " +
                                         std::to_string(found.size()) + " engines, " +
                                         std::to_string(kBuildsMax) + " at most are judged");
    }
    std::ranges::sort(found);  // A folder has no order, and a report needs one.
    BuildsFolder builds;
    for (const std::string& path : found) {
        Result<EngineFile> engine = engine_file(files, path);
        if (!engine) return fail(engine.error());
        add_engine(builds.engines, *std::move(engine));
    }
    std::ranges::sort(found_twins);
    Result<std::vector<TwinFile>> twins = read_twins(files, found_twins);
    if (!twins) return fail(twins.error().seen_from("--builds " + folder));
    builds.twins = *std::move(twins);
    return builds;
}

Result<std::vector<Sha256>> read_census(const FileStore& files, const std::string& path) {
    const Result<Bytes> bytes = files.read(path, kCensusBytesMax);
    if (!bytes) return fail(bytes.error().seen_from("--census"));
    const Result<json::value> value = parse_json(text_of(*bytes));
    if (!value) return fail(value.error().seen_from("--census " + path));
    const Result<JsonObject> census = JsonObject::of(*value, "--census " + path);
    if (!census) return fail(census.error());
    const Result<const json::array*> lines = census->array("builds");
    if (!lines) return fail(lines.error());
    std::vector<Sha256> alive;
    for (const json::value& element : **lines) {
        const Result<JsonObject> line = JsonObject::of(element, "--census " + path + ": builds");
        if (!line) return fail(line.error());
        const Result<std::string> text = line->string("sha256");
        if (!text) return fail(text.error());
        const Result<Sha256> digest = Sha256::from_hex(*text);
        if (!digest) return fail(digest.error().seen_from("--census " + path));
        if (std::ranges::find(alive, *digest) == alive.end()) alive.push_back(*digest);
    }
    return alive;
}

}  // namespace firebreak::validator
