// Real events of Windows, when they are there: each is matched by the rule whose id is its file's
// name. From YAML and EVTX's JSON to the engine's match, nothing in between is ours alone.

#include <cstdlib>
#include <fstream>
#include <map>

#include "tests/unit/cli/try_bench.hpp"

namespace firebreak::cli {
namespace {

namespace fs = std::filesystem;

fs::path corpora() {
    if (const char* given = std::getenv("FIREBREAK_CORPORA")) return given;
    return fs::path(FIREBREAK_SOURCE_DIR) / ".." / "shared" / "corpora";
}

/// Where each rule is, by its id.
std::map<std::string, std::string> rules_by_id(const fs::path& folder) {
    std::map<std::string, std::string> rules;
    for (const fs::directory_entry& entry : fs::recursive_directory_iterator(folder)) {
        if (entry.path().extension() != ".yml") continue;
        std::ifstream file(entry.path());
        for (std::string line; std::getline(file, line);) {
            if (line.starts_with("id: ")) rules[line.substr(4, 36)] = entry.path().string();
        }
    }
    return rules;
}

class SigmaEvents : public TryBench {};

TEST_F(SigmaEvents, AreMatchedByTheirRules) {
    const fs::path events = corpora() / "sigma-events";
    if (!fs::exists(events)) GTEST_SKIP() << "no corpus sigma-events";
    const std::map<std::string, std::string> rules = rules_by_id(corpora() / "sigma");

    std::size_t tried = 0;
    for (const fs::directory_entry& entry : fs::directory_iterator(events)) {
        const auto rule = rules.find(entry.path().stem().string());
        if (entry.path().extension() != ".json" || rule == rules.end()) continue;
        ++tried;
        const Result<Output> output = run(rule->second, entry.path().string());
        ASSERT_TRUE(output) << entry.path() << ": " << output.error().to_string();
        EXPECT_EQ(output->data.at("matched"), output->data.at("inputs")) << rule->second << "\n"
                                                                         << output->text;
    }
    EXPECT_GT(tried, 0U);
}

}  // namespace
}  // namespace firebreak::cli
