// The parts of replay besides goodware trees: what is Firebreak's own, samples, the cache.

#include <gtest/gtest.h>

#include "tests/integration/validator/judged_bundle.hpp"
#include "validator/report/report.hpp"
#include "validator/stages/goodware.hpp"
#include "validator/stages/self_protection.hpp"

namespace firebreak::validator::test {
namespace {

using content::Verdict;

bool noted(const JudgedRun& run, std::string_view part) {
    return std::ranges::any_of(
        run.notes, [&](const std::string& note) { return note.find(part) != std::string::npos; });
}

std::string rule_for(const std::string& text) {
    return "rule finds { strings: $a = \"" + text + "\" condition: $a }\n";
}

// ---- Goodware -------------------------------------------------------------------------------

/// More crashes than a build is driven on after: where it ends must not depend on which worker was
/// faster.
TEST(Replay, FindsTheSameWithAnyNumberOfWorkers) {
    Bench bench;
    for (int index = 10; index < 40; ++index) {
        bench.add_goodware("victim-" + std::to_string(index), "ON STAGE");
    }
    RunRequest request =
        bench.request(pack({{"a.yar", std::string(kGoodRule) + "// act scan segfault\n"}}));
    request.engines = {rogue("yara-actor")};
    request.skipped = {"directed", "amplify", "fuzz", "robust", "budget"};
    const auto found = [&](unsigned jobs) {
        request.jobs = jobs;
        const JudgedRun run = bench.judged(request);
        std::vector<std::string> messages{std::to_string(stage_of(run, "replay").executions)};
        for (const Finding& finding : run.findings) messages.push_back(finding.message);
        return messages;
    };

    const std::vector<std::string> alone = found(1);

    EXPECT_EQ(std::ranges::count_if(
                  alone, [](const auto& text) { return text.find("victim-") != text.npos; }),
              11)
        << "ten deaths, and the one that was too many";
    for (int run = 0; run < 3; ++run) EXPECT_EQ(found(4), alone);
}

// ---- Firebreak's own ------------------------------------------------------------------------

TEST(SelfProtection, RejectsARuleThatMatchesAProgramOfOurOwn) {
    Bench bench;

    const JudgedRun run = bench.judged_files({{"a.yar", rule_for("of Firebreak's own")}});

    EXPECT_EQ(run.verdict(), Verdict::kRejected);
    const Finding* finding = finding_of(run, "FB707");
    ASSERT_NE(finding, nullptr) << told(run);
    EXPECT_EQ(finding->place.rule, "finds");
    EXPECT_NE(finding->input.find("firebreak-agent"), std::string::npos);
    EXPECT_NE(finding->command, "");
}

TEST(SelfProtection, RejectsARuleForTheUpdateHost) {
    Bench bench;
    RunRequest request = bench.request(pack({{"a.yar", rule_for("updates.vendor.test")}}));
    request.update_host = "updates.vendor.test";

    const JudgedRun run = bench.judged(request);
    request.update_host = "elsewhere.test";
    const JudgedRun other = bench.judged(std::move(request));

    EXPECT_EQ(run.verdict(), Verdict::kRejected);
    const Finding* finding = finding_of(run, "FB707");
    ASSERT_NE(finding, nullptr) << told(run);
    EXPECT_NE(finding->message.find("the own updater"), std::string::npos);
    EXPECT_EQ(finding_of(other, "FB707"), nullptr) << told(other);
}

TEST(SelfProtection, CannotBeLeftOutUnseen) {
    Bench bench;
    RunRequest request = bench.request(pack({{"a.yar", std::string(kGoodRule)}}));
    RunRequest skipped = request;
    request.own_paths = {bench.folder() / "not-there"};
    skipped.skipped = {"replay"};

    EXPECT_EQ(bench.judged(std::move(request)).verdict(), Verdict::kInconclusive);
    EXPECT_EQ(bench.judged(std::move(skipped)).verdict(), Verdict::kInconclusive);
}

TEST(SelfProtection, HasAnEventForEachWayOfTheUpdater) {
    const std::vector<OwnInput> events = own_events("updates.vendor.test");
    const auto has = [&](std::string_view contract, std::string_view text) {
        return std::ranges::any_of(events, [&](const OwnInput& event) {
            return event.name.find(contract) != std::string::npos &&
                   text_of(event.bytes).find(text) != std::string_view::npos;
        });
    };
    EXPECT_TRUE(has("dns_query_windows", "updates.vendor.test"));
    EXPECT_TRUE(has("network_connection_linux", "updates.vendor.test"));
    EXPECT_TRUE(has("process_creation_windows", "firebreak-agent.exe"));
    EXPECT_TRUE(has("process_creation_linux", "/usr/bin/firebreak-agent"));
    EXPECT_TRUE(has("file_event_linux", "bundle.fbb"));
    // And none that no machine would report.
    EXPECT_FALSE(has("process_creation_windows", "/usr/bin/firebreak-agent"));
    EXPECT_FALSE(has("process_creation_linux", "firebreak-agent.exe"));
}

TEST(SelfProtection, FindsTheProgramsAndEnginesBesideAProgram) {
    const firebreak::test::TemporaryFolder root;
    for (const char* name : {"bin/firebreak-validate", "bin/firebreak", "bin/other",
                             "lib/engines/yara.so", "share/firebreak/a.fbb"}) {
        const std::filesystem::path path = root.path() / name;
        std::filesystem::create_directories(path.parent_path());
        std::ofstream(path) << name;
    }
    std::filesystem::create_symlink("firebreak", root.path() / "bin/firebreak-link");

    const std::vector<GoodwareFile> files =
        own_files(own_paths(root.path() / "bin/firebreak-validate"));

    std::vector<std::string> names;
    for (const GoodwareFile& file : files) names.push_back(file.path.filename().string());
    EXPECT_EQ(names,
              (std::vector<std::string>{"firebreak", "firebreak-validate", "yara.so", "a.fbb"}));
}

// ---- samples --------------------------------------------------------------------------------

TEST(Samples, WarnOfARuleThatNothingMatches) {
    Bench bench;

    const JudgedRun run = bench.judged_files(
        {{"a.yar", std::string(kGoodRule) +
                       "rule never { strings: $a = \"abcdef\" condition: $a and filesize < 3 }\n"
                       "private rule helper { condition: filesize < 0 }\n"}});

    EXPECT_EQ(run.verdict(), Verdict::kAdmitted) << told(run);
    const Finding* finding = finding_of(run, "FB708");
    ASSERT_NE(finding, nullptr) << told(run);
    EXPECT_EQ(finding->place.rule, "never");
    EXPECT_EQ(std::ranges::count(run.findings, "FB708", &Finding::id), 1);
    EXPECT_TRUE(noted(run, "1 of 2 rules match"));
}

/// The dates of a certificate once made libyara open a file in the middle of a scan.
TEST(Samples, OfSignedProgramsAreScannedInTheSandbox) {
    Bench bench;

    const JudgedRun run = bench.judged_files(
        {{"a.yar",
          "import \"pe\"\nrule stolen { condition: uint16(0) == 0x5A4D and for any i in "
          "(0..pe.number_of_signatures) : (pe.signatures[i].subject contains \"A Thief\" and "
          "pe.signatures[i].serial == \"05:e2\" and 1308182400 <= pe.signatures[i].not_after) "
          "}\n"}});

    EXPECT_EQ(run.verdict(), Verdict::kAdmitted) << told(run);
    EXPECT_TRUE(noted(run, "1 of 1 rules match"));
}

TEST(Samples, AreTakenFromTheAuthorToo) {
    Bench bench;
    const std::filesystem::path samples = bench.folder() / "samples";
    std::filesystem::create_directories(samples);
    std::ofstream(samples / "one") << "abcdefgh";
    // No sample made from its strings and numbers has this digest.
    RunRequest request =
        bench.request(pack({{"a.yar",
                             "import \"hash\"\nrule by_hash { condition: hash.md5(0, filesize) == "
                             "\"e8dc4081b13434b45189a720b77b6818\" }\n"}}));
    const JudgedRun without = bench.judged(request);
    request.samples = {samples};

    const JudgedRun with = bench.judged(std::move(request));

    EXPECT_NE(finding_of(without, "FB708"), nullptr) << told(without);
    EXPECT_EQ(finding_of(with, "FB708"), nullptr) << told(with);
    const auto corpus = [](const JudgedRun& run) {
        return std::ranges::find_if(
            run.corpora, [](const auto& each) { return each.name.starts_with("samples:"); });
    };
    EXPECT_EQ(corpus(without), without.corpora.end());
    ASSERT_NE(corpus(with), with.corpora.end());
    EXPECT_EQ(corpus(with)->name, "samples:" + samples.string());
    EXPECT_EQ(corpus(with)->files, 1U);
    const std::string line = sha256(bytes_of("abcdefgh")).hex() + "  " + (samples / "one").string();
    EXPECT_EQ(corpus(with)->sha256, sha256(bytes_of(line + "\n"))) << "what sha256sum prints";
}

// ---- cache ----------------------------------------------------------------------------------

class ReplayWithCache : public ::testing::Test {
protected:
    JudgedRun judged(const std::string& rules) {
        RunRequest request = bench_.request(pack({{"a.yar", rules}}));
        request.cache = bench_.folder() / "cache";
        request.reproducers.clear();
        return bench_.judged(std::move(request));
    }

