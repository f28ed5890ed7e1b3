#pragma once

#include <unistd.h>

#include <filesystem>
#include <gtest/gtest.h>
#include <string>

#include "cli/try.hpp"
#include "core/base/random.hpp"
#include "tests/support/fake_clock.hpp"

namespace firebreak::cli {

/// A folder of its own, and `firebreak try` in it, with the engines of this build.
class TryBench : public ::testing::Test {
protected:
    TryBench() {
        const auto* info = ::testing::UnitTest::GetInstance()->current_test_info();
        folder_ = std::filesystem::path(::testing::TempDir()) /
                  (std::string("firebreak-try-") + info->name() + "-" + std::to_string(::getpid()));
        std::filesystem::create_directories(folder_);
    }
    ~TryBench() override { std::filesystem::remove_all(folder_); }

    std::string write(const std::string& name, std::string_view text) {
        std::filesystem::create_directories((folder_ / name).parent_path());
        EXPECT_TRUE(files_.write(folder_ / name, bytes_of(text), FileMode::kPublic));
        return (folder_ / name).string();
    }

    Result<Output> run(const std::string& rules, const std::string& input,
                       Expectation expectation = Expectation::kNothing,
                       const std::string& contract = "") {
        return try_rules(context_, {.rules = rules,
                                    .inputs = {input},
                                    .engine = "",
                                    .engine_folder = FIREBREAK_ENGINE_DIR,
                                    .contract = contract,
                                    .expectation = expectation});
    }

    std::filesystem::path folder_;
    PosixFileStore files_;
    test::FakeClock clock_;
    SeededRandom random_{1};
    Context context_{files_, clock_, random_, {}};
};

}  // namespace firebreak::cli
