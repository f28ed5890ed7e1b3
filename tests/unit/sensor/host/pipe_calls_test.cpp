// Engines behind a pipe, from the side of who has to live with the bad ones: each is a program of
// a few lines that does one thing wrong, and is ended for it, or was never let to.

#include "sensor/host/pipe_calls.hpp"

#include <csignal>
#include <fstream>
#include <gtest/gtest.h>

#include "core/base/errc.hpp"
#include "core/base/file_store.hpp"
#include "sensor/host/engine.hpp"
#include "tests/support/temporary_folder.hpp"

namespace firebreak::sensor {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;

class PipeEngine : public testing::Test {
protected:
    /// Writes a rogue that commits `sin`. @returns its path.
    std::string rogue(const std::string& sin) {
        const Result<Bytes> source = PosixFileStore().read(FIREBREAK_PIPE_ROGUE, 1U << 20U);
        EXPECT_TRUE(source);
        const fs::path path = folder_.path() / (sin + ".py");
        std::ofstream(path) << "#!/usr/bin/python3 -IS\nSIN = \"" << sin << "\"\n"
                            << text_of(*source);
        return path.string();
    }

    Result<std::unique_ptr<Engine>> open(const std::string& sin) {
        return Engine::open("exec:" + rogue(sin), nullptr);
    }

    /// Opens and loads; both must go well.
    void load(const std::string& sin) {
        Result<std::unique_ptr<Engine>> engine = open(sin);
        ASSERT_TRUE(engine) << sin << ": " << engine.error().to_string();
        engine_ = *std::move(engine);
        std::vector<Diagnostic> diagnostics;
        auto content = engine_->load({{"a.yar", bytes_of("one")}}, {}, diagnostics);
        ASSERT_TRUE(content) << sin << ": " << content.error().to_string();
        content_ = *std::move(content);
    }

    Result<std::vector<Match>> evaluate() {
        return content_->evaluate("f", bytes_of("MATCH ME"), milliseconds(5000));
    }

    /// Loads a rogue and evaluates; it must be an outage that ended it.
    ProgramEnd end_after_evaluating(const std::string& sin) {
        load(sin);
        if (HasFatalFailure()) return {};
        const auto matches = evaluate();
        EXPECT_FALSE(matches) << sin << " was believed";
        EXPECT_EQ(matches.error(), Errc::kUnavailable) << matches.error().to_string();
        EXPECT_TRUE(engine_->calls().end()) << sin << " still runs";
        // And it stays so.
        EXPECT_FALSE(evaluate());
        EXPECT_FALSE(content_->describe());
        return engine_->calls().end().value_or(ProgramEnd{});
    }

    firebreak::test::TemporaryFolder folder_;
    std::unique_ptr<Engine> engine_;
    std::unique_ptr<LoadedContent> content_;  // Goes before the engine.
};

TEST_F(PipeEngine, IsDrivenByTheSameCalls) {
    load("none");
    ASSERT_FALSE(HasFatalFailure());

    const auto hit = evaluate();

    ASSERT_TRUE(hit) << hit.error().to_string();
    ASSERT_EQ(hit->size(), 1U);
    EXPECT_EQ(hit->at(0).rule, "rogue_rule");
    EXPECT_TRUE(content_->reset());
    EXPECT_TRUE(content_->describe());
    EXPECT_EQ(engine_->inputs("file").error(), Errc::kNotFound);
    EXPECT_EQ(engine_->set_allocator(nullptr).error(), Errc::kUnsupported);
    EXPECT_EQ(engine_->capabilities().name, "pipe-rogue");
    EXPECT_FALSE(engine_->calls().end());
}

TEST_F(PipeEngine, MeasuresCoverageWhereItsManifestSaysSo) {
    load("measures");
    ASSERT_FALSE(HasFatalFailure());
    ASSERT_FALSE(content_->coverage()) << "before it began";

    ASSERT_TRUE(content_->start_coverage());
    ASSERT_TRUE(evaluate());
    const Result<json::value> measured = content_->coverage();

    ASSERT_TRUE(measured) << measured.error().to_string();
    EXPECT_EQ(measured->at_pointer("/rules/0/name"), json::value("rogue_rule"));
}

/// It would end if it were asked: an older program may take the request for another.
TEST_F(PipeEngine, IsNotAskedForCoverageWhereItsManifestIsSilent) {
    load("none");
    ASSERT_FALSE(HasFatalFailure());

    EXPECT_EQ(content_->start_coverage().error(), Errc::kUnsupported);

    EXPECT_EQ(content_->coverage().error(), Errc::kUnsupported);
    EXPECT_FALSE(engine_->calls().end());
}

TEST_F(PipeEngine, IsEndedForACoverageThatNobodyAskedFor) {
    load("measures-too-early");
    ASSERT_FALSE(HasFatalFailure());

    EXPECT_EQ(content_->start_coverage().error(), Errc::kUnavailable);

    EXPECT_TRUE(engine_->calls().end());
}

TEST_F(PipeEngine, TakesItsIdentityFromTheBytesThatRun) {
    const std::string path = rogue("none");
    const Sha256 digest = sha256(*PosixFileStore().read(path, 1U << 20U));
    const Sha256 other = sha256(bytes_of("another build"));

    const auto engine = Engine::open("exec:" + path, &digest);
    const auto refused = Engine::open("exec:" + path, &other);

    ASSERT_TRUE(engine) << engine.error().to_string();
    EXPECT_EQ((*engine)->build(), digest);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error(), Errc::kConflict);
}