    /// As long ago as a file must have been written to be known by its times.
    void age_goodware() {
        const auto then = std::filesystem::file_time_type::clock::now() - std::chrono::hours(1);
        for (const auto& entry : std::filesystem::directory_iterator(bench_.goodware())) {
            std::filesystem::last_write_time(entry.path(), then);
        }
    }

    Bench bench_;
};

TEST_F(ReplayWithCache, FindsTheSameTheSecondTimeWithoutDriving) {
    bench_.add_goodware("hit", "a needle");
    const JudgedRun first = judged(rule_for("needle"));

    const JudgedRun second = judged(rule_for("needle"));

    EXPECT_FALSE(noted(first, "from the cache"));
    EXPECT_TRUE(noted(second, "61 of 61 answers"));
    EXPECT_TRUE(noted(second, "inputs of Firebreak's own (2 answers from the cache)"))
        << told(second);
    EXPECT_TRUE(noted(second, "1 of 1 rules match one of 1 samples (1 answers from the cache)"));
    EXPECT_NE(finding_of(second, "FB701"), nullptr);
    EXPECT_EQ(json_report(first).at("findings"), json_report(second).at("findings"));
    EXPECT_EQ(json_report(first).at("corpora"), json_report(second).at("corpora"));
    EXPECT_EQ(stage_of(first, "replay").cached, 0U);
    EXPECT_EQ(stage_of(second, "replay").executions, 61U);
    EXPECT_EQ(stage_of(second, "replay").cached, 61U);
}

TEST_F(ReplayWithCache, DrivesWhatIsNew) {
    judged(rule_for("needle"));
    bench_.add_goodware("file-3", "now with a needle");
    bench_.add_goodware("added", "another needle");
    age_goodware();

    const JudgedRun second = judged(rule_for("needle"));

    EXPECT_EQ(std::ranges::count(second.findings, "FB701", &Finding::id), 2) << told(second);
    EXPECT_TRUE(noted(second, "59 of 61 answers"));
}

TEST_F(ReplayWithCache, FindsAMatchOnWhatIsItsOwnAgain) {
    const JudgedRun first = judged(rule_for("of Firebreak's own"));

    const JudgedRun second = judged(rule_for("of Firebreak's own"));

    EXPECT_EQ(second.verdict(), Verdict::kRejected);
    EXPECT_NE(finding_of(second, "FB707"), nullptr) << told(second);
    EXPECT_EQ(json_report(first).at("findings"), json_report(second).at("findings"));
}

TEST_F(ReplayWithCache, StillWarnsOfARuleThatNothingMatches) {
    const std::string rules = "rule never { strings: $a = \"abc\" condition: $a and filesize < 2 }";
    const JudgedRun first = judged(rules);

    const JudgedRun second = judged(rules);

    EXPECT_NE(finding_of(second, "FB708"), nullptr) << told(second);
    EXPECT_EQ(json_report(first).at("findings"), json_report(second).at("findings"));
}

TEST_F(ReplayWithCache, DrivesEverythingWithOtherRules) {
    judged(rule_for("needle"));

    const JudgedRun second = judged(rule_for("harmless"));

    EXPECT_NE(finding_of(second, "FB701"), nullptr);
    EXPECT_FALSE(noted(second, "from the cache"));
}

TEST_F(ReplayWithCache, NeverRemembersAFault) {
    bench_.add_goodware("killer", "FIREBREAK-DEMO");
    RunRequest request =
        bench_.request(pack({{"a.yar",
                              "rule vanish { meta: demo_fault = \"vanish\"\n"
                              "  strings: $a = \"FIREBREAK-DEMO\" condition: $a at 0 }\n"}}));
    request.engines = {yara_demo()};
    request.cache = bench_.folder() / "cache";
    bench_.judged(request);

    const JudgedRun second = bench_.judged(std::move(request));

    EXPECT_NE(finding_of(second, "FB705"), nullptr) << told(second);
    EXPECT_TRUE(noted(second, "60 of 61 answers"));
}

TEST_F(ReplayWithCache, GoesWithoutACacheThatOthersCanWriteTo) {
    const std::filesystem::path folder = bench_.folder() / "cache";
    std::filesystem::create_directories(folder);
    std::filesystem::permissions(folder, std::filesystem::perms::all);
    judged(rule_for("needle"));

    const JudgedRun second = judged(rule_for("needle"));

    EXPECT_EQ(second.verdict(), Verdict::kAdmitted) << told(second);
    EXPECT_TRUE(noted(second, "without its cache"));
    EXPECT_FALSE(noted(second, "from the cache"));
}

}  // namespace
}  // namespace firebreak::validator::test
