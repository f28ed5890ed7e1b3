// Packing a folder: the same bytes each time, and nothing that quietly goes missing.

#include "cli/pack.hpp"

#include <filesystem>
#include <gtest/gtest.h>

#include "core/base/errc.hpp"
#include "core/content/bundle.hpp"
#include "tests/support/fake_clock.hpp"
#include "tests/support/seeded_random.hpp"

namespace firebreak::cli {
namespace {

namespace fs = std::filesystem;

class Pack : public ::testing::Test {
protected:
    Pack() {
        const auto* info = ::testing::UnitTest::GetInstance()->current_test_info();
        folder_ = fs::path(::testing::TempDir()) / (std::string("firebreak-pack-") + info->name() +
                                                    "-" + std::to_string(::getpid()));
        fs::create_directories(folder_ / "content");
        write("content/firebreak-pack.yaml", kPackFile);
        write("content/b.yar", "rule b { condition: false }");
        write("content/a.yar", "rule a { condition: false }");
        write("content/notes.txt", "not content");
    }
    ~Pack() override { fs::remove_all(folder_); }

    void write(const std::string& name, std::string_view text) {
        ASSERT_TRUE(files_.write(folder_ / name, bytes_of(text), FileMode::kPublic));
    }

    Result<Output> run(const std::string& out = "out.fbb") {
        return pack(context_, {(folder_ / "content").string(), (folder_ / out).string(), 3});
    }

    static constexpr std::string_view kPackFile =
        "stream: yara\ncontent_type: yara-source\nfiles: ['*.yar']\nauthor: test\n";

    fs::path folder_;
    PosixFileStore files_;
    test::FakeClock clock_;
    test::SeededRandom random_{1};
    Context context_{files_, clock_, random_, {}};
};

TEST_F(Pack, TakesWhatThePatternsNameAndNothingElse) {
    ASSERT_TRUE(run());

    const auto bundle = content::unpack_bundle(*files_.read(folder_ / "out.fbb", 1U << 20U));
    ASSERT_TRUE(bundle);
    ASSERT_EQ(bundle->files.size(), 2U);
    EXPECT_EQ(bundle->files[0].name, "a.yar");
    EXPECT_EQ(bundle->manifest.counter, 3);
}

TEST_F(Pack, GivesTheSameBytesForTheSameFolder) {
    ASSERT_TRUE(run("one.fbb"));
    ASSERT_TRUE(run("two.fbb"));

    EXPECT_EQ(*files_.read(folder_ / "one.fbb", 1U << 20U),
              *files_.read(folder_ / "two.fbb", 1U << 20U));
}

TEST_F(Pack, RefusesAPatternThatMatchesNothing) {
    write("content/firebreak-pack.yaml",
          "stream: yara\ncontent_type: yara-source\nfiles: ['*.yar', '*.yara']\nauthor: t\n");

    const auto refused = run();
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error(), Errc::kBadInput);
    EXPECT_FALSE(fs::exists(folder_ / "out.fbb"));
}

TEST_F(Pack, DoesNotFollowSymbolicLinks) {
    fs::create_symlink("/etc/hostname", folder_ / "content/z.yar");
    ASSERT_TRUE(run());

    EXPECT_EQ(content::unpack_bundle(*files_.read(folder_ / "out.fbb", 1U << 20U))->files.size(),
              2U);
}

TEST_F(Pack, NamesFileLineAndMemberOfABadPackFile) {
    write("content/firebreak-pack.yaml",
          "stream: yara\ncontent_typ: yara-source\nfiles: ['*.yar']\nauthor: t\n");

    const auto refused = run();
    ASSERT_FALSE(refused);
    EXPECT_EQ(exit_code_of(refused.error()), 2);
    EXPECT_NE(refused.error().context().find("firebreak-pack.yaml:2"), std::string::npos)
        << refused.error().context();
    EXPECT_NE(refused.error().context().find("content_typ"), std::string::npos);
}

TEST_F(Pack, SaysSoWhenThereIsNoPackFile) {
    fs::remove(folder_ / "content/firebreak-pack.yaml");

    EXPECT_EQ(run().error(), firebreak::Errc::kNotFound);
}

}  // namespace
}  // namespace firebreak::cli