TEST_F(PipeEngine, RunsNothingOfAFileWithAnotherDigest) {
    const fs::path path = folder_.path() / "engine.sh";
    std::ofstream(path) << "#!/bin/sh\nexit 0\n";
    const Sha256 other = sha256(bytes_of("another build"));

    // It would end without an answer; it is not even started.
    EXPECT_EQ(Engine::open("exec:" + path.string(), &other).error(), Errc::kConflict);
    EXPECT_EQ(Engine::open("exec:" + path.string(), nullptr).error(), Errc::kUnavailable);
}

TEST_F(PipeEngine, RunsWhatWasHashedWhenTheFileIsSwappedAfterwards) {
    const std::string path = rogue("none");
    Result<SealedFile> file = SealedFile::read(path);
    ASSERT_TRUE(file);

    // Between hash and start: other bytes in place, and another file at the path.
    std::ofstream(path, std::ios::in | std::ios::out) << "#!/bin/false\n";
    fs::rename(rogue("exit"), path);
    const auto calls = start_pipe_engine(*std::move(file), {});

    ASSERT_TRUE(calls) << calls.error().to_string();
    EXPECT_TRUE((*calls)->speaks(1).value_or(false));
}

TEST_F(PipeEngine, RefusesWhatDoesNotRun) {
    std::ofstream(folder_.path() / "text") << "hello\n";
    std::ofstream(folder_.path() / "nowhere") << "#!/no/such/interpreter\n";
    std::ofstream(folder_.path() / "empty");

    for (const char* name : {"text", "nowhere", "empty"}) {
        const auto engine = Engine::open("exec:" + (folder_.path() / name).string(), nullptr);
        ASSERT_FALSE(engine) << name;
        EXPECT_EQ(engine.error(), Errc::kInvalid) << engine.error().to_string();
    }
    EXPECT_EQ(Engine::open("exec:" + (folder_.path() / "none").string(), nullptr).error(),
              Errc::kNotFound);
    EXPECT_FALSE(Engine::open("exec:", nullptr));
}

TEST_F(PipeEngine, RefusesOneThatDoesNotIntroduceItself) {
    EXPECT_EQ(open("open-exit").error(), Errc::kUnavailable);
    EXPECT_EQ(open("open-refuse").error(), Errc::kUnsupported);
    EXPECT_EQ(open("info-garbage").error(), Errc::kUnavailable);
    EXPECT_EQ(open("info-empty").error(), Errc::kMalformed);
}

TEST_F(PipeEngine, RefusesALoadThatIsNotWhole) {
    for (const auto& [sin, code] :
         {std::pair{"load-partial", Errc::kInvalid}, std::pair{"load-status", Errc::kInvalid},
          std::pair{"load-exit", Errc::kUnavailable}}) {
        const auto engine = open(sin);
        ASSERT_TRUE(engine) << sin;
        std::vector<Diagnostic> diagnostics;
        const auto content = (*engine)->load({{"a.yar", bytes_of("one")}}, {}, diagnostics);
        ASSERT_FALSE(content) << sin;
        EXPECT_EQ(content.error(), code) << sin;
    }
}

TEST_F(PipeEngine, KillsOneThatBreaksTheProtocol) {
    for (const char* sin : {"huge-frame", "empty-frame", "unknown-frame", "long-field", "trailing",
                            "text-in-evaluate", "diagnostic-in-evaluate", "endless"}) {
        const ProgramEnd end = end_after_evaluating(sin);
        EXPECT_EQ(static_cast<int>(end.how), static_cast<int>(ProgramEnd::How::kBroken)) << sin;
        content_.reset();
    }
}

