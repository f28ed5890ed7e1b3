// Each stage on bundles that it must tell apart, with the real yara engine in the real sandbox.

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "tests/integration/validator/judged_bundle.hpp"
#include "validator/report/report.hpp"
#include "validator/stages/goodware.hpp"

namespace firebreak::validator::test {
namespace {

using content::Verdict;

TEST(Judge, AdmitsAGoodBundleAndSaysWhatWasDriven) {
    Bench bench;

    const JudgedRun run = bench.judged_files({{"a.yar", std::string(kGoodRule)}});

    ASSERT_EQ(run.verdict(), Verdict::kAdmitted) << told(run);
    EXPECT_EQ(stage_of(run, "replay").executions, 60U);
    ASSERT_EQ(run.builds.size(), 1U);
    EXPECT_EQ(run.builds[0].rules, 1U);
    EXPECT_TRUE(run.sandbox_level().starts_with("seccomp+rlimits+no-new-privs"));
    ASSERT_EQ(run.corpora.size(), 2U);
    EXPECT_EQ(run.corpora[0].files, 60U);
    EXPECT_EQ(run.corpora[1].name, "self-protection");
}

TEST(Judge, FindsTheSameTwice) {
    Bench bench;
    bench.add_goodware("hit", "a needle");
    const Bytes bundle =
        pack({{"a.yar", "rule needle { strings: $a = \"needle\" condition: $a }"}});
    RunRequest request = bench.request(bundle);
    request.reproducers.clear();

    const JudgedRun one = bench.judged(request);
    const JudgedRun two = bench.judged(request);

    EXPECT_EQ(json_report(one).at("findings"), json_report(two).at("findings"));
    EXPECT_EQ(json_report(one).at("corpora"), json_report(two).at("corpora"));
}

TEST(Judge, DrivesEveryBuildItWasGiven) {
    Bench bench;
    RunRequest request = bench.request(pack({{"a.yar", std::string(kGoodRule)}}));
    request.engines.push_back(yara_demo());

    const JudgedRun run = bench.judged(std::move(request));

    ASSERT_EQ(run.verdict(), Verdict::kAdmitted) << told(run);
    EXPECT_EQ(run.builds.size(), 2U);
    EXPECT_EQ(stage_of(run, "replay").executions, 120U);
    EXPECT_EQ(attestation_of(run).builds.size(), 2U);
}

// ---- structure ------------------------------------------------------------------------------

TEST(StructureStage, RefusesEveryTruncationAndEveryFlippedByte) {
    Bench bench;
    const Bytes whole = pack({{"a.yar", std::string(kGoodRule)}});
    const auto rejected = [&](Bytes bundle) {
        RunRequest request = bench.request(std::move(bundle));
        for (const Stage& stage : all_stages().subspan(1)) {
            request.skipped.emplace_back(stage.name);
        }
        const JudgedRun run = bench.judged(std::move(request));
        return run.verdict() == Verdict::kRejected &&
               stage_of(run, "structure").outcome == StageOutcome::kFailed;
    };
    for (std::size_t offset = 0; offset < whole.size(); ++offset) {
        EXPECT_TRUE(rejected({whole.begin(), whole.begin() + static_cast<long>(offset)})) << offset;
        Bytes flipped = whole;
        flipped[offset] ^= 0x20U;
        // A flip inside the manifest's free text gives another bundle, and not a broken one; the
        // digest that is attested is of these bytes, so nothing is passed off as something else.
        const Result<content::Bundle> still = content::unpack_bundle(flipped);
        EXPECT_EQ(rejected(flipped), !still.has_value()) << offset;
    }
}

TEST(StructureStage, SkipsEverythingAfterABrokenArchive) {
    Bench bench;

    const JudgedRun run = bench.judged(to_bytes("no bundle at all"));

    EXPECT_EQ(run.verdict(), Verdict::kRejected);
    EXPECT_NE(finding_of(run, "FB101"), nullptr) << told(run);
    for (const StageReport& stage : run.stages) {
        EXPECT_EQ(stage.outcome == StageOutcome::kSkipped, stage.name != "structure") << stage.name;
    }
}

TEST(StructureStage, ComparesWithTheLastRelease) {
    Bench bench;
    const std::map<std::string, std::string> files{{"a.yar", std::string(kGoodRule)}};
    const auto judged_after = [&](Bytes previous, Bytes bundle) {
        RunRequest request = bench.request(std::move(bundle));
        request.previous = std::move(previous);
        request.skipped = {"load", "replay", "budget"};
        return bench.judged(std::move(request));
    };

    EXPECT_NE(finding_of(judged_after(pack(files, {.counter = 7}), pack(files)), "FB105"), nullptr);
    EXPECT_NE(finding_of(judged_after(pack(files, {.counter = 8}), pack(files)), "FB105"), nullptr);
    EXPECT_EQ(finding_of(judged_after(pack(files, {.counter = 6}), pack(files)), "FB105"), nullptr);
    EXPECT_NE(finding_of(judged_after(pack(files, {.stream = "other"}), pack(files)), "FB106"),
              nullptr);
    const std::map<std::string, std::string> large{{"a.yar", std::string(200'000, ' ')}};
    EXPECT_NE(finding_of(judged_after(pack(large, {.counter = 6}), pack(files)), "FB107"), nullptr);
}

TEST(StructureStage, IsInconclusiveWhenTheLastReleaseCannotBeRead) {
    Bench bench;
    RunRequest request = bench.request(pack({{"a.yar", std::string(kGoodRule)}}));
    request.previous = to_bytes("no bundle");

    EXPECT_EQ(bench.judged(std::move(request)).verdict(), Verdict::kInconclusive);
}

// ---- contract -------------------------------------------------------------------------------

TEST(ContractStage, RefusesWhatALiveBuildCannotDo) {
    Bench bench;
    const std::map<std::string, std::string> files{{"a.yar", std::string(kGoodRule)}};

    const JudgedRun type = bench.judged(pack(files, {.content_type = "sigma-binary"}));
    const JudgedRun capability = bench.judged(pack(files, {.capabilities = {"yara.module.magic"}}));
    const JudgedRun contract = bench.judged(pack(files, {.contracts = {"process_creation/v1"}}));

    EXPECT_NE(finding_of(type, "FB301"), nullptr) << told(type);
    EXPECT_NE(finding_of(capability, "FB302"), nullptr) << told(capability);
    EXPECT_NE(finding_of(contract, "FB303"), nullptr) << told(contract);
    EXPECT_EQ(stage_of(contract, "load").outcome, StageOutcome::kSkipped);
}

/// The fault of 19 July 2024, as a number: the content says 21, the build supplies 20.
TEST(ContractStage, RefusesAContractWithAnotherNumberOfFields) {
    Bench bench;
    RunRequest request = bench.request(
        pack({{"a.yar", std::string(kGoodRule)}}, {.contracts = {"process_creation/v1:21"}}));
    request.engines = {rogue("well-behaved")};

    const JudgedRun run = bench.judged(std::move(request));

    EXPECT_EQ(run.verdict(), Verdict::kRejected);
    EXPECT_NE(finding_of(run, "FB304"), nullptr) << told(run);
}

TEST(ContractStage, IsInconclusiveForAFileThatIsNoEngine) {
    Bench bench;
    RunRequest request = bench.request(pack({{"a.yar", std::string(kGoodRule)}}));
    request.engines.push_back(rogue("crash-in-constructor"));

    const JudgedRun run = bench.judged(std::move(request));

    EXPECT_EQ(run.verdict(), Verdict::kInconclusive) << told(run);
}

// ---- load -----------------------------------------------------------------------------------

TEST(LoadStage, NamesTheLineThatTheEngineRefuses) {
    Bench bench;

    const JudgedRun run = bench.judged_files(
        {{"a.yar", std::string(kGoodRule)},
         {"b.yar", "rule ok { condition: false }\nrule broken { condition: $nowhere }\n"}});

    EXPECT_EQ(run.verdict(), Verdict::kRejected);
    const Finding* finding = finding_of(run, "FB501");
    ASSERT_NE(finding, nullptr) << told(run);
    EXPECT_EQ(finding->place.file, "b.yar");
    EXPECT_EQ(finding->place.line, 2U);
    EXPECT_NE(finding->reproducer, "");
}

constexpr std::string_view kCrashingRule =
    "rule crashes {\n"
    "    condition:\n"
    "        filesize > (-9223372036854775807 - 1) \\ -1\n"
    "}\n";

TEST(LoadStage, SurvivesACrashAndFindsTheRuleAmongItsNeighbours) {
    Bench bench;
    std::string many;
    for (int index = 0; index < 40; ++index) {
        many += "rule fine_" + std::to_string(index) + " { condition: false }\n";
    }

    const JudgedRun run =
        bench.judged_files({{"a.yar", std::string(kGoodRule)},
                            {"bad.yar", many + std::string(kCrashingRule) + "// the end\n"},
                            {"z.yar", many.substr(0, many.find('\n') + 1).replace(5, 4, "last")}});

    EXPECT_EQ(run.verdict(), Verdict::kRejected);
    const Finding* finding = finding_of(run, "FB502");
    ASSERT_NE(finding, nullptr) << told(run);
    EXPECT_EQ(finding->place.file, "bad.yar");
    EXPECT_EQ(finding->place.line, 41U);
    EXPECT_NE(finding->message.find("SIGFPE"), std::string::npos);
    const Result<Bytes> file = PosixFileStore().read(finding->reproducer, 1U << 20U);
    ASSERT_TRUE(file);
    const Result<Reproducer> reproducer = parse_reproducer(*file);
    ASSERT_TRUE(reproducer);
    EXPECT_EQ(reproducer->expected, Outcome::kCrashed);
    ASSERT_EQ(reproducer->files.size(), 1U);
    EXPECT_LT(reproducer->files[0].bytes.size(), 100U);
}

TEST(LoadStage, NoticesARuleThatSilencesItsFile) {
    Bench bench;

    const JudgedRun run =
        bench.judged_files({{"a.yar", std::string(kGoodRule)},
                            {"silencer.yar",
                             "rule innocent { condition: false }\n"
                             "global rule nothing_is_negative { condition: filesize < 0 }\n"
                             "rule last { condition: false }\n"}});

    EXPECT_EQ(run.verdict(), Verdict::kRejected);
    const Finding* finding = finding_of(run, "FB511");
    ASSERT_NE(finding, nullptr) << told(run);
    EXPECT_EQ(finding->place.file, "silencer.yar");
    EXPECT_EQ(finding->place.line, 2U);
    EXPECT_EQ(std::ranges::count(run.findings, "FB511", &Finding::id), 1);
}

TEST(LoadStage, LetsAGlobalRuleNarrowItsFileToAKindOfFile) {
    Bench bench;

    const JudgedRun run =
        bench.judged_files({{"windows.yar",
                             "import \"pe\"\n"
                             "global private rule windows { condition: pe.is_pe }\n" +
                                 std::string(kGoodRule)},
                            {"large.yar",
                             "global private rule large { condition: filesize > 500KB }\nrule x { "
                             "condition: false }"}});

    EXPECT_EQ(run.verdict(), Verdict::kAdmitted) << told(run);
}

TEST(LoadStage, RefusesContentWithoutARule) {
    Bench bench;

    const JudgedRun run = bench.judged_files({{"a.yar", "// to be written\n"}});

    EXPECT_EQ(run.verdict(), Verdict::kRejected);
    EXPECT_EQ(stage_of(run, "load").outcome, StageOutcome::kFailed);
}

TEST(LoadStage, IsInconclusiveWhenTheEngineFailsOnTheValidatorsOwnRule) {
    Bench bench;
    for (const char* name : {"segfault-load", "exit-zero-load", "partial-load", "well-behaved"}) {
        RunRequest request = bench.request(pack({{"a.yar", std::string(kGoodRule)}}));
        request.engines = {rogue(name)};

        const JudgedRun run = bench.judged(std::move(request));

        EXPECT_EQ(run.verdict(), Verdict::kInconclusive) << name << "\n" << told(run);
        EXPECT_EQ(stage_of(run, "load").outcome, StageOutcome::kInconclusive);
    }
}

// ---- replay ---------------------------------------------------------------------------------

TEST(ReplayStage, NamesRuleAndFileOfAFalsePositive) {
    Bench bench;
    bench.add_goodware("victim", "a file with a needle in it");

    const JudgedRun run = bench.judged_files(
        {{"a.yar",
          std::string(kGoodRule) + "rule needle { strings: $a = \"needle\" condition: $a }\n"}});

    EXPECT_EQ(run.verdict(), Verdict::kRejected);
    const Finding* finding = finding_of(run, "FB701");
    ASSERT_NE(finding, nullptr) << told(run);
    EXPECT_EQ(finding->place.rule, "needle");
    EXPECT_EQ(finding->place.file, "a.yar");
    EXPECT_EQ(finding->place.line, 2U);
    EXPECT_EQ(finding->input, (bench.goodware() / "victim").string());
    EXPECT_NE(finding->command, "");
}

TEST(ReplayStage, ListsSomeMatchesOfARuleAndCountsTheRest) {
    Bench bench;

    const JudgedRun run = bench.judged_files(
        {{"a.yar", "rule everything { strings: $a = \"harmless\" condition: $a }"}});

    EXPECT_EQ(std::ranges::count(run.findings, "FB701", &Finding::id), 25);
    EXPECT_TRUE(std::ranges::any_of(run.notes, [](const std::string& note) {
        return note.find("60 goodware files") != std::string::npos;
    }));
}

TEST(ReplayStage, SurvivesAnEngineThatDiesOnAFile) {
    Bench bench;
    bench.add_goodware("killer", "FIREBREAK-DEMO");
    RunRequest request =
        bench.request(pack({{"a.yar",
                             "rule vanish { meta: demo_fault = \"vanish\"\n"
                             "  strings: $a = \"FIREBREAK-DEMO\" condition: $a at 0 }\n"}}));
    request.engines = {yara_demo()};

    const JudgedRun run = bench.judged(std::move(request));

    EXPECT_EQ(run.verdict(), Verdict::kRejected);
    const Finding* finding = finding_of(run, "FB705");
    ASSERT_NE(finding, nullptr) << told(run);
    EXPECT_EQ(finding->input, (bench.goodware() / "killer").string());
    EXPECT_EQ(stage_of(run, "replay").executions, 61U);
}

TEST(ReplayStage, DoesNotFollowLinksAndTakesNoPipes) {
    Bench bench;
    const std::filesystem::path outside = bench.folder() / "outside";
    std::ofstream(outside) << "needle";
    std::filesystem::create_symlink(outside, bench.goodware() / "link");
    ASSERT_EQ(::mkfifo((bench.goodware() / "pipe").c_str(), 0600), 0);

    const JudgedRun run =
        bench.judged_files({{"a.yar", "rule needle { strings: $a = \"needle\" condition: $a }"}});

    EXPECT_EQ(run.verdict(), Verdict::kAdmitted) << told(run);
    EXPECT_EQ(run.corpora[0].files, 60U);
}

TEST(ReplayStage, NamesTheCorpusByWhatSha256sumPrints) {
    Bench bench;
    std::map<std::string, std::string> lines;
    for (const auto& entry : std::filesystem::directory_iterator(bench.goodware())) {
        const Result<Bytes> bytes = PosixFileStore().read(entry.path(), 1000);
        lines[entry.path().string()] = sha256(*bytes).hex() + "  " + entry.path().string() + "\n";
    }
    std::string text;
    for (const auto& [path, line] : lines) text += line;

    const JudgedRun run = bench.judged_files({{"a.yar", std::string(kGoodRule)}});

    ASSERT_FALSE(run.corpora.empty());
    EXPECT_EQ(run.corpora[0].sha256, sha256(bytes_of(text)));
}

TEST(ReplayStage, IsInconclusiveWithoutEnoughGoodware) {
    Bench bench;
    RunRequest none = bench.request(pack({{"a.yar", std::string(kGoodRule)}}));
    RunRequest few = none;
    none.goodware.clear();
    few.goodware = {bench.folder() / "few"};
    std::filesystem::create_directories(few.goodware[0]);
    std::ofstream(few.goodware[0] / "one") << "file";

    EXPECT_EQ(bench.judged(std::move(none)).verdict(), Verdict::kInconclusive);
    EXPECT_EQ(bench.judged(std::move(few)).verdict(), Verdict::kInconclusive);
}

TEST(ReplayStage, DrawsTheSameSampleForTheSameSeed) {
    Bench bench;
    const CorpusCaps caps{.files_max = 10, .bytes_max = 1U << 20U, .file_bytes_max = 1U << 20U};
    const auto names = [&](std::uint64_t seed) {
        const Result<Goodware> tree = list_goodware(bench.goodware(), caps, seed);
        std::vector<std::string> drawn;
        for (const GoodwareFile& file : tree->files) drawn.push_back(file.name);
        return drawn;
    };

    EXPECT_EQ(names(1).size(), 10U);
    EXPECT_EQ(names(1), names(1));
    EXPECT_NE(names(1), names(2));
    EXPECT_EQ(list_goodware(bench.goodware(), caps, 1)->left_out_sample, 50U);
}

// ---- budget ---------------------------------------------------------------------------------

TEST(BudgetStage, MeasuresBesideTheLastRelease) {
    Bench bench;
    RunRequest request = bench.request(pack({{"a.yar", std::string(kGoodRule)}}));
    request.previous = pack({{"a.yar", std::string(kGoodRule)}}, {.counter = 6});

    const JudgedRun run = bench.judged(std::move(request));

    EXPECT_EQ(run.verdict(), Verdict::kAdmitted) << told(run);
    EXPECT_EQ(stage_of(run, "budget").executions, 49U);
}

TEST(BudgetStage, IsInconclusiveWhenTheLastReleaseDoesNotLoad) {
    Bench bench;
    RunRequest request = bench.request(pack({{"a.yar", std::string(kGoodRule)}}));
    request.previous = pack({{"a.yar", "rule {"}}, {.counter = 6});

    EXPECT_EQ(bench.judged(std::move(request)).verdict(), Verdict::kInconclusive);
}

}  // namespace
}  // namespace firebreak::validator::test
