// Samples made from rules, judged by the one who knows: the yara engine, in this process.

#include "validator/generate/yara_samples.hpp"

#include <cstdlib>
#include <filesystem>
#include <gtest/gtest.h>
#include <iostream>
#include <set>

#include "core/base/file_store.hpp"
#include "sensor/host/engine.hpp"

namespace firebreak::validator {
namespace {

namespace fs = std::filesystem;

/// Content in the engine, and its rules as it describes them.
class Rules {
public:
    explicit Rules(const std::map<std::string, std::string>& files) {
        auto engine = sensor::Engine::open(std::string(FIREBREAK_ENGINE_DIR) + "/yara.so", nullptr);
        if (!engine) return;
        engine_ = *std::move(engine);
        std::vector<sensor::SourceFile> views;
        for (const auto& [name, text] : files) views.push_back({name, bytes_of(text)});
        std::vector<sensor::Diagnostic> diagnostics;
        auto content = engine_->load(views, {}, diagnostics);
        EXPECT_TRUE(content) << content.error().to_string();
        if (!content) return;
        content_ = *std::move(content);
        const Result<json::value> description = content_->describe();
        EXPECT_TRUE(description);
        if (!description) return;
        Result<std::vector<YaraRule>> rules = yara_rules(*description);
        EXPECT_TRUE(rules) << rules.error().to_string();
        if (rules) rules_ = *std::move(rules);
    }

    const std::vector<YaraRule>& all() const { return rules_; }

    bool matches(const YaraRule& rule, const YaraSample& sample) {
        const auto found = content_->evaluate(sample.name, sample.bytes, std::chrono::minutes(1));
        return found && std::ranges::find(*found, rule.name, &sensor::Match::rule) != found->end();
    }

    bool any_matches(const YaraRule& rule) {
        return std::ranges::any_of(matching_samples(rule, 1),
                                   [&](const YaraSample& sample) { return matches(rule, sample); });
    }

private:
    std::unique_ptr<sensor::Engine> engine_;
    std::unique_ptr<sensor::LoadedContent> content_;
    std::vector<YaraRule> rules_;
};

std::string rule(const std::string& name, const std::string& strings,
                 const std::string& condition) {
    return "rule " + name + " { " + (strings.empty() ? "" : "strings: " + strings + " ") +
           "condition: " + condition + " }\n";
}

TEST(YaraSamples, MatchTheRulesTheyWereMadeFor) {
    Rules rules(
        {{"a.yar",
          "import \"pe\"\nimport \"elf\"\n" + rule("text", "$a = \"x\\\"\\x41\\n\"", "$a") +
              rule("widened", "$a = \"wide\" wide", "$a") +
              rule("word", "$a = \"word\" fullword $b = \"Case\" wide fullword nocase",
                   "all of them") +
              rule("xored", "$a = \"exclusive\" xor(0x10-0x20) $b = \"or else\" xor",
                   "all of them") +
              rule("encoded", "$a = \"encoded text\" base64 $b = \"other\" base64wide",
                   "all of them") +
              rule("hex", "$a = { 4D 5? ?A [2-4] ( AA BB | CC [1] DD | ( 01 | 02 ) ) // x\n 10 }",
                   "$a") +
              rule("regex", "$a = /md5: [0-9a-f]{32}( end)?/ $b = /a.c\\/[^\\n]+z/s wide",
                   "all of them") +
              rule("first_bytes", "$a = \"body\"", "uint32be(0) == 0x25504446 and $a") +
              rule("offset", "$a = \"here\" $b = \"there\"", "$a at 64 and $b in (100..200)") +
              rule("counted", "$a = \"again\"", "#a > 7 and filesize > 20KB") +
              rule("small", "$a = \"tiny\"", "$a and filesize < 1KB") +
              rule("without", "$a = \"with\" $b = \"out\"", "$a and not $b") +
              rule("entry", "$a = { E8 ?? ?? 00 00 }",
                   "uint16(0) == 0x5A4D and $a at pe.entry_point") +
              rule("elf_entry", "$a = { 31 ED 49 89 }", "$a at elf.entry_point") +
              rule("section", "$a = \"in a program\"", "$a and pe.number_of_sections == 1") +
              rule("at_0x40", "$a = { 01 02 03 [400] 04 }", "pe.is_pe and $a at 0x40") +
              rule("certificate", "",
                   "uint16(0) == 0x5A4D and for any i in (0..pe.number_of_signatures) : ("
                   "pe.signatures[i].subject contains \"\\\\xD0\\\\x9E Ltd\" and ("
                   "pe.signatures[i].serial == \"00:d1:36\" or "
                   "pe.signatures[i].serial == \"d1:36\") and "
                   "1308182400 <= pe.signatures[i].not_after)")}});

    ASSERT_EQ(rules.all().size(), 17U);
    for (const YaraRule& rule : rules.all()) EXPECT_TRUE(rules.any_matches(rule)) << rule.name;
}

TEST(YaraSamples, MissByOneByte) {
    Rules rules(
        {{"a.yar", rule("text", "$a = \"needle one\" $b = { 01 02 03 04 05 }", "all of them")}});
    ASSERT_EQ(rules.all().size(), 1U);
    const std::vector<YaraSample> misses = near_misses(rules.all()[0], 1, 10);

    ASSERT_EQ(misses.size(), 2U);
    for (const YaraSample& miss : misses) {
        EXPECT_FALSE(rules.matches(rules.all()[0], miss)) << miss.name;
    }
}

/// What cannot be satisfied stays unmatched: the samples do not lie.
TEST(YaraSamples, DoNotMatchWhatNothingCan) {
    Rules rules({{"a.yar", rule("never", "$a = \"a\"", "$a and filesize < 0") +
                               rule("hash", "", "filesize == 12345678 and uint8(77) == 1")}});
    for (const YaraRule& rule : rules.all()) EXPECT_FALSE(rules.any_matches(rule)) << rule.name;
}

/// The figure: at least 60 % of ReversingLabs' rules match what was made for them.
TEST(YaraSamples, MatchMostOfReversingLabs) {
    const char* corpora = std::getenv("FIREBREAK_CORPORA");
    const fs::path folder = fs::path(corpora == nullptr ? "" : corpora) / "yara-reversinglabs";
    if (corpora == nullptr || !fs::is_directory(folder)) {
        GTEST_SKIP() << "FIREBREAK_CORPORA is not set, or has no yara-reversinglabs";
    }
    std::map<std::string, std::string> files;
    for (const fs::directory_entry& entry : fs::recursive_directory_iterator(folder)) {
        if (entry.path().extension() != ".yara" && entry.path().extension() != ".yar") continue;
        const Result<Bytes> bytes = PosixFileStore().read(entry.path(), 16U << 20U);
        ASSERT_TRUE(bytes);
        files[entry.path().string()] = text_of(*bytes);
    }
    Rules rules(files);
    std::size_t matched = 0;
    for (const YaraRule& rule : rules.all()) {
        if (rules.any_matches(rule)) {
            ++matched;
        } else {
            std::cout << "no sample matches " << rule.name << "\n";
        }
    }
    std::cout << matched << " of " << rules.all().size() << " rules match a sample\n";
    EXPECT_GE(matched * 100, rules.all().size() * 60);
}

}  // namespace
}  // namespace firebreak::validator
