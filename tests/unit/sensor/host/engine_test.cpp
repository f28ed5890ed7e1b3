#include "sensor/host/engine.hpp"

#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>

#include "core/base/errc.hpp"
#include "core/base/file_store.hpp"
#include "sensor/host/signal_state.hpp"

namespace firebreak::sensor {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;

fs::path rogue(const std::string& name) {
    return fs::path(FIREBREAK_ROGUE_DIR) / (name + ".so");
}

Result<std::unique_ptr<Engine>> open_rogue(const std::string& name) {
    return Engine::open(rogue(name), nullptr);
}

/// What opening `name` ends with; fails the test when it succeeds.
Error refusal_of(const std::string& name) {
    const Result<std::unique_ptr<Engine>> engine = open_rogue(name);
    EXPECT_FALSE(engine) << name << " was accepted";
    return engine ? Error(Errc::kNotFound, "accepted") : engine.error();
}

const std::vector<SourceFile> kTwoFiles = {{"a.yar", bytes_of("one")}, {"b.yar", bytes_of("two")}};

Result<std::unique_ptr<LoadedContent>> load(Engine& engine, std::vector<Diagnostic>& diagnostics) {
    return engine.load(kTwoFiles, {.rules_max = 10}, diagnostics);
}

Error load_refusal_of(const std::string& name) {
    const Result<std::unique_ptr<Engine>> engine = open_rogue(name);
    EXPECT_TRUE(engine) << name;
    if (!engine) return engine.error();
    std::vector<Diagnostic> diagnostics;
    const auto content = load(**engine, diagnostics);
    EXPECT_FALSE(content) << name << " loaded";
    return content ? Error(Errc::kNotFound, "loaded") : content.error();
}

Error evaluate_refusal_of(const std::string& name) {
    const Result<std::unique_ptr<Engine>> engine = open_rogue(name);
    EXPECT_TRUE(engine) << name;
    if (!engine) return engine.error();
    std::vector<Diagnostic> diagnostics;
    const auto content = load(**engine, diagnostics);
    EXPECT_TRUE(content) << name;
    if (!content) return content.error();
    const auto matches = (*content)->evaluate("f", bytes_of("MATCH ME"), milliseconds(1000));
    EXPECT_FALSE(matches) << name << " was believed";
    return matches ? Error(Errc::kNotFound, "believed") : matches.error();
}

class TemporaryFolder {
public:
    TemporaryFolder() {
        std::string pattern = (fs::temp_directory_path() / "firebreak-XXXXXX").string();
        path_ = ::mkdtemp(pattern.data());
    }
    ~TemporaryFolder() { fs::remove_all(path_); }
    TemporaryFolder(const TemporaryFolder&) = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;

