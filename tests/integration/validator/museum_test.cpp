// The museum: releases that once did harm, and whether each is stopped by the gate that must.

#include <gtest/gtest.h>

#include "tests/integration/validator/judged_bundle.hpp"
#include "validator/museum/tour.hpp"

namespace firebreak::validator::test {
namespace {

namespace fs = std::filesystem;
using Outcome = Encounter::Outcome;

TourGround ground() {
    return {.engines = {FIREBREAK_ENGINE_DIR, FIREBREAK_MUSEUM_DIR},
            .own_paths = {fs::path(FIREBREAK_VALIDATE).parent_path() / "firebreak-agent"}};
}

Encounter played(const Exhibit& exhibit) {
    const WorkerProgram program = *WorkerProgram::self();
    const SystemClock clock;
    PosixFileStore files;
    NoProgress progress;
    return play(exhibit, ground(), {program, clock, files, progress});
}

std::vector<Exhibit> project_museum() {
    const PosixFileStore files;
    Result<std::vector<Exhibit>> museum =
        read_museum(files, fs::path(FIREBREAK_SOURCE_DIR) / "tests" / "museum");
    return museum ? *std::move(museum) : std::vector<Exhibit>{};
}

std::vector<std::int64_t> project_ids() {
    std::vector<std::int64_t> ids;
    for (const Exhibit& exhibit : project_museum()) ids.push_back(exhibit.id);
    return ids;
}

TEST(Museum, HoldsThemAll) {
    EXPECT_EQ(project_ids(), (std::vector<std::int64_t>{1, 4, 8, 12, 14, 19, 21, 22, 24, 27, 28, 31,
                                                        32, 33, 35, 36, 38}));
}

class InTheMuseum : public ::testing::TestWithParam<std::int64_t> {};

TEST_P(InTheMuseum, IsStoppedByTheGateExpected) {
    const std::vector<Exhibit> museum = project_museum();
    const auto exhibit = std::ranges::find(museum, GetParam(), &Exhibit::id);
    ASSERT_NE(exhibit, museum.end());

    const Encounter encounter = played(*exhibit);

    const Outcome good = exhibit->live_only() ? Outcome::kElsewhere : Outcome::kAsExpected;
    EXPECT_EQ(to_string(encounter.outcome), to_string(good))
        << exhibit->title << ": " << encounter.stopped_by << " " << encounter.finding << " "
        << encounter.message << encounter.note;
}

std::string name_of(const ::testing::TestParamInfo<std::int64_t>& info) {
    return "Exhibit" + std::to_string(info.param);
}

INSTANTIATE_TEST_SUITE_P(Project, InTheMuseum, ::testing::ValuesIn(project_ids()), &name_of);

/// A museum of one's own, with one exhibit in it.
class OwnMuseum : public ::testing::Test {
protected:
    OwnMuseum() { fs::create_directories(folder() / "goodware"); }

    fs::path museum() const { return folder_.path() / "museum"; }
    fs::path folder() const { return museum() / "one"; }

    void write(const std::string& name, const std::string& text) const {
        std::ofstream(folder() / name, std::ios::binary) << text;
    }
    void exhibit(const std::string& expected, const std::string& more) const {
        write("exhibit.yaml",
              "exhibit: 7\ntitle: One\ndate: 2026-01-01\nsources: [here]\n"
              "story: It happened.\nexpected: " +
                  expected + "\n" + more);
    }
    void yara_release(const std::string& expected, const std::string& rule) const {
        exhibit(expected,
                "release: {stream: yara, counter: 1, content_type: yara-source, files: [a.yar]}\n"
                "goodware: goodware\n");
        write("a.yar", rule);
        for (int index = 0; index < 20; ++index) {
            write("goodware/" + std::to_string(index), "harmless " + std::to_string(index));
        }
    }
    Encounter encounter() const {
        const Result<std::vector<Exhibit>> read = read_museum(files_, museum());
        EXPECT_TRUE(read) << read.error().to_string();
        return read ? played(read->front()) : Encounter{};
    }
    std::string refusal() const {
        const Result<std::vector<Exhibit>> read = read_museum(files_, museum());
        return read ? "" : read.error().to_string();
    }

    firebreak::test::TemporaryFolder folder_;
    PosixFileStore files_;
};

TEST_F(OwnMuseum, TellsWhatWasRejectedAndWasToPass) {
    yara_release("admitted", "rule broken {");

    const Encounter seen = encounter();

    EXPECT_EQ(to_string(seen.outcome), to_string(Outcome::kFalselyRejected)) << seen.note;
    EXPECT_EQ(seen.stopped_by, "load");
    EXPECT_EQ(seen.finding, "FB501");
}

TEST_F(OwnMuseum, TellsWhatNothingStopped) {
    // Put together here, so that it is in none of Firebreak's own files.
    const std::string text = std::string("what no ") + "file says";
    yara_release("replay", "rule quiet { strings: $a = \"" + text + "\" condition: $a }");
    EXPECT_EQ(to_string(encounter().outcome), to_string(Outcome::kEscaped));
}

TEST_F(OwnMuseum, TellsWhatAnotherGateStopped) {
    yara_release("replay", "rule broken {");
    EXPECT_EQ(to_string(encounter().outcome), to_string(Outcome::kOtherGate));
}

TEST_F(OwnMuseum, DoesNotPlayWithoutItsEngine) {
    yara_release("load", "rule broken {");
    exhibit("load",
            "release: {stream: yara, counter: 1, content_type: yara-source, files: [a.yar]}\n"
            "engines: [yara-of-another-age]\n");

    const Encounter seen = encounter();

    EXPECT_EQ(to_string(seen.outcome), to_string(Outcome::kNotPlayed));
    EXPECT_NE(seen.note.find("yara-of-another-age.so"), std::string::npos) << seen.note;
}

TEST_F(OwnMuseum, SaysWhatIsWrongWithAnExhibit) {
    const std::string release = "release: {stream: s, counter: 1, content_type: t, files: [";
    exhibit("contract", "");
    EXPECT_NE(refusal().find("needs a release"), std::string::npos) << refusal();
    exhibit("nobody", release + "a]}\n");
    EXPECT_NE(refusal().find("exhibit.yaml:6"), std::string::npos) << refusal();
    for (const char* path : {"../../secret", "/etc/passwd", "a/../b", "a//b", ".hidden"}) {
        exhibit("load", release + "\"" + path + "\"]}\n");
        EXPECT_NE(refusal(), "") << path;
    }
    exhibit("load", release + "a]}\nsurprise: 1\n");
    EXPECT_NE(refusal().find("surprise"), std::string::npos) << refusal();
}

TEST_F(OwnMuseum, RefusesTwoOfANumberAndNone) {
    exhibit("agent", "");
    fs::copy(folder(), museum() / "two");
    EXPECT_NE(refusal().find("two exhibits 7"), std::string::npos) << refusal();
    fs::remove_all(museum());
    fs::create_directories(museum());
    EXPECT_NE(refusal().find("no exhibit"), std::string::npos) << refusal();
}

}  // namespace
}  // namespace firebreak::validator::test
