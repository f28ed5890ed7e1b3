#include "core/trust/path_pattern.hpp"

#include <gtest/gtest.h>
#include <string>

namespace firebreak::trust {
namespace {

struct Case {
    const char* pattern;
    const char* path;
    bool matches;
};

void PrintTo(const Case& c, std::ostream* out) {
    *out << '"' << c.pattern << "\" on \"" << c.path << '"';
}

class PathPattern : public ::testing::TestWithParam<Case> {};

TEST_P(PathPattern, MatchesSegmentBySegment) {
    EXPECT_EQ(matches_pattern(GetParam().pattern, GetParam().path), GetParam().matches);
}

INSTANTIATE_TEST_SUITE_P(
    Examples, PathPattern,
    ::testing::Values(
        // The examples of the specification (4.5).
        Case{"targets/*.tgz", "targets/foo.tgz", true},
        Case{"targets/*.tgz", "targets/bar.tgz", true},
        Case{"targets/*.tgz", "targets/foo.txt", false},
        Case{"foo-version-?.tgz", "foo-version-2.tgz", true},
        Case{"foo-version-?.tgz", "foo-version-a.tgz", true},
        Case{"foo-version-?.tgz", "foo-version-alpha.tgz", false}, Case{"*.tgz", "foo.tgz", true},
        Case{"*.tgz", "targets/foo.tgz", false}, Case{"*.tgz", "foo.txt", false},
        // Ours.
        Case{"content/*/*", "content/yara/41.fbb", true},
        Case{"content/*/*", "content/yara", false},
        Case{"content/*/*", "content/yara/41/42.fbb", false},
        Case{"content/*/*", "rings/yara/41.fbb", false}, Case{"rings/*", "rings/yara.json", true},
        Case{"rings/*", "rings/a/b.json", false},
        Case{"rings/*", "rings/../content/yara/41.fbb", false}));

INSTANTIATE_TEST_SUITE_P(
    Corners, PathPattern,
    ::testing::Values(Case{"", "", true}, Case{"", "a", false}, Case{"a", "", false},
                      Case{"*", "", true}, Case{"*", "a", true}, Case{"*", "/", false},
                      Case{"*/*", "/", true}, Case{"?", "", false}, Case{"?", "/", false},
                      Case{"a*", "a", true}, Case{"a**", "a", true}, Case{"**", "a/b", false},
                      Case{"a/", "a", false}, Case{"a", "a/", false}, Case{"/a", "a", false},
                      Case{"a//b", "a/x/b", false}, Case{"a/*/b", "a//b", true},
                      Case{"*a*b", "xaybzb", true}, Case{"*a*b", "xaybz", false},
                      Case{"*ab", "aab", true}, Case{"a*a", "a", false}, Case{"*?", "", false},
                      Case{"?*?", "ab", true}, Case{"?*?", "a", false},
                      // Brackets and backslashes are letters like any other: implementations
                      // disagree on them, and on Windows a client must not either.
                      Case{"[ab]", "a", false}, Case{"[ab]", "[ab]", true},
                      Case{"a\\*", "a*", false}, Case{"a\\b", "a/b", false}, Case{"A", "a", false},
                      Case{".*", ".hidden", true}, Case{"*", ".hidden", true}));

INSTANTIATE_TEST_SUITE_P(Characters, PathPattern,
                         ::testing::Values(Case{"?", "é", true}, Case{"??", "é", false},
                                           Case{"?", "😀", true}, Case{"*é", "aé", true},
                                           Case{"*?é", "éé", true}));

TEST(PathPattern, DoesNotExplode) {
    std::string pattern;
    for (int i = 0; i < 5'000; ++i) pattern += "*a";
    const std::string path = std::string(5'000, 'a') + "b";

    EXPECT_FALSE(matches_pattern(pattern, path));
    EXPECT_FALSE(matches_pattern(std::string(1'000'000, '*') + "b", std::string(2'000, 'a')));
}

TEST(MaySpeakFor, AsksForOnePatternOrOneHashPrefix) {
    DelegatedRole by_path;
    by_path.paths = {"a/*", "b/*"};
    DelegatedRole by_hash;  // printf '%s' a/x | sha256sum
    by_hash.path_hash_prefixes = {
        "00", "1653a06856ec14bc20b4e1dcc951d601eda9f17d7af17cfd4a433cfe93a29b04"};
    DelegatedRole none;

    EXPECT_TRUE(may_speak_for(by_path, "b/x"));
    EXPECT_FALSE(may_speak_for(by_path, "c/x"));
    EXPECT_TRUE(may_speak_for(by_hash, "a/x"));
    EXPECT_FALSE(may_speak_for(by_hash, "b/x"));
    EXPECT_FALSE(may_speak_for(none, "a/x"));
}

TEST(MaySpeakFor, TakesPrefixesOfAnyLength) {
    DelegatedRole role;
    role.path_hash_prefixes = {"e3b0"};  // SHA-256 of nothing begins e3b0c442.

    EXPECT_TRUE(may_speak_for(role, ""));
    role.path_hash_prefixes = {"E3B0"};
    EXPECT_FALSE(may_speak_for(role, ""));
    role.path_hash_prefixes = {""};
    EXPECT_TRUE(may_speak_for(role, "anything"));
}

}  // namespace
}  // namespace firebreak::trust
