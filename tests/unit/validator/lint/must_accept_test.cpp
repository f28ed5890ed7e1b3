// Real rules, of which lint must reject none: a gate that cries wolf is a gate that is left open.

#include <gtest/gtest.h>

#include "sensor/sigma/program/capabilities.hpp"
#include "tests/unit/sensor/sigma/compiler/corpus.hpp"
#include "tests/unit/validator/bench_run.hpp"
#include "validator/stages/stage.hpp"

namespace firebreak::validator {
namespace {

namespace fs = std::filesystem;

const fs::path kStarter = fs::path(FIREBREAK_SOURCE_DIR) / "content";

content::Bundle bundle_of(std::string_view type) {
    content::Bundle bundle;
    bundle.manifest.stream = "s";
    bundle.manifest.counter = 1;
    bundle.manifest.content_type = type;
    bundle.manifest.actions = {"report"};
    return bundle;
}

content::Bundle yara_bundle(const fs::path& folder) {
    content::Bundle bundle = bundle_of("yara-source");
    for (const auto& entry : fs::recursive_directory_iterator(folder)) {
        const std::string extension = entry.path().extension().string();
        if (extension != ".yar" && extension != ".yara") continue;
        bundle.files.push_back({entry.path().lexically_relative(folder).string(),
                                to_bytes(sigma::read_text(entry.path()))});
    }
    return bundle;
}

content::Bundle sigma_bundle(const fs::path& folder) {
    content::Bundle bundle = bundle_of(sigma::kContentType);
    const sigma::Corpus corpus = sigma::read_corpus(folder);
    for (const sigma::Program& program : sigma::compile(corpus.sources()).programs) {
        const Result<Bytes> bytes = sigma::write_program(program);
        EXPECT_TRUE(bytes);
        bundle.files.push_back({program.contract, *bytes});
    }
    return bundle;
}

void expect_no_error(content::Bundle bundle, std::uint64_t rules_min) {
    test::BenchRun bench;
    bench.run.bundle = std::move(bundle);

    const StageResult result = check_lint(bench.run, {});

    EXPECT_TRUE(result.complete) << result.reason;
    EXPECT_GE(result.executions, rules_min);
    for (const Finding& finding : bench.run.findings) {
        EXPECT_EQ(finding_rule(finding.id).level, Level::kWarning)
            << finding.id << " " << finding.message;
    }
}

TEST(LintAccepts, TheStarterContent) {
    expect_no_error(yara_bundle(kStarter / "yara-starter"), 40);
    expect_no_error(sigma_bundle(kStarter / "sigma-starter"), 77);
}

TEST(LintAccepts, TheRulesOfReversingLabs) {
    const fs::path folder = sigma::corpora() / "yara-reversinglabs";
    if (!fs::exists(folder)) GTEST_SKIP() << "no yara-reversinglabs below FIREBREAK_CORPORA";
    expect_no_error(yara_bundle(folder), 1'000);
}

TEST(LintAccepts, TheRulesOfSigmaHq) {
    const fs::path folder = sigma::corpora() / "sigma";
    if (!fs::exists(folder)) GTEST_SKIP() << "no sigma below FIREBREAK_CORPORA";
    expect_no_error(sigma_bundle(folder), 3'000);
}

}  // namespace
}  // namespace firebreak::validator
