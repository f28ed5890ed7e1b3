// SigmaHQ's rules, when they are there: how many compile, and why the others do not.

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <iostream>
#include <iterator>
#include <map>
#include <set>

#include "sensor/sigma/compiler/compiler.hpp"

namespace firebreak::sigma {
namespace {

namespace fs = std::filesystem;

fs::path corpora() {
    if (const char* given = std::getenv("FIREBREAK_CORPORA")) return given;
    return fs::path(FIREBREAK_SOURCE_DIR) / ".." / "shared" / "corpora";
}

struct Corpus {
    std::vector<std::string> names;
    std::vector<std::string> texts;

    std::vector<RuleSource> sources() const {
        std::vector<RuleSource> sources;
        for (std::size_t i = 0; i < names.size(); ++i) sources.push_back({names[i], texts[i]});
        return sources;
    }
};

Corpus read_corpus(const fs::path& folder) {
    Corpus corpus;
    for (const fs::directory_entry& entry : fs::recursive_directory_iterator(folder)) {
        if (entry.path().extension() == ".yml") corpus.names.push_back(entry.path().string());
    }
    std::ranges::sort(corpus.names);
    for (const std::string& name : corpus.names) {
        std::ifstream file(name, std::ios::binary);
        corpus.texts.emplace_back(std::istreambuf_iterator<char>(file),
                                  std::istreambuf_iterator<char>());
    }
    return corpus;
}

/// The rules without a contract, and those that have one and do not compile.
struct Failures {
    std::set<std::string> without_contract;
    std::map<std::string, std::set<std::string>> by_reason;
    std::set<std::string> files;
};

Failures failures_of(const Compiled& compiled) {
    Failures failures;
    for (const CompileMessage& message : compiled.messages) {
        if (!message.error) continue;
        if (message.reason == "no-contract") {
            failures.without_contract.insert(message.file);
        } else {
            failures.by_reason[message.reason].insert(message.to_string());
            failures.files.insert(message.file);
        }
    }
    return failures;
}

TEST(SigmaCorpus, CompilesAsMuchAsPromised) {
    const fs::path folder = corpora() / "sigma";
    if (!fs::is_directory(folder)) GTEST_SKIP() << folder << " is not there";
    const Corpus corpus = read_corpus(folder);

    const Compiled compiled = compile(corpus.sources());

    const Failures failures = failures_of(compiled);
    const std::size_t covered = compiled.rules_seen - failures.without_contract.size();
    std::cout << compiled.rules_seen << " rules, " << covered << " with a contract, "
              << compiled.rules_compiled << " compiled, in " << compiled.programs.size()
              << " programs\n";
    for (const auto& [reason, messages] : failures.by_reason) {
        std::cout << "  " << reason << ": " << messages.size() << "\n";
        for (const std::string& message : messages) std::cout << "    " << message << "\n";
    }
    EXPECT_GE(static_cast<double>(compiled.rules_compiled), 0.99 * static_cast<double>(covered));
    EXPECT_GE(static_cast<double>(covered), 0.90 * static_cast<double>(compiled.rules_seen));
    for (const Program& program : compiled.programs) {
        const Result<void> good = check_program(program);
        EXPECT_TRUE(good) << program.contract << ": " << good.error().to_string();
    }
}

TEST(SigmaCorpus, GivesTheSameProgramsWhateverTheOrder) {
    const fs::path folder = corpora() / "sigma";
    if (!fs::is_directory(folder)) GTEST_SKIP() << folder << " is not there";
    const Corpus corpus = read_corpus(folder / "linux");
    std::vector<RuleSource> sources = corpus.sources();

    const Compiled forward = compile(sources);
    std::ranges::reverse(sources);
    const Compiled backward = compile(sources);

    EXPECT_GT(forward.programs.size(), 0U);
    EXPECT_EQ(forward.programs, backward.programs);
}

}  // namespace
}  // namespace firebreak::sigma
