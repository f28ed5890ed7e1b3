// content/sigma-starter keeps its word: each rule matches its own events, and no near miss is
// matched by any.

#include <fstream>
#include <set>

#include "sensor/sigma/compiler/compiler.hpp"
#include "tests/unit/cli/try_bench.hpp"

namespace firebreak::cli {
namespace {

namespace fs = std::filesystem;

const fs::path kStarter = fs::path(FIREBREAK_SOURCE_DIR) / "content/sigma-starter";

std::set<std::string> names_in(const fs::path& folder, const std::string& extension) {
    std::set<std::string> names;
    for (const fs::directory_entry& entry : fs::recursive_directory_iterator(folder)) {
        if (entry.path().extension() == extension) names.insert(entry.path().stem().string());
    }
    return names;
}

std::string stem_of(const json::value& text) {
    const std::string place(text.as_string());
    return fs::path(place.substr(0, place.find(".jsonl"))).stem().string();
}

class StarterSigma : public TryBench {};

TEST_F(StarterSigma, CompilesWithoutAWord) {
    const Result<Output> output = run(kStarter.string(), (kStarter / "events/match").string());

    ASSERT_TRUE(output) << output.error().to_string();
    EXPECT_TRUE(output->data.at("messages").as_array().empty()) << output->text;
    EXPECT_GE(output->data.at("rules").to_number<int>(), 60);
}

TEST_F(StarterSigma, MatchesEachRulesOwnEventsAndNoOther) {
    const Result<Output> output = run(kStarter.string(), (kStarter / "events/match").string());

    ASSERT_TRUE(output) << output.error().to_string();
    EXPECT_EQ(output->data.at("matched"), output->data.at("inputs"));
    std::set<std::string> matched;
    for (const json::value& match : output->data.at("matches").as_array()) {
        const std::string rule = stem_of(match.at("file"));
        EXPECT_EQ(stem_of(match.at("input")), rule);
        matched.insert(rule);
    }
    EXPECT_EQ(matched, names_in(kStarter / "rules", ".yml"));
    EXPECT_EQ(matched, names_in(kStarter / "events/match", ".jsonl"));
}

TEST_F(StarterSigma, MatchesNoNearMiss) {
    const Result<Output> output = run(kStarter.string(), (kStarter / "events/near-miss").string());

    ASSERT_TRUE(output) << output.error().to_string();
    EXPECT_EQ(output->data.at("unknown"), json::value(0));
    EXPECT_TRUE(output->data.at("matches").as_array().empty()) << output->text;
    EXPECT_EQ(names_in(kStarter / "events/near-miss", ".jsonl"),
              names_in(kStarter / "rules", ".yml"));
}

TEST_F(StarterSigma, SpreadsOverContractsAndSaysWhatItIs) {
    std::vector<std::string> texts;
    std::vector<sigma::RuleSource> sources;
    for (const fs::directory_entry& entry : fs::recursive_directory_iterator(kStarter / "rules")) {
        if (!entry.is_regular_file()) continue;
        const Result<Bytes> bytes = files_.read(entry.path(), 1U << 20U);
        ASSERT_TRUE(bytes);
        texts.emplace_back(text_of(*bytes));
        for (const char* part : {"\ndescription:", "\nreferences:", "\nauthor: Firebreak authors",
                                 "\n    - attack.t1", "\nfalsepositives:", "\nlevel: "}) {
            EXPECT_NE(texts.back().find(part), std::string::npos) << entry.path() << part;
        }
    }
    for (const std::string& text : texts) sources.push_back({"x", text});

    EXPECT_GE(sigma::compile(sources).programs.size(), 8U);
}

}  // namespace
}  // namespace firebreak::cli
