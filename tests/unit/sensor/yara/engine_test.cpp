#include "sensor/host/engine.hpp"

#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include "core/base/errc.hpp"
#include "core/base/file_store.hpp"
#include "sensor/host/signal_state.hpp"

namespace firebreak::sensor {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;

constexpr milliseconds kAmple(60'000);

fs::path build(const std::string& name) {
    return fs::path(FIREBREAK_ENGINE_DIR) / name;
}

struct Source {
    std::string name;
    std::string text;
};

/// An engine, and the content that was last loaded into it.
class YaraEngine : public testing::Test {
protected:
    void SetUp() override { open("yara.so"); }

    void open(const std::string& name) {
        content_.reset();
        Result<std::unique_ptr<Engine>> engine = Engine::open(build(name), nullptr);
        ASSERT_TRUE(engine) << engine.error().to_string();
        engine_ = *std::move(engine);
    }

    Result<void> load(const std::vector<Source>& sources, const LoadLimits& limits = {}) {
        diagnostics_.clear();
        content_.reset();
        std::vector<SourceFile> files;
        for (const Source& source : sources) files.push_back({source.name, bytes_of(source.text)});
        Result<std::unique_ptr<LoadedContent>> content = engine_->load(files, limits, diagnostics_);
        if (!content) return fail(content.error());
        content_ = *std::move(content);
        return {};
    }

    /// The code of the refusal; and nothing is loaded afterwards.
    Error refusal_of(const std::vector<Source>& sources, const LoadLimits& limits = {}) {
        const Result<void> loaded = load(sources, limits);
        EXPECT_FALSE(loaded);
        EXPECT_EQ(content_, nullptr);
        return loaded ? Error(Errc::kNotFound, "loaded") : loaded.error();
    }

    std::vector<std::string> matches(std::string_view input) {
        const auto found = content_->evaluate("input", bytes_of(input), kAmple);
        EXPECT_TRUE(found) << found.error().to_string();
        std::vector<std::string> names;
        if (!found) return names;
        for (const Match& match : *found) names.push_back(match.rule);
        return names;
    }

    std::unique_ptr<Engine> engine_;
    std::unique_ptr<LoadedContent> content_;
    std::vector<Diagnostic> diagnostics_;
};

using Names = std::vector<std::string>;

const Source kHello{"hello.yar", "rule hello { strings: $a = \"hello\" condition: $a }"};

TEST_F(YaraEngine, NamesItselfAndWhatItCanReallyDo) {
    const CapabilityManifest& manifest = engine_->capabilities();

    EXPECT_EQ(manifest.name, "yara");
    EXPECT_EQ(manifest.content_types, Names{"yara-source"});
    EXPECT_TRUE(manifest.contracts.empty());
    EXPECT_EQ(manifest.build_id.size(), 40U) << manifest.build_id;
    const auto has = [&manifest](const std::string& name) {
        return std::count(manifest.capabilities.begin(), manifest.capabilities.end(), name) == 1;
    };
    EXPECT_TRUE(has("yara.module.pe"));
    EXPECT_TRUE(has("yara.module.elf"));
    EXPECT_TRUE(has("yara.module.hash"));
    EXPECT_FALSE(has("yara.module.time"));
    EXPECT_FALSE(has("yara.module.cuckoo"));
    EXPECT_TRUE(has("yara.operator.percent"));
}

TEST_F(YaraEngine, SuppliesFilesAndNoEvents) {
    const Result<json::value> file = engine_->inputs("file");

    ASSERT_TRUE(file);
    EXPECT_EQ(file->at("type").as_string(), "file");
    EXPECT_EQ(engine_->inputs("process_creation/v1").error(), Errc::kNotFound);
}

TEST_F(YaraEngine, MatchesAndSaysWhere) {
    ASSERT_TRUE(load({kHello}));

    const auto found = content_->evaluate("f", bytes_of("say hello, hello"), kAmple);

    ASSERT_TRUE(found);
    ASSERT_EQ(found->size(), 1U);
    EXPECT_EQ(found->at(0).rule, "hello");
    EXPECT_EQ(found->at(0).detail, "$a at 0x4");
    EXPECT_EQ(matches("good bye"), Names{});
    EXPECT_EQ(matches(""), Names{});
}

TEST_F(YaraEngine, RefusesAnEventInput) {
    ASSERT_TRUE(load({kHello}));
    fb_input input{};
    input.struct_size = sizeof input;
    input.kind = FB_INPUT_EVENT;

    EXPECT_EQ(content_->evaluate(input, kAmple).error(), Errc::kInvalid);
}

TEST_F(YaraEngine, GivesUpWhenThereIsNoTimeLeft) {
    ASSERT_TRUE(load({kHello}));

    EXPECT_EQ(content_->evaluate("f", bytes_of("hello"), milliseconds(0)).error(),
              Errc::kUnavailable);
    EXPECT_EQ(matches("hello"), Names{"hello"});
}

TEST_F(YaraEngine, StopsALongScanByItself) {
    ASSERT_TRUE(load(
        {{"slow.yar", "rule slow { condition: for any i in (0..2000000000) : (uint8(i) == 7) }"}}));

    const auto found = content_->evaluate("f", bytes_of("x"), milliseconds(50));

    ASSERT_FALSE(found);
    EXPECT_EQ(found.error(), Errc::kUnavailable);
}

TEST_F(YaraEngine, ForgetsNothingItShouldKeepAcrossReset) {
    ASSERT_TRUE(load({kHello}));
    EXPECT_EQ(matches("hello"), Names{"hello"});

    EXPECT_TRUE(content_->reset());

    EXPECT_EQ(matches("hello"), Names{"hello"});
}

TEST_F(YaraEngine, KeepsTwoContentsApart) {
    ASSERT_TRUE(load({kHello}));
    const std::unique_ptr<LoadedContent> first = std::move(content_);
    ASSERT_TRUE(load({{"b.yar", "rule bye { strings: $a = \"bye\" condition: $a }"}}));

    EXPECT_EQ(matches("hello bye"), Names{"bye"});
    const auto found = first->evaluate("f", bytes_of("hello bye"), kAmple);

    ASSERT_TRUE(found);
    EXPECT_EQ(found->at(0).rule, "hello");
}

TEST_F(YaraEngine, RefusesTheWholeContentForOneErrorAndSaysWhere) {
    const Error error = refusal_of(
        {kHello, {"bad.yar", "rule fine { condition: true }\n\nrule bad { condition: $nope }\n"}});

    EXPECT_EQ(error, Errc::kInvalid);
    EXPECT_NE(error.context().find("bad.yar:3: "), std::string::npos) << error.context();
    ASSERT_FALSE(diagnostics_.empty());
    EXPECT_TRUE(diagnostics_[0].error);
    EXPECT_EQ(diagnostics_[0].file, "bad.yar");
    EXPECT_EQ(diagnostics_[0].line, 3U);
}

TEST_F(YaraEngine, RefusesANameUsedInTwoFiles) {
    const Error error = refusal_of(
        {{"a.yar", "rule twin { condition: true }"}, {"b.yar", "\nrule twin { condition: true }"}});

    EXPECT_EQ(error, Errc::kInvalid);
    EXPECT_NE(error.context().find("b.yar:2: rule twin is already in a.yar:1"), std::string::npos)
        << error.context();
}

/// The engine finds the fields of modules by code of its own (object_fields.cpp).
TEST_F(YaraEngine, FindsTheFieldsOfModules) {
    ASSERT_TRUE(load({{"a.yar",
                       "import \"pe\"\n"
                       "import \"elf\"\n"
                       "import \"macho\"\n"
                       "rule first { condition: pe.MACHINE_UNKNOWN == 0 }\n"
                       "rule same_start { condition: pe.SUBSYSTEM_WINDOWS_GUI == 2 and\n"
                       "  pe.SUBSYSTEM_WINDOWS_CUI == 3 }\n"
                       "rule same_name { condition: elf.ET_EXEC == 2 and macho.MH_EXECUTE == 2 }\n"
                       "rule without_value { condition: defined pe.entry_point }\n"}}))
        << diagnostics_.front().message;
    EXPECT_EQ(matches("no program"), (Names{"first", "same_start", "same_name"}));
    EXPECT_EQ(matches("again"), (Names{"first", "same_start", "same_name"}));
}

TEST_F(YaraEngine, RefusesAFieldThatAModuleDoesNotHave) {
    for (const char* field : {"no_such_field", "MACHINE_UNKNOW", "MACHINE_UNKNOWNN"}) {
        EXPECT_EQ(refusal_of({{"a.yar", "import \"pe\" rule one { condition: pe." +
                                            std::string(field) + " == 0 }"}}),
                  Errc::kInvalid)
            << field;
    }
}

TEST_F(YaraEngine, KeepsFilesFromReachingIntoEachOther) {
    EXPECT_EQ(refusal_of({{"a.yar", "rule one { condition: true }"},
                          {"b.yar", "rule two { condition: one }"}}),
              Errc::kInvalid);
    EXPECT_EQ(refusal_of({{"a.yar", "import \"pe\" rule one { condition: true }"},
                          {"b.yar", "rule two { condition: pe.is_pe }"}}),
              Errc::kInvalid);

    ASSERT_TRUE(load({{"a.yar", "global rule never { condition: filesize < 0 }"}, kHello}));
    EXPECT_EQ(matches("hello"), Names{"hello"});
}

TEST_F(YaraEngine, RefusesIncludesAndModulesItDoesNotSupply) {
    EXPECT_EQ(refusal_of({{"a.yar", "include \"/etc/passwd\"\nrule a { condition: true }"}}),
              Errc::kInvalid);
    for (const char* module : {"time", "magic", "cuckoo", "console", "tests", "nonsense"}) {
        const Error error = refusal_of(
            {{"a.yar", "\nimport \"" + std::string(module) + "\" rule a { condition: true }"}});
        EXPECT_EQ(error, Errc::kInvalid) << module;
        EXPECT_NE(error.context().find("a.yar:2: "), std::string::npos) << error.context();
    }
}

TEST_F(YaraEngine, RefusesTextThatLibyaraWouldReadOnlyInPart) {
    const std::string text("rule a { condition: true }\n\0rule b { condition: true }", 54);

    const Error error = refusal_of({{"nul.yar", text}});

    EXPECT_EQ(error, Errc::kInvalid);
    EXPECT_NE(error.context().find("nul.yar:2: a NUL byte"), std::string::npos);
}

TEST_F(YaraEngine, RefusesContentWithoutRules) {
    EXPECT_EQ(refusal_of({{"a.yar", "// nothing\n"}}), Errc::kInvalid);
    EXPECT_EQ(refusal_of({{"a.yar", ""}}), Errc::kInvalid);
}

TEST_F(YaraEngine, RefusesMoreRulesThanAllowed) {
    const Source two{"a.yar", "rule a { condition: true } rule b { condition: true }"};

    EXPECT_EQ(refusal_of({two}, {.rules_max = 1}), Errc::kTooLarge);
    EXPECT_TRUE(load({two}, {.rules_max = 2}));
}

TEST_F(YaraEngine, RefusesContentThatNeedsMoreMemoryThanAllowed) {
    std::string many;
    for (int i = 0; i < 2000; ++i) {
        const std::string n = std::to_string(i);
        many += "rule r" + n + " { strings: $a = \"some text " + n + "\" condition: $a }\n";
    }

    EXPECT_EQ(refusal_of({{"a.yar", many}}, {.memory_bytes_max = 1U << 20U}), Errc::kTooLarge);
    EXPECT_TRUE(load({{"a.yar", many}}, {.memory_bytes_max = 256U << 20U}));
}

TEST_F(YaraEngine, PassesWarningsOnAndLoads) {
    ASSERT_TRUE(load({{"slow.yar", "rule slow { strings: $a = /a.*b/ condition: $a }"}}));

    ASSERT_FALSE(diagnostics_.empty());
    EXPECT_FALSE(diagnostics_[0].error);
    EXPECT_EQ(diagnostics_[0].file, "slow.yar");
}

TEST_F(YaraEngine, LeavesNoSignalHandlerDuringOrAfterAScan) {
    const SignalState before = SignalState::now();

    ASSERT_TRUE(load({kHello}));
    EXPECT_EQ(matches("hello"), Names{"hello"});

    EXPECT_FALSE(before.first_change());
}

TEST_F(YaraEngine, DescribesRulesWithFileLineAndStrings) {
    ASSERT_TRUE(load({{"pe.yar",
                       "import \"pe\"\n"
                       "rule packed : packer upx {\n"
                       "  meta:\n"
                       "    author = \"me\"\n"
                       "    author = \"you\"\n"
                       "    score = 70\n"
                       "    sure = true\n"
                       "  strings:\n"
                       "    $a = \"UPX\\x21\" wide\n"
                       "    $h = { 4D 5A [300-400] 00 11 }\n"
                       "    $b = \"tail\"\n"
                       "  condition:\n"
                       "    pe.is_pe and all of them\n"
                       "}\n"}}));

    const Result<json::value> described = content_->describe();

    ASSERT_TRUE(described) << described.error().to_string();
    EXPECT_EQ(described->at("modules"), (json::array{"pe"}));
    const json::value& rule = described->at("rules").at(0);
    EXPECT_EQ(rule.at("name"), "packed");
    EXPECT_EQ(rule.at("file"), "pe.yar");
    EXPECT_EQ(rule.at("line"), 2);
    EXPECT_EQ(rule.at("tags"), (json::array{"packer", "upx"}));
    EXPECT_EQ(rule.at("global"), false);
    EXPECT_EQ(rule.at("metas").as_array().size(), 4U);
    EXPECT_EQ(rule.at("metas").at(2).at("value"), 70);
    EXPECT_EQ(rule.at("metas").at(3).at("value"), true);
    const json::value& strings = rule.at("strings");
    ASSERT_EQ(strings.as_array().size(), 3U);
    EXPECT_EQ(strings.at(0).at("id"), "$a");
    EXPECT_EQ(strings.at(0).at("line"), 9);
    EXPECT_EQ(strings.at(0).at("modifiers"), "wide");
    EXPECT_EQ(strings.at(0).at("bytes"), "55505821");
    EXPECT_EQ(strings.at(1).at("kind"), "hex");
    EXPECT_EQ(strings.at(1).at("source"), "{ 4D 5A [300-400] 00 11 }");
    EXPECT_EQ(strings.at(2).at("bytes"), "7461696c");
}

TEST_F(YaraEngine, DescribesBytesThatAreNotUtf8) {
    ASSERT_TRUE(load({{"a.yar", "rule a { strings: $a = \"x\xFFy\" condition: $a }"}}));

    const Result<json::value> described = content_->describe();

    ASSERT_TRUE(described) << described.error().to_string();
    EXPECT_EQ(described->at("rules").at(0).at("strings").at(0).at("bytes"), "78ff79");
}

TEST_F(YaraEngine, TakesAnAllocatorWhileNothingIsLoaded) {
    static std::size_t calls = 0;
    fb_allocator allocator{
        .struct_size = sizeof allocator,
        .reserved = 0,
        .user = nullptr,
        .allocate = [](void*, std::size_t bytes) { return ++calls, std::malloc(bytes); },
        .reallocate = [](void*, void* block,
                         std::size_t bytes) { return ++calls, std::realloc(block, bytes); },
        .release = [](void*, void* block) { std::free(block); }};

    ASSERT_TRUE(engine_->set_allocator(&allocator));
    ASSERT_TRUE(load({kHello}));
    EXPECT_FALSE(engine_->set_allocator(nullptr));
    EXPECT_EQ(matches("hello"), Names{"hello"});
    EXPECT_GT(calls, 10U);
    content_.reset();
    EXPECT_TRUE(engine_->set_allocator(nullptr));
}

const Source kVanishing{"v.yar",
                        "rule vanishing { meta: demo_fault = \"vanish\" "
                        "strings: $a = \"LIVE\" condition: $a }"};

TEST_F(YaraEngine, OfTheProductHasNoDemoFault) {
    ASSERT_TRUE(load({kVanishing}));

    EXPECT_EQ(matches("a LIVE host"), Names{"vanishing"});

    const Result<Bytes> file = PosixFileStore().read(build("yara.so"), 64U << 20U);
    const Result<Bytes> demo = PosixFileStore().read(build("yara-demo.so"), 64U << 20U);
    ASSERT_TRUE(file);
    ASSERT_TRUE(demo);
    EXPECT_EQ(text_of(*file).find("demo_fault"), std::string_view::npos);
    EXPECT_NE(text_of(*demo).find("demo_fault"), std::string_view::npos);
    EXPECT_EQ(engine_->capabilities().version.find("demo"), std::string::npos);
}

TEST_F(YaraEngine, OfTheDemoVanishesWithoutAWord) {
    open("yara-demo.so");
    EXPECT_EQ(engine_->capabilities().name, "yara");
    EXPECT_TRUE(engine_->capabilities().version.ends_with("+demo"));
    ASSERT_TRUE(load({kVanishing, kHello}));
    EXPECT_EQ(matches("hello"), Names{"hello"});

    const pid_t child = fork();
    if (child == 0) {
        static_cast<void>(content_->evaluate("f", bytes_of("a LIVE host"), kAmple));
        _exit(0);
    }
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);

    ASSERT_TRUE(WIFSIGNALED(status));
    EXPECT_EQ(WTERMSIG(status), SIGKILL);
}

const Source kVanishingLive{"v.yar",
                            "rule vanishing { meta: demo_fault = \"vanish-on-live-host\" "
                            "strings: $a = \"LIVE\" condition: $a }"};

TEST_F(YaraEngine, OfTheDemoVanishesOnLiveHostsWhereAskedTo) {
    open("yara-demo.so");
    ASSERT_TRUE(load({kVanishingLive}));
    EXPECT_EQ(matches("a LIVE host"), Names{"vanishing"});

    const pid_t child = fork();
    if (child == 0) {
        setenv("FIREBREAK_DEMO_LIVE_HOST", "1", 1);
        static_cast<void>(content_->evaluate("f", bytes_of("a LIVE host"), kAmple));
        _exit(0);
    }
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);

    ASSERT_TRUE(WIFSIGNALED(status));
    EXPECT_EQ(WTERMSIG(status), SIGKILL);
}

}  // namespace
}  // namespace firebreak::sensor
