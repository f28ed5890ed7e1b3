// The program as its user meets it: what it prints, how it exits, who else may use its folder.

#include <unistd.h>

#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "client/agent_process.hpp"
#include "client/platform/folder_lock.hpp"
#include "client/state_file.hpp"

namespace firebreak::client {
namespace {

namespace fs = std::filesystem;

struct Ended {
    int code = -1;
    std::string output;  ///< Both streams.
};

class ProgramTest : public ::testing::Test {
protected:
    ProgramTest() {
        std::string name = (fs::temp_directory_path() / "firebreak-agent-XXXXXX").string();
        folder_ = ::mkdtemp(name.data());
    }
    ~ProgramTest() override {
        std::error_code ignored;
        fs::remove_all(folder_, ignored);
    }

    static Ended run(const std::string& arguments) {
        const std::string command = std::string(FIREBREAK_AGENT) + " " + arguments + " 2>&1";
        Ended ended;
        FILE* const pipe = ::popen(command.c_str(), "r");
        std::array<char, 4096> buffer{};
        std::size_t count = 0;
        while ((count = std::fread(buffer.data(), 1, buffer.size(), pipe)) > 0) {
            ended.output.append(buffer.data(), count);
        }
        const int status = ::pclose(pipe);
        ended.code = WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
        return ended;
    }

    Ended with_config(const std::string& command) const {
        return run(command + " --config " + (folder_ / "agent.yaml").string());
    }

    void write_config(const std::string& more = "") const {
        std::ofstream(folder_ / "root.json") << "{}";
        // Port 1 on loopback: nobody is there.
        std::ofstream(folder_ / "agent.yaml")
            << "server: https://127.0.0.1:1\ntrusted_root: root.json\nstate: state\nengine: "
            << FIREBREAK_YARA << "\nstream: yara\n"
            << more;
    }

    fs::path folder_;
};

TEST_F(ProgramTest, ExplainsItselfWithExamples) {
    const Ended help = run("--help");

    EXPECT_EQ(help.code, 0);
    EXPECT_NE(help.output.find("Examples:"), std::string::npos);
    EXPECT_NE(help.output.find("Exit codes:"), std::string::npos);
    EXPECT_EQ(help.output.find("trial"), std::string::npos);
}

TEST_F(ProgramTest, TellsItsVersion) {
    const Ended version = run("--version");

    EXPECT_EQ(version.code, 0);
    EXPECT_TRUE(version.output.starts_with("firebreak-agent "));
}

TEST_F(ProgramTest, ExitsWithTwoForWrongUsage) {
    for (const char* const arguments :
         {"", "dance", "run", "run --config", "status --config x --loud",
          "trial --engine e --engine-build zz --bundle b --bundle-sha256 zz"}) {
        EXPECT_EQ(run(arguments).code, 2) << arguments;
    }
}

TEST_F(ProgramTest, ExitsWithTwoAndThePlaceForABadConfiguration) {
    write_config("poll_seconds_min: often\n");

    const Ended ended = with_config("run");

    EXPECT_EQ(ended.code, 2);
    EXPECT_NE(ended.output.find("agent.yaml:6"), std::string::npos) << ended.output;
    EXPECT_NE(ended.output.find("poll_seconds_min"), std::string::npos) << ended.output;
}

TEST_F(ProgramTest, ExitsWithTwoWhenThereIsNoConfiguration) {
    const Ended ended = with_config("run");

    EXPECT_EQ(ended.code, 2);
    EXPECT_NE(ended.output.find("agent.yaml"), std::string::npos);
}

TEST_F(ProgramTest, DoesNotStartInAFolderThatAnotherAgentUses) {
    write_config();
    fs::create_directories(folder_ / "state");
    const Result<FolderLock> other = FolderLock::take(folder_ / "state");
    ASSERT_TRUE(other);

    const Ended ended = with_config("run");

    EXPECT_EQ(ended.code, 3);
    EXPECT_NE(ended.output.find("another agent"), std::string::npos) << ended.output;
}

TEST_F(ProgramTest, DoesNotStartWithoutItsEngine) {
    write_config();
    std::ofstream(folder_ / "agent.yaml") << "server: https://127.0.0.1:1\n"
                                             "trusted_root: root.json\nstate: state\n"
                                             "engine: no-such.so\nstream: yara\n";

    const Ended ended = with_config("run");

    EXPECT_EQ(ended.code, 3);
    EXPECT_NE(ended.output.find("engine"), std::string::npos) << ended.output;
}

TEST_F(ProgramTest, DoesNotStartUnenrolledWithoutAToken) {
    write_config();

    const Ended ended = with_config("run");

    EXPECT_EQ(ended.code, 3);
    EXPECT_NE(ended.output.find("enrolment_token_file"), std::string::npos) << ended.output;
}

TEST_F(ProgramTest, EnrolFailsWithOneLineWhenNobodyIsThereAndKeepsTheTokenSecret) {
    write_config("enrolment_token_file: token\n");
    std::ofstream(folder_ / "token") << "very-secret-token\n";

    const Ended ended = with_config("enrol");

    EXPECT_EQ(ended.code, 1);
    EXPECT_EQ(std::count(ended.output.begin(), ended.output.end(), '\n'), 1) << ended.output;
    EXPECT_EQ(ended.output.find("very-secret-token"), std::string::npos);
    struct stat key {};
    ASSERT_EQ(::stat((folder_ / "state/device.key").c_str(), &key), 0);
    EXPECT_EQ(key.st_mode & 0777U, 0600U);
}

TEST_F(ProgramTest, StatusOfAFolderThatNoAgentUsedFails) {
    write_config();

    EXPECT_EQ(with_config("status").code, 1);
}

TEST_F(ProgramTest, ShowsTheStatusWithoutNetworkOrAgent) {
    write_config();
    PosixFileStore store;
    AgentState state;
    state.cycle.active = Placed{.content = {.counter = 41, .sha256 = {}}, .slot = SlotName::kB};
    state.cycle.active_confirmed = true;
    state.cycle.last_known_good = state.cycle.active;
    state.cycle.healed = 3;
    fs::create_directories(folder_ / "state");
    ASSERT_TRUE(write_state(store, folder_ / "state/state.json", state));

    const Ended text = with_config("status");
    const Ended json = with_config("status --json");

    EXPECT_EQ(text.code, 0);
    EXPECT_NE(text.output.find("41"), std::string::npos);
    EXPECT_EQ(text.output.find('\x1b'), std::string::npos);  // Not a terminal.
    const Result<json::value> parsed = parse_json(json.output);
    ASSERT_TRUE(parsed) << json.output;
    EXPECT_EQ(parsed->at("running_counter").as_int64(), 41);
    EXPECT_EQ(parsed->at("last_known_good").as_int64(), 41);
    EXPECT_EQ(parsed->at("healed").as_int64(), 3);
}

TEST_F(ProgramTest, StatusSaysWhenTheStateIsCorrupt) {
    write_config();
    fs::create_directories(folder_ / "state");
    std::ofstream(folder_ / "state/state.json") << "{\"format\":1";

    const Ended ended = with_config("status");

    EXPECT_EQ(ended.code, 1);
    EXPECT_NE(ended.output.find("state.json"), std::string::npos) << ended.output;
}

TEST_F(ProgramTest, HistoryOfAFreshFolderIsEmpty) {
    write_config();

    EXPECT_EQ(with_config("history").code, 0);
    EXPECT_TRUE(parse_json(with_config("history --json").output));
}

}  // namespace
}  // namespace firebreak::client
