#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <sstream>
#include <string>
#include <sys/wait.h>
#include <vector>

#include "core/base/file_store.hpp"
#include "tests/support/temporary_folder.hpp"

namespace firebreak::validator::test {

/// How a program ended, and what it said.
struct Said {
    int code = -1;  ///< Exit code; -1: a signal.
    int signal = 0;
    std::string out{};
    std::string err{};

    long error_lines() const { return std::ranges::count(err, '\n'); }
};

/// The real programs, started in a folder of the test's own.
///
/// firebreak-validate is a copy in an otherwise empty folder: beside its own it would find all
/// programs of the build, and scan them, which is what another test is about.
class RealPrograms {
public:
    explicit RealPrograms(const std::string& worker_folder = "work")
        : work_(folder_.path() / worker_folder) {
        std::filesystem::create_directories(work_);
        std::filesystem::create_directories(folder_.path() / "bin");
        std::filesystem::copy_file(FIREBREAK_VALIDATE, validate_path());
    }

    std::filesystem::path validate_path() const { return folder_.path() / "bin" / "validate"; }
    const std::filesystem::path& folder() const { return folder_.path(); }
    /// Where programs are started; relative paths in reports are relative to it.
    const std::filesystem::path& work() const { return work_; }
    void move_to(const std::string& name) {
        work_ = folder_.path() / name;
        std::filesystem::create_directories(work_);
    }

    Said validate(const std::vector<std::string>& arguments) const {
        return wait_for(start(validate_path(), arguments));
    }
    Said firebreak(const std::vector<std::string>& arguments) const {
        return wait_for(start(FIREBREAK_CLI, arguments));
    }

    /// Starts `program` and does not wait; it leads a process group of its own.
    pid_t start(const std::filesystem::path& program,
                const std::vector<std::string>& arguments) const {
        std::vector<std::string> words{program.string()};
        words.insert(words.end(), arguments.begin(), arguments.end());
        std::vector<char*> argv;
        for (std::string& word : words) argv.push_back(word.data());
        argv.push_back(nullptr);
        const std::string out = (folder_.path() / "stdout").string();
        const std::string err = (folder_.path() / "stderr").string();
        const pid_t child = ::fork();
        if (child != 0) return child;
        const int flags = O_WRONLY | O_CREAT | O_TRUNC;
        const bool ready = ::chdir(work_.c_str()) == 0 && ::setpgid(0, 0) == 0 &&
                           ::dup2(::open("/dev/null", O_RDONLY), 0) == 0 &&
                           ::dup2(::open(out.c_str(), flags, 0600), 1) == 1 &&
                           ::dup2(::open(err.c_str(), flags, 0600), 2) == 2;
        if (ready) ::execv(argv.front(), argv.data());
        ::_exit(127);
    }

    Said wait_for(pid_t child) const {
        int status = 0;
        EXPECT_EQ(::waitpid(child, &status, 0), child);
        Said said{.out = text_in(folder_.path() / "stdout"),
                  .err = text_in(folder_.path() / "stderr")};
        if (WIFEXITED(status)) said.code = WEXITSTATUS(status);
        if (WIFSIGNALED(status)) said.signal = WTERMSIG(status);
        return said;
    }

    static std::string text_in(const std::filesystem::path& path) {
        std::ostringstream text;
        text << std::ifstream(path, std::ios::binary).rdbuf();
        return text.str();
    }

    /// Writes `text` to `name` in the folder that all runs share.
    std::string put(const std::string& name, std::string_view text) const {
        const std::filesystem::path path = folder_.path() / name;
        std::filesystem::create_directories(path.parent_path());
        std::ofstream(path, std::ios::binary) << text;
        return path.string();
    }

private:
    firebreak::test::TemporaryFolder folder_;
    std::filesystem::path work_;
};

}  // namespace firebreak::validator::test
