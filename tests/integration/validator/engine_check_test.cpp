// The ABI suite: every engine we have is run through the checks of `engine check`, and every rogue
// is caught by the check that names its sin.

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>

#include "tests/integration/validator/sandbox_fixture.hpp"
#include "tests/support/temporary_folder.hpp"
#include "validator/abi/examination.hpp"
#include "validator/abi/samples.hpp"
#include "validator/commands/commands.hpp"

namespace firebreak::validator::test {
namespace {

/// What an engine of each content type is checked with.
struct Given {
    std::vector<std::pair<std::string, std::string>> files;
    std::string input;

    ExaminationMaterial view() const {
        ExaminationMaterial out{.files = {}, .input_name = "sample", .input = bytes_of(input)};
        for (const auto& [name, text] : files) out.files.push_back({name, bytes_of(text)});
        return out;
    }
};

Given yara_source() {
    const AbiSample sample = *built_in_sample("yara-source");
    return {sample.files, sample.input};
}

Given substring_list() {
    return {{{"a.txt", "one: hello\ntwo: world\n"}, {"b.txt", "three: goodbye\n"}},
            "hello world, goodbye"};
}

class Bench {
public:
    Examination examine(const EngineFile& engine, const Given& given) const {
        return validator::examine(laboratory_, engine, given.view());
    }
    CheckResult run(const EngineFile& engine, std::string_view check) const {
        const Given given = yara_source();
        return run_check(laboratory_, engine, given.view(), *find_abi_check(check));
    }

private:
    WorkerProgram program_ = *WorkerProgram::self();
    SandboxPolicy policy_ = strict_policy();
    SystemClock clock_;
    Laboratory laboratory_{program_, policy_, clock_};
};

EngineFile program_at(const std::string& path) {
    EngineFile file = engine_at(path);
    file.path = "exec:" + path;
    return file;
}

void expect_kept(const EngineFile& engine, const Given& given) {
    const Examination examination = Bench().examine(engine, given);

    EXPECT_EQ(examination.could_not_look, "");
    EXPECT_EQ(examination.checks.size(), abi_checks().size() + 1);
    for (const CheckReport& check : examination.checks) {
        EXPECT_NE(to_string(check.result.kind), "broken") << check.id << check.result.message;
        EXPECT_NE(to_string(check.result.kind), "not-possible") << check.id << check.result.message;
    }
}

TEST(AbiSuite, IsKeptByYara) {
    expect_kept(yara(), yara_source());
}

TEST(AbiSuite, IsKeptByTheDemosYaraOnHarmlessContent) {
    expect_kept(engine_at(std::string(FIREBREAK_ENGINE_DIR) + "/yara-demo.so"), yara_source());
}

TEST(AbiSuite, IsKeptByTheExampleInC) {
    expect_kept(engine_at(FIREBREAK_EXAMPLE_ENGINE), substring_list());
}

TEST(AbiSuite, IsKeptByTheExampleInPython) {
    expect_kept(program_at(FIREBREAK_EXAMPLE_PROGRAM), substring_list());
}

TEST(AbiSuite, IsKeptByTheEngineThatRoguesAreMadeOf) {
    expect_kept(rogue("well-behaved"), yara_source());
}

TEST(AbiSuite, SaysWhatItCouldNotLookAt) {
    const Examination nothing = Bench().examine(yara(), {});

    EXPECT_FALSE(nothing.broken());
    EXPECT_FALSE(nothing.complete());
}

struct Sin {
    const char* rogue;
    const char* check;
};

void PrintTo(const Sin& sin, std::ostream* out) {
    *out << sin.rogue;
}

class RogueSin : public ::testing::TestWithParam<Sin> {};

TEST_P(RogueSin, IsCaughtByTheCheckThatNamesIt) {
    const CheckResult result = Bench().run(rogue(GetParam().rogue), GetParam().check);

    EXPECT_EQ(to_string(result.kind), "broken") << result.message;
    EXPECT_FALSE(result.message.empty());
}

INSTANTIATE_TEST_SUITE_P(
    Abi, RogueSin,
    ::testing::Values(
        Sin{"any-version", "version"}, Sin{"changing-manifest", "info"},
        Sin{"wrong-arity", "inputs"}, Sin{"partial-load", "load"}, Sin{"missing-file", "load"},
        Sin{"null-content", "load"}, Sin{"ok-with-error", "load"}, Sin{"too-many-rules", "load"},
        Sin{"unknown-load-status", "load"}, Sin{"bad-description", "describe"},
        Sin{"unknown-status", "evaluate"}, Sin{"null-match", "evaluate"},
        Sin{"endless-matches", "evaluate"}, Sin{"unprintable-match", "evaluate"},
        Sin{"takes-anything", "whole"}, Sin{"keeps-refused-content", "whole"},
        Sin{"ignores-rules-max", "rules-max"}, Sin{"ignores-memory-max", "memory-max"},
        Sin{"ignores-stop", "matches-max"}, Sin{"ignores-timeout", "timeout"},
        Sin{"takes-any-kind", "kinds"}, Sin{"reads-past-struct", "struct-size"},
        Sin{"ignores-struct-size", "struct-size"}, Sin{"reads-past-input", "exact-bytes"},
        Sin{"reads-past-fields", "event-arrays"}, Sin{"alternating-results", "reproducible"},
        Sin{"address-in-results", "reproducible"}, Sin{"shared-state", "independent"},
        Sin{"breaks-on-reset", "reset"}, Sin{"leaks-content", "unload"},
        Sin{"changes-environment", "process"}, Sin{"changes-locale", "process"},
        Sin{"leaves-descriptor", "process"}, Sin{"install-handler-load", "process"},
        Sin{"install-handler-evaluate", "process"}, Sin{"flood-stderr-load", "process"},
        Sin{"loses-refused-memory", "allocator"}, Sin{"lies-about-coverage", "coverage"}),
    [](const auto& row) {
        std::string name = row.param.rogue;
        std::erase(name, '-');
        return name;
    });

/// Acts are forbidden everywhere; the plain checks of loading and answering meet them first.
class RogueActSeen : public ::testing::TestWithParam<const char*> {};

TEST_P(RogueActSeen, IsAFindingAndNotTheCheckersEnd) {
    const std::string act = GetParam();

    const CheckResult at_load = Bench().run(rogue(act + "-load"), "load");
    const CheckResult on_input = Bench().run(rogue(act + "-evaluate"), "evaluate");

    EXPECT_EQ(to_string(at_load.kind), "broken");
    EXPECT_EQ(to_string(on_input.kind), "broken");
}

INSTANTIATE_TEST_SUITE_P(Acts, RogueActSeen,
                         ::testing::Values("abort", "exec-program", "exit-zero", "fork-bomb",
                                           "open-socket", "read-file", "segfault", "spin",
                                           "start-thread", "write-file"),
                         [](const auto& row) {
                             std::string name = row.param;
                             std::erase(name, '-');
                             return name;
                         });

TEST(RogueOpening, BreaksTheFirstRule) {
    for (const char* name : {"no-symbol", "wrong-abi", "short-table", "null-functions",
                             "bad-manifest", "crash-in-constructor"}) {
        const Examination examination = Bench().examine(rogue(name), yara_source());
        ASSERT_EQ(examination.checks.size(), 1U) << name;
        EXPECT_EQ(examination.checks[0].id, "open");
        EXPECT_TRUE(examination.broken()) << name;
    }
}

// ---- Engines behind a pipe, driven by a sealed worker --------------------------------------

class PipeRogue : public ::testing::Test {
protected:
    EngineFile rogue_of(const std::string& sin) {
        const std::string path = (folder_.path() / (sin + ".py")).string();
        const Result<Bytes> source = PosixFileStore().read(FIREBREAK_PIPE_ROGUE, 1U << 20U);
        std::ofstream(path) << "#!/usr/bin/python3 -IS\nSIN = \"" << sin << "\"\n"
                            << text_of(*source);
        return program_at(path);
    }

