// The program as CI sees it: exit codes, files that appear or do not, attestations that hold or do
// not.

#include <cstdlib>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include "core/base/random.hpp"
#include "core/signing/key_file.hpp"
#include "tests/integration/validator/judged_bundle.hpp"
#include "tests/support/memory_file_store.hpp"
#include "validator/commands/commands.hpp"

namespace firebreak::validator::test {
namespace {

constexpr signing::KeyFileCost kQuick{.operations = 1, .memory_bytes = 8U << 10U};

Bytes sealed_key(std::uint64_t seed, std::string_view passphrase) {
    SeededRandom random(seed);
    Bytes secret = to_bytes(passphrase);
    return *signing::seal_key(signing::Ed25519Signer::generate(random), SecretBytes::take(secret),
                              kQuick, random);
}

/// The commands over a disk in memory; engines and goodware are real.
class Commands : public ::testing::Test {
protected:
    Commands() {
        files_.files["good.fbb"] = pack({{"a.yar", std::string(kGoodRule)}});
        files_.files["bad.fbb"] = pack({{"a.yar", "rule {"}});
        files_.files["v.key"] = sealed_key(1, "secret");
        files_.files["other.key"] = sealed_key(2, "secret");
        files_.files["pass"] = to_bytes("secret\n");
        files_.files["wrong-pass"] = to_bytes("guess\n");
        const std::string engine = yara().path.string();
        files_.files[engine] = *PosixFileStore().read(engine, 1U << 28U);
        options_ = {.bundle = "good.fbb",
                    .engines = {engine},
                    .goodware = {bench_.goodware().string()},
                    .profile = "pr",
                    .jobs = 2,
                    .patience = 100,
                    .reproducers = "reproducers",
                    .fuzz_executions = "2000"};
    }

    /// Runs `command` and keeps what it printed.
    template <class Command>
    int run(const Command& command) {
        ::testing::internal::CaptureStdout();
        ::testing::internal::CaptureStderr();
        const int code = command(World{files_, clock_, terminal_});
        out_ = ::testing::internal::GetCapturedStdout();
        err_ = ::testing::internal::GetCapturedStderr();
        return code;
    }

    int judge() {
        return run([this](const World& world) { return judge_bundle(world, options_); });
    }
    int judge_and_sign() {
        options_.attestation = "a.json";
        options_.key = "v.key";
        options_.passphrase_file = "pass";
        return judge();
    }
    int verify(const VerifyOptions& options) {
        return run([&](const World& world) { return verify_attestation(world, options); });
    }

