// Real rules through every stage, of which none may be rejected: a gate that cries wolf is a gate
// that is left open. The starter content as a whole; of the corpora, where they are, a sample
// (FIREBREAK_SEED moves it), and all of them as far as the stage that loads them. All of them
// through all stages takes minutes: docs/findings.md has the command.

#include <cstdlib>
#include <map>
#include <set>

#include "core/base/random.hpp"
#include "sensor/sigma/program/capabilities.hpp"
#include "tests/integration/validator/judged_bundle.hpp"
#include "tests/unit/sensor/sigma/compiler/corpus.hpp"

namespace firebreak::validator::test {
namespace {

namespace fs = std::filesystem;
using Files = std::map<std::string, std::string>;

const fs::path kStarter = fs::path(FIREBREAK_SOURCE_DIR) / "content";

std::uint64_t seed() {
    const char* text = std::getenv("FIREBREAK_SEED");
    return text == nullptr ? 1 : std::strtoull(text, nullptr, 10);
}

Files yara_files(const fs::path& folder) {
    Files files;
    for (const auto& entry : fs::recursive_directory_iterator(folder)) {
        const std::string extension = entry.path().extension().string();
        if (extension != ".yar" && extension != ".yara") continue;
        files[entry.path().lexically_relative(folder).string()] = sigma::read_text(entry.path());
    }
    return files;
}

/// `count` of them, as the seed has it.
template <class Container>
Container sample(Container all, std::size_t count) {
    SeededRandom random(seed());
    while (all.size() > count) {
        all.erase(std::next(all.begin(), static_cast<std::ptrdiff_t>(random.below(all.size()))));
    }
    return all;
}

Bytes yara_bundle(const Files& files) {
    return pack(files, {.actions = {"report"}});
}

Bytes sigma_bundle(const std::vector<sigma::RuleSource>& rules) {
    PackOptions options{
        .stream = "sigma", .content_type = std::string(sigma::kContentType), .actions = {"report"}};
    Files files;
    std::set<std::string> capabilities;
    for (const sigma::Program& program : sigma::compile(rules).programs) {
        files[program.contract + ".sigma"] = to_text(*sigma::write_program(program));
        options.contracts.push_back(sigma::contract_of(program.contract, program.arity));
        for (const std::string& each : sigma::capabilities_of(program)) capabilities.insert(each);
    }
    options.capabilities.assign(capabilities.begin(), capabilities.end());
    return pack(files, options);
}

std::vector<sigma::RuleSource> sources_of(const sigma::Corpus& corpus, std::size_t count) {
    return sample(corpus.sources(), count);
}

class MustAccept : public ::testing::Test {
protected:
    /// Every stage has to pass, whatever warnings there are.
    void expect_admitted(Bytes bundle, const EngineFile& engine, std::uint64_t rules_min) {
        RunRequest request = request_for(std::move(bundle), engine);
        request.fuzz.executions = 256;
        request.fuzz.time = std::chrono::hours{1};  // How fast the machine is decides nothing here.
        const JudgedRun run = bench_.judged(std::move(request));
        EXPECT_EQ(run.verdict(), content::Verdict::kAdmitted) << "seed " << seed() << "\n"
                                                              << told(run);
        ASSERT_EQ(run.builds.size(), 1U);
        EXPECT_GE(run.builds.front().rules, rules_min);
    }

    /// Every stage before the inputs has to pass.
    void expect_loaded(Bytes bundle, const EngineFile& engine, std::uint64_t rules_min) {
        RunRequest request = request_for(std::move(bundle), engine);
        request.skipped = {"directed", "replay", "amplify", "fuzz", "robust", "budget"};
        const JudgedRun run = bench_.judged(std::move(request));
        EXPECT_EQ(run.errors(), 0U) << told(run);
        for (const char* stage : {"structure", "schema", "contract", "lint", "load"}) {
            EXPECT_EQ(stage_of(run, stage).outcome, StageOutcome::kPassed) << told(run);
        }
        ASSERT_EQ(run.builds.size(), 1U);
        EXPECT_GE(run.builds.front().rules, rules_min);
    }

    /// The near misses of the starter's own rules are events of good machines, all of them.
    void add_events() {
        const fs::path events = kStarter / "sigma-starter/events/near-miss";
        for (const auto& entry : fs::directory_iterator(events)) {
            bench_.add_goodware(entry.path().filename().string(), sigma::read_text(entry.path()));
        }
    }
    /// Nothing that anybody's rules are about.
    void add_plain_events() {
        std::string lines;
        for (int index = 0; index < 60; ++index) {
            lines += R"({"Event":{"System":{"EventID":1,"Channel":"Microsoft-Windows-Sysmon/)"
                     R"(Operational","Provider_Name":"Microsoft-Windows-Sysmon"},"EventData":)"
                     R"({"Image":"C:\\Program Files\\Acme\\acme.exe","CommandLine":"acme )" +
                     std::to_string(index) + "\"}}}\n";
        }
        bench_.add_goodware("events.jsonl", lines);
    }

    static EngineFile sigma_engine() {
        return engine_at(std::string(FIREBREAK_ENGINE_DIR) + "/sigma.so");
    }

    Bench bench_;

private:
    RunRequest request_for(Bytes bundle, const EngineFile& engine) {
        RunRequest request = bench_.request(std::move(bundle));
        request.engines = {engine};
        request.profile = ProfileName::kPr;
        request.seed = seed();
        return request;
    }
};

TEST_F(MustAccept, TheStarterRulesForFiles) {
    expect_admitted(yara_bundle(yara_files(kStarter / "yara-starter")), yara(), 40);
}

TEST_F(MustAccept, TheStarterRulesForEvents) {
    add_events();
    const sigma::Corpus corpus = sigma::read_corpus(kStarter / "sigma-starter/rules");
    expect_admitted(sigma_bundle(corpus.sources()), sigma_engine(), 77);
}

TEST_F(MustAccept, SomeRulesOfReversingLabs) {
    const fs::path folder = sigma::corpora() / "yara-reversinglabs";
    if (!fs::exists(folder)) GTEST_SKIP() << "no yara-reversinglabs below FIREBREAK_CORPORA";
    expect_admitted(yara_bundle(sample(yara_files(folder), 6)), yara(), 6);
}

TEST_F(MustAccept, SomeRulesOfSigmaHq) {
    const fs::path folder = sigma::corpora() / "sigma";
    if (!fs::exists(folder)) GTEST_SKIP() << "no sigma below FIREBREAK_CORPORA";
    add_plain_events();
    expect_admitted(sigma_bundle(sources_of(sigma::read_corpus(folder), 60)), sigma_engine(), 40);
}

TEST_F(MustAccept, AllRulesOfReversingLabsAsFarAsTheyAreLoaded) {
    const fs::path folder = sigma::corpora() / "yara-reversinglabs";
    if (!fs::exists(folder)) GTEST_SKIP() << "no yara-reversinglabs below FIREBREAK_CORPORA";
    expect_loaded(yara_bundle(yara_files(folder)), yara(), 1'000);
}

TEST_F(MustAccept, AllRulesOfSigmaHqAsFarAsTheyAreLoaded) {
    const fs::path folder = sigma::corpora() / "sigma";
    if (!fs::exists(folder)) GTEST_SKIP() << "no sigma below FIREBREAK_CORPORA";
    expect_loaded(sigma_bundle(sigma::read_corpus(folder).sources()), sigma_engine(), 3'000);
}

}  // namespace
}  // namespace firebreak::validator::test