    Verdict evaluate(const std::string& sin) {
        EXPECT_TRUE(passes(sandbox_.emplace().open(rogue_of(sin)).verdict)) << sin;
        EXPECT_TRUE(passes(sandbox_->executor().load({}).verdict)) << sin;
        return sandbox_->executor().evaluate("x", bytes_of("MATCH ME")).verdict;
    }

    firebreak::test::TemporaryFolder folder_;
    std::optional<Sandbox> sandbox_;
};

TEST_F(PipeRogue, IsDrivenFromTheSandbox) {
    const Verdict verdict = evaluate("none");

    EXPECT_TRUE(passes(verdict)) << describe(verdict);
    EXPECT_TRUE(sandbox_->executor().confinement().above_floor());
}

TEST_F(PipeRogue, EndsAsWhatItDid) {
    EXPECT_EQ(to_string(evaluate("crash").outcome), to_string(Outcome::kCrashed));
    EXPECT_EQ(to_string(evaluate("exit").outcome), to_string(Outcome::kExited));
    EXPECT_EQ(to_string(evaluate("socket").outcome), to_string(Outcome::kForbiddenCall));
    EXPECT_EQ(to_string(evaluate("unknown-frame").outcome), to_string(Outcome::kBrokenAnswer));
    EXPECT_FALSE(sandbox_->executor().alive());
}

TEST_F(PipeRogue, HasItsProcessorTimeCounted) {
    // It spins in its own process, while the worker only waits.
    EXPECT_EQ(to_string(evaluate("hang").outcome), to_string(Outcome::kTimedOut));
}

TEST_F(PipeRogue, IsCaughtByTheChecks) {
    for (const auto& [sin, check] :
         {std::pair{"load-partial", "load"}, std::pair{"exit", "evaluate"},
          std::pair{"trailing", "evaluate"}}) {
        const CheckResult result = Bench().run(rogue_of(sin), check);
        EXPECT_EQ(to_string(result.kind), "broken") << sin << ": " << result.message;
    }
}

// ---- The command ---------------------------------------------------------------------------

int check(const EngineCheckOptions& options, std::string* out = nullptr) {
    PosixFileStore files;
    const SystemClock clock;
    const Terminal terminal(true);
    ::testing::internal::CaptureStdout();
    ::testing::internal::CaptureStderr();
    const int code = check_engine(World{files, clock, terminal}, options);
    const std::string printed = ::testing::internal::GetCapturedStdout();
    ::testing::internal::GetCapturedStderr();
    if (out != nullptr) *out = printed;
    return code;
}

TEST(EngineCheckCommand, ExitsByWhatItSaw) {
    std::string out;
    EXPECT_EQ(check({.engine = yara().path.string()}, &out), kExitAdmitted);
    const Result<json::value> report = parse_json(out);
    ASSERT_TRUE(report);
    EXPECT_EQ(report->at("verdict"), json::value("kept"));
    EXPECT_EQ(report->at("manifest").at("name"), json::value("yara"));

    EXPECT_EQ(check({.engine = rogue("partial-load").path.string()}), kExitRejected);
    EXPECT_EQ(check({.engine = rogue("no-symbol").path.string()}), kExitRejected);
    EXPECT_EQ(check({.engine = FIREBREAK_EXAMPLE_ENGINE}, &out), kExitInconclusive);
    EXPECT_EQ(parse_json(out)->at("verdict"), json::value("inconclusive"));
    EXPECT_EQ(check({.engine = "/none.so"}), kExitUsage);
    EXPECT_EQ(check({.engine = "exec:/none"}), kExitUsage);
    EXPECT_EQ(check({.engine = yara().path.string(), .content = "/none"}), kExitUsage);
    EXPECT_EQ(check({.engine = yara().path.string(), .input = "/none"}), kExitUsage);
}

}  // namespace
}  // namespace firebreak::validator::test
