// A trial with real processes: each engine that misbehaves is refused, whatever it does, and the
// agent that asked lives on. The engines are tests/support/rogues.

#include "client/trial.hpp"

#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <filesystem>
#include <gtest/gtest.h>

#include "core/content/bundle.hpp"

namespace firebreak::client {
namespace {

using Outcome = TrialVerdict::Outcome;
namespace fs = std::filesystem;

class TrialTest : public ::testing::Test {
protected:
    TrialTest() {
        std::string name = (fs::temp_directory_path() / "firebreak-trial-XXXXXX").string();
        folder_ = ::mkdtemp(name.data());
    }
    ~TrialTest() override {
        std::error_code ignored;
        fs::remove_all(folder_, ignored);
    }

    /// Packs `rules` and writes the bundle. Returns its digest.
    Sha256 write_bundle(const std::string& rules, const std::string& type = "yara-source") {
        content::Manifest manifest;
        manifest.stream = "yara";
        manifest.counter = 1;
        manifest.content_type = type;
        manifest.author = "test";
        const Result<Bytes> bytes =
            content::pack_bundle(manifest, {{.name = "rules.yar", .bytes = to_bytes(rules)}});
        PosixFileStore store;
        EXPECT_TRUE(bytes.has_value());
        EXPECT_TRUE(store.write(bundle(), *bytes, FileMode::kPrivate));
        return sha256(*bytes);
    }

    fs::path bundle() const { return folder_ / "bundle.fbb"; }

    static Sha256 digest_of(const fs::path& file) {
        const PosixFileStore store;
        const Result<Bytes> bytes = store.read(file, 512U << 20U);
        EXPECT_TRUE(bytes.has_value()) << file;
        return sha256(*bytes);
    }

    TrialVerdict try_in(const fs::path& engine, const Sha256& bundle_sha256,
                        std::chrono::seconds seconds_max = std::chrono::seconds{20}) {
        ProcessTrialRunner runner(FIREBREAK_AGENT, engine, digest_of(engine),
                                  {.seconds_max = seconds_max, .memory_bytes_max = 512U << 20U});
        return run(runner, bundle_sha256);
    }

    TrialVerdict run(ProcessTrialRunner& runner, const Sha256& bundle_sha256) {
        boost::asio::io_context context;
        TrialVerdict verdict;
        const auto once = [&]() -> boost::asio::awaitable<void> {
            verdict = co_await runner.run(bundle(), bundle_sha256);
        };
        boost::asio::co_spawn(context, once, boost::asio::detached);
        context.run();
        return verdict;
    }

    static fs::path rogue(const std::string& name) {
        return fs::path(FIREBREAK_ROGUES) / (name + ".so");
    }

    fs::path folder_;
};

TEST_F(TrialTest, PassesGoodContentInTheRealEngine) {
    const Sha256 digest = write_bundle("rule good { strings: $a = \"never\" condition: $a }");

    const TrialVerdict verdict = try_in(FIREBREAK_YARA, digest);

    EXPECT_EQ(verdict.outcome, Outcome::kPassed) << verdict.reason;
}

TEST_F(TrialTest, PassesInAnEngineThatBehaves) {
    const TrialVerdict verdict = try_in(rogue("well-behaved"), write_bundle("anything"));

    EXPECT_EQ(verdict.outcome, Outcome::kPassed) << verdict.reason;
}

TEST_F(TrialTest, RefusesContentThatTheEngineRefuses) {
    const TrialVerdict verdict = try_in(FIREBREAK_YARA, write_bundle("rule broken {"));

    EXPECT_EQ(verdict.outcome, Outcome::kFailed);
    EXPECT_NE(verdict.reason.find("rules.yar"), std::string::npos) << verdict.reason;
}

TEST_F(TrialTest, RefusesContentOfATypeThatTheEngineDoesNotLoad) {
    const TrialVerdict verdict =
        try_in(FIREBREAK_YARA, write_bundle("rule r { condition: true }", "sigma-compiled"));

    EXPECT_EQ(verdict.outcome, Outcome::kFailed);
}

TEST_F(TrialTest, RefusesSignedBytesThatAreNoBundle) {
    PosixFileStore store;
    const Bytes garbage(1000, 0x41);
    ASSERT_TRUE(store.write(bundle(), garbage, FileMode::kPrivate));

    const TrialVerdict verdict = try_in(FIREBREAK_YARA, sha256(garbage));

    EXPECT_EQ(verdict.outcome, Outcome::kFailed);
}

TEST_F(TrialTest, DoesNotRunABundleOtherThanTheOneMeant) {
    write_bundle("rule good { condition: false }");

    const TrialVerdict verdict = try_in(FIREBREAK_YARA, sha256(bytes_of("another")));

    EXPECT_EQ(verdict.outcome, Outcome::kNotRun);
}

TEST_F(TrialTest, DoesNotRunAnEngineOtherThanTheOneMeant) {
    const Sha256 digest = write_bundle("rule good { condition: false }");
    ProcessTrialRunner runner(FIREBREAK_AGENT, FIREBREAK_YARA, sha256(bytes_of("another")), {});

    EXPECT_EQ(run(runner, digest).outcome, Outcome::kNotRun);
}

TEST_F(TrialTest, IsNotRunWhenItsProgramCannotBeStarted) {
    const Sha256 digest = write_bundle("rule good { condition: false }");
    ProcessTrialRunner runner(folder_ / "no-such-program", FIREBREAK_YARA,
                              digest_of(FIREBREAK_YARA), {});

    EXPECT_EQ(run(runner, digest).outcome, Outcome::kNotRun);
}

TEST_F(TrialTest, IsNotPassedByAProgramThatOnlyExitsWithZero) {
    const Sha256 digest = write_bundle("rule good { condition: false }");
    ProcessTrialRunner runner("/bin/true", FIREBREAK_YARA, digest_of(FIREBREAK_YARA), {});

    EXPECT_EQ(run(runner, digest).outcome, Outcome::kFailed);
}

/// Engines that do what none may, when content is loaded or when an input is evaluated.
class TrialOfARogue : public TrialTest, public ::testing::WithParamInterface<std::string> {};

TEST_P(TrialOfARogue, Fails) {
    const Sha256 digest = write_bundle("anything");

    const TrialVerdict verdict = try_in(rogue(GetParam()), digest, std::chrono::seconds{1});

    EXPECT_EQ(verdict.outcome, Outcome::kFailed) << verdict.reason;
    EXPECT_FALSE(verdict.reason.empty());
}

INSTANTIATE_TEST_SUITE_P(AtLoad, TrialOfARogue,
                         ::testing::Values("abort-load", "segfault-load", "overflow-stack-load",
                                           "spin-load", "hog-memory-load", "fork-bomb-load",
                                           "exec-program-load", "exit-zero-load",
                                           "kill-parent-load", "open-socket-load", "read-file-load",
                                           "start-thread-load", "throw-exception-load",
                                           "trace-parent-load", "write-file-load", "partial-load",
                                           "unknown-load-status"));
INSTANTIATE_TEST_SUITE_P(AtEvaluate, TrialOfARogue,
                         ::testing::Values("abort-evaluate", "segfault-evaluate", "sleep-evaluate",
                                           "spin-evaluate", "hog-memory-evaluate",
                                           "exit-zero-evaluate", "open-socket-evaluate",
                                           "write-file-evaluate", "unknown-status"));

}  // namespace
}  // namespace firebreak::client
