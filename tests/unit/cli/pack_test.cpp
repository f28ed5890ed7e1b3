// Packing a folder: the same bytes each time, and nothing that quietly goes missing.

#include "cli/pack.hpp"

#include <algorithm>
#include <filesystem>
#include <gtest/gtest.h>

#include "core/base/errc.hpp"
#include "core/base/random.hpp"
#include "core/content/bundle.hpp"
#include "sensor/sigma/program/program.hpp"
#include "tests/support/fake_clock.hpp"

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
    SeededRandom random_{1};
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

TEST_F(Pack, TakesRulesFromFoldersAtAnyDepth) {
    fs::create_directories(folder_ / "content/deep/er");
    write("content/deep/er/c.yar", "rule c { condition: false }");
    write("content/firebreak-pack.yaml",
          "stream: yara\ncontent_type: yara-source\nfiles: ['**/*.yar']\nauthor: t\n");

    ASSERT_TRUE(run());

    const auto bundle = content::unpack_bundle(*files_.read(folder_ / "out.fbb", 1U << 20U));
    ASSERT_EQ(bundle->files.size(), 3U);
    EXPECT_EQ(bundle->files[2].name, "deep/er/c.yar");
}

class PackSigma : public Pack {
protected:
    PackSigma() {
        fs::create_directories(folder_ / "content/rules");
        write("content/firebreak-pack.yaml",
              "stream: sigma\ncontent_type: sigma-rules\nfiles: ['rules/*.yml']\nauthor: test\n");
        write("content/rules/a.yml",
              rule("11111111-57b4-4a5b-9bd2-5d1b4d5f9f00", "process_creation", "Image|re: 'a+$'"));
        write("content/rules/b.yml",
              rule("22222222-57b4-4a5b-9bd2-5d1b4d5f9f00", "dns_query", "QueryName: a.example"));
    }

    static std::string rule(const std::string& id, const std::string& category,
                            const std::string& item) {
        return "title: A test\nid: " + id +
               "\nlogsource:\n  product: windows\n  category: " + category +
               "\ndetection:\n  sel:\n    " + item + "\n  condition: sel\n";
    }
};

TEST_F(PackSigma, CompilesOneFileForEachContract) {
    const auto output = run();
    ASSERT_TRUE(output) << output.error().to_string();
    ASSERT_EQ(output->exit_code, 0) << output->text;

    const auto bundle = content::unpack_bundle(*files_.read(folder_ / "out.fbb", 1U << 20U));
    ASSERT_TRUE(bundle);
    EXPECT_EQ(bundle->manifest.content_type, "sigma-binary");
    ASSERT_EQ(bundle->files.size(), 2U);
    EXPECT_EQ(bundle->files[0].name, "dns_query_windows.v1.fbr");
    EXPECT_EQ(bundle->files[1].name, "process_creation_windows.v1.fbr");
    const auto program = sigma::read_program(bundle->files[1].bytes);
    ASSERT_TRUE(program) << program.error().to_string();
    EXPECT_EQ(program->rules.at(0).file, "rules/a.yml");
    EXPECT_EQ(program->rules.at(0).line, 1U);
    ASSERT_EQ(bundle->manifest.contracts.size(), 2U);
    EXPECT_EQ(bundle->manifest.contracts[1],
              "process_creation_windows/v1:" + std::to_string(program->arity));
    EXPECT_NE(std::ranges::find(bundle->manifest.capabilities, "sigma.op.regex"),
              bundle->manifest.capabilities.end());
}

TEST_F(PackSigma, GivesTheSameBytesWhereverTheFolderIs) {
    ASSERT_TRUE(run("one.fbb"));
    fs::rename(folder_ / "content", folder_ / "elsewhere");

    ASSERT_TRUE(
        pack(context_, {(folder_ / "elsewhere").string(), (folder_ / "two.fbb").string(), 3}));

    EXPECT_EQ(*files_.read(folder_ / "one.fbb", 1U << 20U),
              *files_.read(folder_ / "two.fbb", 1U << 20U));
}

TEST_F(PackSigma, RefusesAllWhenOneRuleFailsAndPrintsEveryMessage) {
    write("content/rules/b.yml",
          rule("22222222-57b4-4a5b-9bd2-5d1b4d5f9f00", "dns_query", "QeryName: a.example"));
    write("content/rules/c.yml", "title: [\n");

    const auto output = run();

    ASSERT_TRUE(output) << output.error().to_string();
    EXPECT_EQ(output->exit_code, 2);
    EXPECT_FALSE(fs::exists(folder_ / "out.fbb"));
    const std::string content_folder = (folder_ / "content").string();
    EXPECT_NE(output->text.find(content_folder + "/rules/b.yml:8:5: error: "), std::string::npos)
        << output->text;
    EXPECT_NE(output->text.find("did you mean 'QueryName'?"), std::string::npos) << output->text;
    EXPECT_NE(output->text.find("/rules/c.yml:2:1: error: "), std::string::npos) << output->text;
    EXPECT_EQ(output->data.at("messages").as_array().size(), 2U);
    EXPECT_EQ(output->data.at("rules_compiled"), 1);
}

TEST_F(Pack, SaysSoWhenThereIsNoPackFile) {
    fs::remove(folder_ / "content/firebreak-pack.yaml");

    EXPECT_EQ(run().error(), firebreak::Errc::kNotFound);
}

}  // namespace
}  // namespace firebreak::cli