TEST_F(PipeEngine, NoticesAnAnswerThatNobodyAskedFor) {
    load("two-answers");
    ASSERT_FALSE(HasFatalFailure());
    EXPECT_TRUE(evaluate());

    EXPECT_EQ(evaluate().error(), Errc::kUnavailable);
    EXPECT_TRUE(engine_->calls().end());
}

TEST_F(PipeEngine, TellsHowItEnded) {
    const ProgramEnd exited = end_after_evaluating("exit");
    EXPECT_EQ(static_cast<int>(exited.how), static_cast<int>(ProgramEnd::How::kExited));
    EXPECT_EQ(exited.detail, 7);
    content_.reset();
    const ProgramEnd crashed = end_after_evaluating("crash");
    EXPECT_EQ(static_cast<int>(crashed.how), static_cast<int>(ProgramEnd::How::kSignal));
    content_.reset();
    const ProgramEnd half = end_after_evaluating("half-a-frame");
    EXPECT_EQ(static_cast<int>(half.how), static_cast<int>(ProgramEnd::How::kExited));
}

TEST_F(PipeEngine, PassesOnItsLastWordsPrintable) {
    const ProgramEnd end = end_after_evaluating("complain");

    EXPECT_NE(end.message.find("out of ?[2Jcheese"), std::string::npos) << end.message;
}

TEST_F(PipeEngine, IsKilledForWhatNoEngineDoes) {
    for (const char* sin : {"socket", "fork"}) {
        const ProgramEnd end = end_after_evaluating(sin);
        EXPECT_EQ(static_cast<int>(end.how), static_cast<int>(ProgramEnd::How::kSignal)) << sin;
        EXPECT_EQ(end.detail, SIGSYS) << sin;
        content_.reset();
    }
}

TEST_F(PipeEngine, IsRefusedTheFileSystemAndOtherProcesses) {
    // These try, are told no, and go on; one that got through would exit with 8.
    for (const char* sin : {"write-file", "read-secret", "exec", "kill-parent"}) {
        load(sin);
        ASSERT_FALSE(HasFatalFailure());
        const auto matches = evaluate();
        EXPECT_TRUE(matches) << sin << ": " << matches.error().to_string();
        content_.reset();
    }
    EXPECT_FALSE(fs::exists("/tmp/rogue-was-here"));
}

TEST_F(PipeEngine, InheritsNothing) {
    for (const char* sin : {"descriptors", "environment"}) {
        load(sin);
        ASSERT_FALSE(HasFatalFailure());
        const auto matches = evaluate();
        EXPECT_TRUE(matches) << sin << ": " << matches.error().to_string();
        content_.reset();
    }
}

TEST_F(PipeEngine, IsKilledWhenItDoesNotAnswerInTime) {
    constexpr PipePatience kShort{.question = milliseconds(200),
                                  .load = milliseconds(200),
                                  .evaluate_more = milliseconds(200)};
    // The second one writes to stderr as fast as it is read.
    for (const char* sin : {"open-hang", "open-flood"}) {
        Result<SealedFile> file = SealedFile::read(rogue(sin));
        ASSERT_TRUE(file) << sin;

        const auto calls = start_pipe_engine(*std::move(file), kShort);

        ASSERT_FALSE(calls) << sin;
        EXPECT_EQ(calls.error(), Errc::kUnavailable) << sin;
        EXPECT_NE(calls.error().context().find("in time"), std::string::npos) << sin;
    }
}

TEST_F(PipeEngine, MayFloodItsErrorOutput) {
    load("flood");
    ASSERT_FALSE(HasFatalFailure());

    for (int i = 0; i < 4; ++i) EXPECT_TRUE(evaluate());
}

TEST_F(PipeEngine, RefusesARequestTooLongForThePipe) {
    load("none");
    ASSERT_FALSE(HasFatalFailure());
    static const std::uint8_t byte = 0;
    fb_input input{};
    input.struct_size = sizeof input;
    input.kind = FB_INPUT_FILE;
    // Never read: the length alone is refused.
    input.as.file.bytes = {.data = &byte, .length = std::size_t{1} << 40U};

    EXPECT_EQ(content_->evaluate(input, milliseconds(1000)).error(), Errc::kTooLarge);
    EXPECT_TRUE(evaluate());
}

}  // namespace
}  // namespace firebreak::sensor