    Bench bench_;
    firebreak::test::MemoryFileStore files_;
    SystemClock clock_;
    Terminal terminal_{true};
    JudgeOptions options_;
    std::string out_;
    std::string err_;
};

TEST_F(Commands, RefuseWhatWasGivenWrong) {
    const auto refused = [&](const auto& change) {
        const JudgeOptions before = options_;
        change(options_);
        const int code = judge();
        options_ = before;
        return code == kExitUsage && out_.empty() && std::ranges::count(err_, '\n') == 1;
    };
    EXPECT_TRUE(refused([](JudgeOptions& options) { options.bundle = "none.fbb"; })) << err_;
    EXPECT_TRUE(refused([](JudgeOptions& options) { options.engines = {"none.so"}; })) << err_;
    EXPECT_TRUE(refused([](JudgeOptions& options) { options.builds = {"/none"}; })) << err_;
    EXPECT_TRUE(refused([](JudgeOptions& options) { options.fuzz_executions = "-1"; })) << err_;
    EXPECT_TRUE(refused([](JudgeOptions& options) { options.fuzz_seconds = "0"; })) << err_;
    EXPECT_TRUE(refused([&](JudgeOptions& options) {
        options.builds = {bench_.goodware().string()};
    })) << err_;
    EXPECT_TRUE(refused([](JudgeOptions& options) { options.census = "none.json"; })) << err_;
    EXPECT_TRUE(refused([](JudgeOptions& options) { options.census = "bad.fbb"; })) << err_;
    EXPECT_TRUE(refused([](JudgeOptions& options) { options.goodware = {"/none"}; })) << err_;
    EXPECT_TRUE(refused([](JudgeOptions& options) { options.previous = "none.fbb"; })) << err_;
    EXPECT_TRUE(refused([](JudgeOptions& options) { options.profile = "fast"; })) << err_;
    EXPECT_TRUE(refused([](JudgeOptions& options) { options.seed = "-1"; })) << err_;
    EXPECT_TRUE(refused([](JudgeOptions& options) { options.seed = "7x"; })) << err_;
    EXPECT_TRUE(refused([](JudgeOptions& options) { options.skipped = {"sleep"}; })) << err_;
    EXPECT_TRUE(refused([](JudgeOptions& options) { options.attestation = "a.json"; })) << err_;
    EXPECT_TRUE(refused([](JudgeOptions& options) { options.key = "v.key"; })) << err_;
    EXPECT_EQ(files_.changes, 0);
}

TEST_F(Commands, ExitByTheVerdict) {
    EXPECT_EQ(judge(), kExitAdmitted);
    options_.skipped = {"budget"};
    EXPECT_EQ(judge(), kExitInconclusive);
    options_.skipped = {};
    options_.bundle = "bad.fbb";
    EXPECT_EQ(judge(), kExitRejected);
    EXPECT_EQ(parse_json(out_)->at("verdict"), json::value("rejected"));
}

TEST_F(Commands, TakeEveryEngineOfAFolderAndNothingElse) {
    const std::filesystem::path folder = bench_.folder() / "builds";
    std::filesystem::create_directories(folder / "4.2");
    std::filesystem::copy_file(yara().path, folder / "4.2" / "yara.so");
    std::filesystem::copy_file(yara().path, folder / "same-again.so");
    std::ofstream(folder / "README") << "no engine";
    PosixFileStore disk;

    const auto engines = engines_in(disk, folder.string());

    ASSERT_TRUE(engines) << engines.error().to_string();
    ASSERT_EQ(engines->engines.size(), 1U);
    EXPECT_EQ(engines->engines.front().sha256, yara().sha256);
    EXPECT_EQ(engines->engines.front().path, folder / "4.2" / "yara.so");
    EXPECT_TRUE(engines->twins.empty());
}

TEST_F(Commands, TakeTheSanitizerTwinsOfAFolderForWhatTheyAre) {
    const std::filesystem::path folder = bench_.folder() / "builds";
    std::filesystem::create_directories(folder);
    const EngineFile twin = rogue("yara-actor.twin");
    std::filesystem::copy_file(rogue("yara-actor").path, folder / "yara.so");
    std::filesystem::copy_file(twin.path, folder / "yara.twin.so");
    PosixFileStore disk;

    const auto builds = engines_in(disk, folder.string());
    ASSERT_TRUE(builds) << builds.error().to_string();
    ASSERT_EQ(builds->engines.size(), 1U);
    ASSERT_EQ(builds->twins.size(), 1U);
    EXPECT_EQ(builds->twins.front().of, rogue("yara-actor").sha256);
    EXPECT_EQ(builds->twins.front().file.sha256, twin.sha256);

    // Of nothing that is there.
    std::filesystem::copy_file(twin.path, folder / "other.twin.so");
    EXPECT_FALSE(engines_in(disk, folder.string()));
    std::filesystem::remove(folder / "other.twin.so");
    // A second copy of the build in the field would agree with it in everything.
    std::filesystem::remove(folder / "yara.twin.so");
    std::filesystem::copy_file(yara().path, folder / "yara.twin.so");
    EXPECT_FALSE(engines_in(disk, folder.string()));
}

TEST_F(Commands, DoNotAdmitForACensusWithABuildThatIsNotGiven) {
    const std::string known = yara().sha256.hex();
    const std::string other = sha256(bytes_of("another build")).hex();
    const auto census = [](const std::string& builds) {
        return to_bytes(R"({"builds":[)" + builds + "]}");
    };
    const auto line = [](const std::string& digest) {
        return R"({"sha256":")" + digest + R"(","ring":"broad","devices":3})";
    };
    options_.census = "census.json";
    files_.files["census.json"] = census(line(known));
    EXPECT_EQ(judge(), kExitAdmitted) << out_ << err_;
    files_.files["census.json"] = census(line(known) + "," + line(other));
    EXPECT_EQ(judge(), kExitInconclusive);
    EXPECT_NE(out_.find(other), std::string::npos);
    files_.files["census.json"] = census(line("12"));
    EXPECT_EQ(judge(), kExitUsage);
}

TEST_F(Commands, DoNotBeginWithAKeyThatCannotBeOpened) {
    for (const auto& [key, passphrase] : {std::pair{"none.key", "pass"},
                                          {"v.key", "wrong-pass"},
                                          {"v.key", "no-pass"},
                                          {"good.fbb", "pass"}}) {
        options_.attestation = "a.json";
        options_.key = key;
        options_.passphrase_file = passphrase;

        EXPECT_EQ(judge(), kExitNotSigned) << key << " " << passphrase;

        EXPECT_EQ(out_, "");
        EXPECT_EQ(files_.changes, 0);
    }
}

TEST_F(Commands, SayWhenTheDiskHasNoRoomForTheAttestation) {
    files_.fail_change(1, true);

    EXPECT_EQ(judge_and_sign(), kExitNotSigned);

    EXPECT_NE(err_.find("No space left"), std::string::npos) << err_;
    EXPECT_FALSE(files_.files.contains("a.json"));
}

TEST_F(Commands, GiveNoAttestationWhenAReportCouldNotBeWritten) {
    options_.sarif = "findings.sarif";
    files_.fail_change(1);

    EXPECT_EQ(judge_and_sign(), kExitInconclusive);

    EXPECT_NE(err_.find("findings.sarif"), std::string::npos) << err_;
    EXPECT_FALSE(files_.files.contains("a.json"));
}

TEST_F(Commands, MakeAnAttestationThatHolds) {
    ASSERT_EQ(judge_and_sign(), kExitAdmitted) << out_ << err_;

    EXPECT_EQ(verify({"a.json", "good.fbb", "v.key"}), kExitAdmitted) << err_;

    EXPECT_EQ(verify({"a.json", "bad.fbb", "v.key"}), kExitRejected);
    EXPECT_EQ(verify({"a.json", "good.fbb", "other.key"}), kExitRejected);
    EXPECT_EQ(verify({"none.json", "good.fbb", "v.key"}), kExitUsage);
    EXPECT_EQ(verify({"a.json", "good.fbb", "pass"}), kExitUsage);
}

TEST_F(Commands, MakeAnAttestationOfARejectionThatAdmitsNothing) {
    options_.bundle = "bad.fbb";
    ASSERT_EQ(judge_and_sign(), kExitRejected);

    EXPECT_EQ(verify({"a.json", "bad.fbb", "v.key"}), kExitRejected);
    EXPECT_NE(out_.find("rejected"), std::string::npos);
}

TEST_F(Commands, RefuseAnAttestationWithAnyByteFlipped) {
    ASSERT_EQ(judge_and_sign(), kExitAdmitted);
    const Bytes whole = files_.files["a.json"];
    // The key id is a hint that nobody relies on; everything else counts.
    const std::string text = to_text(whole);
    const std::size_t hint = text.find("\"keyid\"");
    const std::size_t hint_end = text.find("\"sig\"");
    for (std::size_t offset = 0; offset < whole.size(); offset += 3) {
        if (offset >= hint && offset < hint_end) continue;
        Bytes flipped = whole;
        flipped[offset] ^= 0x01U;
        files_.files["a.json"] = flipped;

        EXPECT_NE(verify({"a.json", "good.fbb", "v.key"}), kExitAdmitted) << offset;
    }
}

TEST_F(Commands, ReplayWhatTheyFound) {
    options_.bundle = "bad.fbb";
    ASSERT_EQ(judge(), kExitRejected);
    const json::value report = *parse_json(out_);
    const std::string file(report.at("findings").at(0).at("reproducer").as_string());
    const ReproduceOptions again{file, options_.engines[0]};

    EXPECT_EQ(run([&](const World& world) { return reproduce(world, again); }), 0) << err_;

    files_.files["good-again"] = serialize(Reproducer{.finding = "FB501",
                                                      .engine = yara().sha256,
                                                      .files = {{"a.yar", to_bytes(kGoodRule)}},
                                                      .expected = Outcome::kRefused});
    const ReproduceOptions gone{"good-again", options_.engines[0]};
    EXPECT_EQ(run([&](const World& world) { return reproduce(world, gone); }), 1) << err_;
    const ReproduceOptions nothing{"good.fbb", options_.engines[0]};
    EXPECT_EQ(run([&](const World& world) { return reproduce(world, nothing); }), kExitUsage);
}

TEST_F(Commands, ShowAnEngineFromInsideTheSandbox) {
    EXPECT_EQ(run([&](const World& world) { return show_engine(world, options_.engines[0]); }), 0);
    EXPECT_EQ(parse_json(out_)->at("manifest").at("name"), json::value("yara"));

    const std::string crasher = rogue("crash-in-constructor").path.string();
    files_.files[crasher] = *PosixFileStore().read(crasher, 1U << 28U);
    EXPECT_EQ(run([&](const World& world) { return show_engine(world, crasher); }),
              kExitInconclusive);
    EXPECT_EQ(run([&](const World& world) { return show_engine(world, "good.fbb"); }), kExitUsage);
}

// ---- The program itself ---------------------------------------------------------------------

int shell(const std::string& arguments) {
    const int status = std::system((std::string(FIREBREAK_VALIDATE) + " " + arguments).c_str());
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST(Program, KnowsItsOptions) {
    EXPECT_EQ(shell("--version > /dev/null"), 0);
    EXPECT_EQ(shell("--help > /dev/null"), 0);
    EXPECT_EQ(shell("> /dev/null 2>&1"), kExitUsage);
    EXPECT_EQ(shell("bundle.fbb > /dev/null 2>&1"), kExitUsage);
    EXPECT_EQ(shell("--no-such-option > /dev/null 2>&1"), kExitUsage);
    EXPECT_EQ(shell("verify > /dev/null 2>&1"), kExitUsage);
    EXPECT_EQ(shell("engine info > /dev/null 2>&1"), kExitUsage);
}

TEST(Program, SaysWhenItsAnswerCouldNotBeWritten) {
    const std::string engine = yara().path.string();

    EXPECT_EQ(shell("engine info " + engine + " > /dev/null"), 0);
    EXPECT_EQ(shell("engine info " + engine + " > /dev/full 2> /dev/null"), kExitInconclusive);
}

TEST(Program, IsNoWorkerWithoutASupervisor) {
    EXPECT_EQ(shell("worker < /dev/null 3< /dev/null"), 0);
}

}  // namespace
}  // namespace firebreak::validator::test
