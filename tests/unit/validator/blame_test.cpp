// Who is to blame, told by a probe that looks for a word.

#include "validator/amplify/blame.hpp"

#include <gtest/gtest.h>

namespace firebreak::validator {
namespace {

/// Two rules, one of which holds the word.
struct Library {
    std::string first =
        "rule a { condition: false }\nrule b {\n  condition: false\n}\nrule c { condition: false "
        "}\n";
    std::string second = "rule d { condition: false }\n";
    std::vector<Place> places{{"first.yar", 1, "a"},
                              {"first.yar", 2, "b"},
                              {"first.yar", 5, "c"},
                              {"second.yar", 1, "d"}};
    std::vector<sigma::Program> programs{};

    /// @param missed  The probe that does not see what it should; they count from one.
    Blame blamed(const std::string& word, const std::string& suspect, int missed = 0) const {
        const std::vector<FileView> files{{"first.yar", bytes_of(first)},
                                          {"second.yar", bytes_of(second)}};
        int probes = 0;
        return blame({files, places, programs, suspect}, [&word, &probes, missed](
                                                             const std::vector<FileView>& part) {
            return ++probes != missed && std::ranges::any_of(part, [&word](const FileView& file) {
                return text_of(file.bytes).find(word) != std::string_view::npos;
            });
        });
    }
};

sigma::Program three_rules() {
    sigma::Program program{.contract = "ipc_template/v1", .arity = 20};
    for (std::uint32_t number = 0; number < 3; ++number) {
        const std::string text = "word number " + std::to_string(number);
        program.predicates.push_back({.field = 3, .op = sigma::Op::kContains, .text = text});
        program.rules.push_back({.id = "rule-number-" + std::to_string(number),
                                 .title = "A rule",
                                 .level = "high",
                                 .file = "rules.yml",
                                 .line = number + 1,
                                 .nodes = {{.predicate = number}}});
    }
    return program;
}

TEST(Blame, NamesTheRuleBetweenOthers) {
    const Blame blame = Library().blamed("rule b", "");
    EXPECT_EQ(blame.place.rule, "b");
    EXPECT_EQ(blame.place.file, "first.yar");
    EXPECT_EQ(blame.place.line, 2U);
    ASSERT_EQ(blame.files.size(), 1U);
    EXPECT_EQ(to_text(blame.files[0].bytes),
              "rule a { condition: false }\nrule b {\n  condition: false\n}\n");
}

TEST(Blame, NamesTheSameRuleWhicheverProbeABusyMachineSpoils) {
    constexpr int kMoreThanThereAre = 12;
    for (int missed = 1; missed <= kMoreThanThereAre; ++missed) {
        EXPECT_EQ(Library().blamed("rule a", "", missed).place.rule, "a") << missed;
        EXPECT_EQ(Library().blamed("rule b", "", missed).place.rule, "b") << missed;
        Library events;
        events.programs = {three_rules()};
        EXPECT_EQ(events.blamed("word number 1", "", missed).place.rule, "rule-number-1") << missed;
    }
}

TEST(Blame, NamesARuleOfALaterFile) {
    EXPECT_EQ(Library().blamed("rule d", "").place.rule, "d");
}

TEST(Blame, DoesNotStopAtTheSuspect) {
    EXPECT_EQ(Library().blamed("rule c", "a").place.rule, "c");
    EXPECT_EQ(Library().blamed("rule d", "a").place.rule, "d");
}

TEST(Blame, LooksAtTheSuspectsFileFirst) {
    const Blame blame = Library().blamed("rule d", "d");
    EXPECT_EQ(blame.place.rule, "d");
    ASSERT_EQ(blame.files.size(), 1U);
    EXPECT_EQ(blame.files[0].name, "second.yar");
}

TEST(Blame, NamesTheFileOfRulesThatNobodyListed) {
    Library library;
    library.places.clear();
    EXPECT_EQ(library.blamed("rule d", "").place.file, "second.yar");
    EXPECT_EQ(library.blamed("rule d", "").place.rule, "");
}

TEST(Blame, NamesTheRuleOfAProgramForEvents) {
    Library library;
    library.programs = {three_rules()};

    EXPECT_EQ(library.blamed("word number 1", "").place.rule, "rule-number-1");
    EXPECT_EQ(library.blamed("word number 2", "rule-number-0").place.rule, "rule-number-2");
    const Blame sure = library.blamed("word number 2", "rule-number-2");
    EXPECT_EQ(sure.place.rule, "rule-number-2");
    EXPECT_EQ(sure.place.line, 3U);
    ASSERT_EQ(sure.files.size(), 1U);
    EXPECT_EQ(to_text(sure.files[0].bytes).find("word number 1"), std::string::npos);
}

}  // namespace
}  // namespace firebreak::validator