    fs::path operator/(const std::string& name) const { return path_ / name; }

private:
    fs::path path_;
};

TEST(Engine, LoadsAndMatchesThroughAWellBehavedEngine) {
    const auto engine = open_rogue("well-behaved");
    ASSERT_TRUE(engine) << engine.error().to_string();
    std::vector<Diagnostic> diagnostics;
    const auto content = load(**engine, diagnostics);
    ASSERT_TRUE(content) << content.error().to_string();

    const auto hit = (*content)->evaluate("f", bytes_of("MATCH ME"), milliseconds(1000));
    const auto miss = (*content)->evaluate("f", bytes_of("nothing"), milliseconds(1000));

    ASSERT_TRUE(hit);
    ASSERT_EQ(hit->size(), 1U);
    EXPECT_EQ((*hit)[0].rule, "rogue_rule");
    ASSERT_TRUE(miss);
    EXPECT_TRUE(miss->empty());
    EXPECT_EQ((*content)->rule_count(), 2U);
    EXPECT_TRUE((*content)->reset());
    EXPECT_TRUE((*content)->describe());
}

TEST(Engine, TakesItsIdentityFromTheFilesDigest) {
    const Result<Bytes> file = PosixFileStore().read(rogue("well-behaved"), 1U << 26U);
    ASSERT_TRUE(file);
    const Sha256 expected = sha256(*file);

    const auto engine = Engine::open(rogue("well-behaved"), &expected);

    ASSERT_TRUE(engine);
    EXPECT_EQ((*engine)->build(), expected);
    EXPECT_EQ((*engine)->capabilities().name, "rogue-well-behaved");
    EXPECT_EQ((*engine)->capabilities().contracts,
              std::vector<std::string>{"process_creation/v1:20"});
}

TEST(Engine, RunsNoCodeOfAFileWithAnotherDigest) {
    const Sha256 other = sha256(bytes_of("another build"));

    const auto engine = Engine::open(rogue("crash-in-constructor"), &other);

    ASSERT_FALSE(engine);
    EXPECT_EQ(engine.error(), Errc::kConflict);
}

TEST(Engine, RunsWhatWasHashedWhenTheFileChangesUnderneath) {
    const TemporaryFolder folder;
    fs::copy_file(rogue("well-behaved"), folder / "engine.so");
    const auto engine = Engine::open(folder / "engine.so", nullptr);
    ASSERT_TRUE(engine) << engine.error().to_string();

    // In place: the same inode, which a plain mapping of the file would show.
    std::ofstream(folder / "engine.so", std::ios::binary | std::ios::in | std::ios::out)
        << std::string(fs::file_size(rogue("well-behaved")), '\xCC');
    std::vector<Diagnostic> diagnostics;
    const auto content = load(**engine, diagnostics);

    EXPECT_TRUE(content);
}

TEST(Engine, KeepsTwoBuildsApartInOneProcess) {
    const auto first = open_rogue("well-behaved");
    const auto second = open_rogue("partial-load");
    ASSERT_TRUE(first);
    ASSERT_TRUE(second);

    EXPECT_NE((*first)->build(), (*second)->build());
    EXPECT_EQ((*first)->capabilities().name, "rogue-well-behaved");
    EXPECT_EQ((*second)->capabilities().name, "rogue-partial-load");
}

TEST(Engine, OpensAgainAndAgainWithoutMixingUpImages) {
    for (int i = 0; i < 20; ++i) {
        const std::string name = i % 2 == 0 ? "well-behaved" : "partial-load";
        const auto engine = open_rogue(name);
        ASSERT_TRUE(engine);
        EXPECT_EQ((*engine)->capabilities().name, "rogue-" + name);
    }
}

TEST(Engine, RefusesAFileThatIsNotThere) {
    EXPECT_EQ(refusal_of("nowhere"), Errc::kNotFound);
}

TEST(Engine, RefusesAFileThatIsNoLibrary) {
    const TemporaryFolder folder;
    std::ofstream(folder / "engine.so") << "#!/bin/sh\n";

    const auto engine = Engine::open(folder / "engine.so", nullptr);

    ASSERT_FALSE(engine);
    EXPECT_EQ(engine.error(), Errc::kInvalid);
}

TEST(Engine, RefusesATruncatedLibrary) {
    const TemporaryFolder folder;
    fs::copy_file(rogue("well-behaved"), folder / "engine.so");
    fs::resize_file(folder / "engine.so", 3000);

    EXPECT_FALSE(Engine::open(folder / "engine.so", nullptr));
}

TEST(Engine, RefusesATableThatBreaksTheAbi) {
    EXPECT_EQ(refusal_of("no-symbol"), Errc::kInvalid);
    EXPECT_EQ(refusal_of("wrong-abi"), Errc::kUnsupported);
    EXPECT_EQ(refusal_of("no-table"), Errc::kUnsupported);
    EXPECT_EQ(refusal_of("short-table"), Errc::kInvalid);
    EXPECT_EQ(refusal_of("null-functions"), Errc::kInvalid);
}

TEST(Engine, RefusesAManifestItCannotTrust) {
    EXPECT_EQ(refusal_of("bad-manifest"), Errc::kMalformed);
    EXPECT_EQ(refusal_of("no-manifest"), Errc::kInvalid);
    EXPECT_EQ(refusal_of("huge-manifest"), Errc::kTooLarge);
}

TEST(Engine, RefusesOneThatInstallsASignalHandlerAndPutsTheOldOneBack) {
    const SignalState before = SignalState::now();

    EXPECT_EQ(refusal_of("handler-in-constructor"), Errc::kInvalid);
    EXPECT_FALSE(before.first_change());
    EXPECT_EQ(load_refusal_of("install-handler-load"), Errc::kInvalid);
    EXPECT_FALSE(before.first_change());
}

TEST(EngineLoad, RefusesWhatIsNotWhole) {
    EXPECT_EQ(load_refusal_of("partial-load"), Errc::kInvalid);
    EXPECT_EQ(load_refusal_of("missing-file"), Errc::kInvalid);
    EXPECT_EQ(load_refusal_of("null-content"), Errc::kInvalid);
    EXPECT_EQ(load_refusal_of("ok-with-error"), Errc::kInvalid);
    EXPECT_EQ(load_refusal_of("unknown-load-status"), Errc::kInvalid);
    EXPECT_EQ(load_refusal_of("too-many-rules"), Errc::kTooLarge);
}

TEST(EngineLoad, NamesThePlaceOfTheFirstError) {
    EXPECT_NE(load_refusal_of("ok-with-error").context().find("a.yar:7: this rule"),
              std::string::npos);
}

TEST(EngineLoad, RefusesMoreBytesThanTheEngineDeclares) {
    const auto engine = open_rogue("well-behaved");
    ASSERT_TRUE(engine);
    const Bytes large((64U << 20U) + 1);
    std::vector<Diagnostic> diagnostics;

    const auto content = (*engine)->load({{"a.yar", large}}, {}, diagnostics);
    const auto nothing = (*engine)->load({}, {}, diagnostics);

    ASSERT_FALSE(content);
    EXPECT_EQ(content.error(), Errc::kTooLarge);
    ASSERT_FALSE(nothing);
    EXPECT_EQ(nothing.error(), Errc::kInvalid);
}

TEST(EngineEvaluate, TreatsEveryOddAnswerAsAnOutage) {
    EXPECT_EQ(evaluate_refusal_of("unknown-status"), Errc::kInvalid);
    EXPECT_EQ(evaluate_refusal_of("null-match"), Errc::kInvalid);
    EXPECT_EQ(evaluate_refusal_of("endless-matches"), Errc::kUnavailable);
}

TEST(EngineEvaluate, MakesARuleNamePrintable) {
    const auto engine = open_rogue("unprintable-match");
    ASSERT_TRUE(engine);
    std::vector<Diagnostic> diagnostics;
    const auto content = load(**engine, diagnostics);
    ASSERT_TRUE(content);

    const auto matches = (*content)->evaluate("f", {}, milliseconds(1000));

    ASSERT_TRUE(matches);
    EXPECT_EQ(matches->at(0).rule, "a?[2Jb?c?");
}

TEST(EngineDescribe, RefusesWhatIsNoJson) {
    const auto engine = open_rogue("bad-description");
    ASSERT_TRUE(engine);
    std::vector<Diagnostic> diagnostics;
    const auto content = load(**engine, diagnostics);
    ASSERT_TRUE(content);

    EXPECT_EQ((*content)->describe().error(), Errc::kMalformed);
}

TEST(EngineCoverage, IsNotAskedOfAnEngineThatHasNone) {
    for (const char* name : {"well-behaved", "older-table"}) {
        const auto engine = open_rogue(name);
        ASSERT_TRUE(engine) << name;
        std::vector<Diagnostic> diagnostics;
        const auto content = load(**engine, diagnostics);
        ASSERT_TRUE(content) << name;

        EXPECT_EQ((*content)->start_coverage().error(), Errc::kUnsupported) << name;
        EXPECT_EQ((*content)->coverage().error(), Errc::kUnsupported) << name;
    }
}

TEST(EngineInputs, SaysSoWhenATypeIsNotSupplied) {
    const auto engine = open_rogue("well-behaved");
    ASSERT_TRUE(engine);

    EXPECT_EQ((*engine)->inputs("registry_set/v1").error(), Errc::kNotFound);
    EXPECT_EQ((*engine)->set_allocator(nullptr).error(), Errc::kUnsupported);
}

}  // namespace
}  // namespace firebreak::sensor
