#pragma once

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "tests/integration/validator/sandbox_fixture.hpp"
#include "tests/support/temporary_folder.hpp"
#include "validator/stages/stage.hpp"

namespace firebreak::validator::test {

/// The name Run means something else inside a gtest case.
using JudgedRun = Run;

inline EngineFile yara_demo() {
    return engine_at(std::string(FIREBREAK_ENGINE_DIR) + "/yara-demo.so");
}

/// A rule that finds nothing, for bundles whose point is another one. In hexadecimal, so that this
/// program, which is one of Firebreak's own to the commands, does not hold what it looks for.
inline constexpr std::string_view kGoodRule =
    "rule good { strings: $a = { 74 68 65 20 67 6F 6F 64 20 72 75 6C 65 20 6C 6F 6F 6B 73 20 66 6F "
    "72 20 74 68 69 73 } condition: $a }\n";

/// Takes four times as long for twice the matches. (So does libyara with one loop of @a[i], which
/// it looks up by counting from the first.)
inline constexpr std::string_view kQuadraticRule =
    "rule quadratic {\n"
    "    strings: $a = \"abcdefgh\"\n"
    "    condition: for all i in (1..#a) : (for all j in (1..#a) : (i + j > 0))\n"
    "}\n";

struct PackOptions {
    std::string stream = "yara";
    std::int64_t counter = 7;
    std::string content_type = "yara-source";
    std::vector<std::string> contracts{};
    std::vector<std::string> capabilities{};
    std::vector<std::string> actions{};
};

inline Bytes pack(const std::map<std::string, std::string>& files, PackOptions options = {}) {
    content::Manifest manifest;
    manifest.stream = options.stream;
    manifest.counter = options.counter;
    manifest.content_type = options.content_type;
    manifest.contracts = options.contracts;
    manifest.capabilities = options.capabilities;
    manifest.actions = options.actions;
    std::vector<content::ContentFile> contents;
    for (const auto& [name, text] : files) contents.push_back({name, to_bytes(text)});
    const Result<Bytes> packed = content::pack_bundle(manifest, std::move(contents));
    EXPECT_TRUE(packed);
    return packed ? *packed : Bytes{};
}

/// A place to judge bundles in: a small goodware tree, a folder for reproducers, the real yara
/// engine.
class Bench {
public:
    Bench() {
        std::filesystem::create_directories(goodware());
        std::ofstream(own()) << "a program of Firebreak's own";
        for (int index = 0; index < 60; ++index) {
            add_goodware("file-" + std::to_string(index), "harmless " + std::to_string(index));
        }
    }

    std::filesystem::path goodware() const { return folder_.path() / "goodware"; }
    std::filesystem::path own() const { return folder_.path() / "firebreak-agent"; }
    std::filesystem::path reproducers() const { return folder_.path() / "reproducers"; }
    const std::filesystem::path& folder() const { return folder_.path(); }

    void add_goodware(const std::string& name, const std::string& text) const {
        std::ofstream(goodware() / name, std::ios::binary) << text;
    }

    RunRequest request(Bytes bundle) const {
        return {.bundle_name = "yara-7.fbb",
                .bundle = std::move(bundle),
                .engines = {yara()},
                .goodware = {goodware()},
                .own_paths = {own()},
                .profile = ProfileName::kGate,
                .jobs = 2,
                .patience = 100,  // How fast the machine is decides nothing here.
                .reproducers = reproducers()};
    }

    Run judged(RunRequest request) {
        // Most tests are about another stage than these two, which take seconds. Whoever wants them
        // says how many inputs, of which a few hundred do.
        std::vector<Stage> stages(all_stages().begin(), all_stages().end());
        if (!request.fuzz.executions) {
            std::erase_if(stages, [](const Stage& stage) {
                return stage.name == "fuzz" || stage.name == "robust";
            });
        }
        for (Stage& stage : stages) {
            if (stage.name != "fuzz") continue;
            for (StageBudget& budget : stage.budgets) budget.executions_min = 100;
        }
        return judged(std::move(request), stages);
    }
    Run judged(RunRequest request, std::span<const Stage> stages) {
        const WorkerProgram* host = twin_host_ ? &*twin_host_ : nullptr;
        Run run(std::move(request), {program_, clock_, files_, progress_, host});
        judge(run, stages);
        return run;
    }
    /// What sanitizer twins are opened by from here on; empty: nothing.
    void set_twin_host(const std::string& path) {
        twin_host_.reset();
        if (path.empty()) return;
        Result<WorkerProgram> host = WorkerProgram::twin_host(path);
        ASSERT_TRUE(host) << path;
        twin_host_.emplace(*std::move(host));
    }

    Run judged(Bytes bundle) { return judged(request(std::move(bundle))); }

    Run judged_files(const std::map<std::string, std::string>& files) {
        return judged(pack(files));
    }

private:
    firebreak::test::TemporaryFolder folder_;
    WorkerProgram program_ = *WorkerProgram::self();
    std::optional<WorkerProgram> twin_host_ = *WorkerProgram::twin_host(FIREBREAK_TWIN_HOST);
    SystemClock clock_;
    PosixFileStore files_;
    NoProgress progress_;
};

inline const Finding* finding_of(const Run& run, std::string_view id) {
    const auto found = std::ranges::find(run.findings, id, &Finding::id);
    return found == run.findings.end() ? nullptr : &*found;
}

inline const StageReport& stage_of(const Run& run, std::string_view name) {
    return *std::ranges::find(run.stages, name, &StageReport::name);
}

/// What a run found, for a failing test to show.
inline std::string told(const Run& run) {
    std::string text;
    for (const StageReport& stage : run.stages) {
        text +=
            stage.name + " " + std::string(to_string(stage.outcome)) + " " + stage.reason + "\n";
    }
    for (const Finding& finding : run.findings) {
        text += finding.id + " " + finding.message + " " + finding.measured + "\n";
    }
    return text;
}

}  // namespace firebreak::validator::test
