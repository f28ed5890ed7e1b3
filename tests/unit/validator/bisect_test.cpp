#include "validator/stages/bisect.hpp"

#include <algorithm>
#include <gtest/gtest.h>

namespace firebreak::validator {
namespace {

/// A fault that shows when `mark` was read somewhere.
FaultProbe shows_with(std::string_view mark) {
    return [mark](const std::vector<FileView>& files) {
        return std::ranges::any_of(files, [mark](const FileView& file) {
            return text_of(file.bytes).find(mark) != std::string_view::npos;
        });
    };
}

std::vector<FileView> numbered(const std::vector<std::string>& names) {
    std::vector<FileView> files;
    for (const std::string& name : names) files.push_back({name, bytes_of(name)});
    return files;
}

TEST(Bisect, FindsTheOneFileOfMany) {
    std::vector<std::string> names;
    for (int index = 0; index < 1000; ++index)
        names.push_back("file-" + std::to_string(index) + ";");
    const std::vector<FileView> files = numbered(names);

    const Culprit culprit = bisect(files, shows_with("file-617;"), 100);

    ASSERT_EQ(culprit.files.size(), 1U);
    EXPECT_EQ(culprit.place.file, "file-617;");
    EXPECT_LE(culprit.probes, 25U);
}

TEST(Bisect, FindsTheLinesOfARule) {
    std::string text;
    for (int line = 1; line <= 300; ++line) {
        text += line == 120 ? "rule bad {\n" : (line == 123 ? "  boom }\n" : "fine\n");
    }
    const FaultProbe needs_both = [](const std::vector<FileView>& files) {
        const std::string_view seen = text_of(files.front().bytes);
        const std::size_t head = seen.find("rule bad {");
        return head != std::string_view::npos && seen.find("boom", head) != std::string_view::npos;
    };

    const Culprit culprit = bisect({{"rules.yar", bytes_of(text)}}, needs_both, 100);

    EXPECT_EQ(culprit.place.line, 120U);
    EXPECT_EQ(culprit.last_line, 123U);
    EXPECT_EQ(text_of(culprit.files.front().bytes), "rule bad {\nfine\nfine\n  boom }\n");
}

TEST(Bisect, KeepsTheLastLineWithoutALineFeed) {
    const Culprit culprit = bisect({{"r", bytes_of("one\ntwo\nboom")}}, shows_with("boom"), 100);

    EXPECT_EQ(culprit.place.line, 3U);
    EXPECT_EQ(text_of(culprit.files.front().bytes), "boom");
}

TEST(Bisect, StopsAtFilesThatOnlyTogetherShowIt) {
    const std::vector<std::string> names{"a", "b", "c", "d"};
    const FaultProbe needs_first_and_last = [](const std::vector<FileView>& files) {
        return files.front().name == "a" && files.back().name == "d";
    };

    const Culprit culprit = bisect(numbered(names), needs_first_and_last, 100);

    EXPECT_EQ(culprit.files.size(), 4U);
    EXPECT_EQ(culprit.place.file, "");
}

TEST(Bisect, DoesNotCutBinaryContentIntoLines) {
    const std::string binary("a\nb\n\0boom\n", 10);

    const Culprit culprit = bisect({{"rules.bin", bytes_of(binary)}}, shows_with("boom"), 100);

    EXPECT_EQ(culprit.place.file, "rules.bin");
    EXPECT_EQ(culprit.place.line, 0U);
    EXPECT_EQ(culprit.files.front().bytes.size(), binary.size());
}

TEST(Bisect, ReturnsSomethingThatShowsItWhenItsProbesRunOut) {
    std::string text;
    for (int line = 0; line < 1000; ++line) text += line == 700 ? "boom\n" : "fine\n";
    const FaultProbe probe = shows_with("boom");
    for (std::uint64_t probes = 0; probes < 25; ++probes) {
        const Culprit culprit = bisect({{"r", bytes_of(text)}}, probe, probes);

        EXPECT_TRUE(probe(culprit.files)) << probes;
        EXPECT_LE(culprit.probes, probes);
    }
}

}  // namespace
}  // namespace firebreak::validator
