// The release gate of an engine: all that is live must load in the new build.

#include <gtest/gtest.h>

#include "tests/integration/validator/judged_bundle.hpp"
#include "validator/commands/commands.hpp"

namespace firebreak::validator::test {
namespace {

namespace fs = std::filesystem;

class EngineLive : public ::testing::Test {
protected:
    EngineLive() { fs::create_directories(live_ / "yara"); }

    void put(const std::string& name, const Bytes& bundle) const {
        std::ofstream(live_ / name, std::ios::binary) << text_of(bundle);
    }

    int check(const EngineFile& engine) {
        ::testing::internal::CaptureStdout();
        ::testing::internal::CaptureStderr();
        const int code = check_engine_live(
            {files_, clock_, terminal_},
            {.engine = engine.path.string(), .live = live_.string(), .against = against_});
        out_ = ::testing::internal::GetCapturedStdout();
        err_ = ::testing::internal::GetCapturedStderr();
        return code;
    }

    Bench bench_;
    fs::path live_ = bench_.folder() / "live";
    std::vector<std::string> against_;
    PosixFileStore files_;
    SystemClock clock_;
    Terminal terminal_{true};
    std::string out_;
    std::string err_;
};

TEST_F(EngineLive, PassesWhenAllThatIsLiveLoads) {
    put("yara/1.fbb", pack({{"a.yar", std::string(kGoodRule)}}));
    put("2.fbb", pack({{"b.yar", std::string(kGoodRule)}}));
    put("README", to_bytes("no bundle"));
    against_ = {yara().path.string()};

    EXPECT_EQ(check(yara_demo()), kExitAdmitted) << out_ << err_;
    EXPECT_EQ(parse_json(out_)->at("verdict"), json::value("loads"));
    EXPECT_EQ(parse_json(out_)->at("bundles").as_array().size(), 2U);
}

TEST_F(EngineLive, NamesTheBundleThatANewBuildBreaks) {
    put("good.fbb", pack({{"a.yar", std::string(kGoodRule)}}));
    put("old.fbb", pack({{"a.yar", "rule a { condition: no_longer_known }"}}));

    EXPECT_EQ(check(yara()), kExitRejected) << out_ << err_;
    const json::value report = *parse_json(out_);
    EXPECT_EQ(report.at("verdict"), json::value("breaks"));
    EXPECT_EQ(report.at("bundles").at(0).at("verdict"), json::value("admitted"));
    EXPECT_EQ(report.at("bundles").at(1).at("bundle").at("name"), json::value("old.fbb"));
    EXPECT_EQ(report.at("bundles").at(1).at("findings").at(0).at("id"), json::value("FB501"));
}

TEST_F(EngineLive, IsNoPassWithoutAnythingLive) {
    EXPECT_EQ(check(yara()), kExitUsage);
    EXPECT_NE(err_.find("holds no .fbb"), std::string::npos);
    live_ = bench_.folder() / "nowhere";
    EXPECT_EQ(check(yara()), kExitUsage);
}

TEST_F(EngineLive, IsNoPassWithAnEngineThatDoesNotOpen) {
    put("good.fbb", pack({{"a.yar", std::string(kGoodRule)}}));
    const fs::path engine = bench_.folder() / "engine.so";
    std::ofstream(engine) << "no engine";

    EXPECT_EQ(check({engine, {}}), kExitInconclusive) << out_ << err_;
}

}  // namespace
}  // namespace firebreak::validator::test
