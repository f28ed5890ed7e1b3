#include <algorithm>
#include <gtest/gtest.h>
#include <iterator>
#include <numeric>
#include <random>
#include <set>

#include "sensor/sigma/run/edge_table.hpp"
#include "sensor/sigma/run/gram_table.hpp"
#include "tests/unit/sensor/sigma/run/fields.hpp"

/// The tables against the plainest search, one literal after the other.

namespace firebreak::sigma {
namespace {

using namespace test;
using Texts = std::vector<std::string>;
using Edge = EdgeTable::Edge;

/// Literals by number, and what looks for them.
template <class Table>
Texts seen_by(const Table& table, const Literals& literals, std::string_view value) {
    Sightings seen(literals.size());
    seen.start_event();
    Budget budget = long_budget();
    EXPECT_TRUE(table.find(value, literals, seen, budget));
    Texts found;
    for (const std::uint32_t literal : seen.all()) found.emplace_back(literals.at(literal));
    std::ranges::sort(found);
    return found;
}

Literals literals_of(const Texts& texts) {
    Literals literals;
    for (const std::string& text : texts) literals.add(text);
    return literals;
}

Texts at_edge(const Texts& texts, Edge edge, std::string_view value, bool whole = false) {
    const Literals literals = literals_of(texts);
    std::vector<EdgeTable::Wanted> wanted;
    for (std::uint32_t i = 0; i < texts.size(); ++i) wanted.push_back({i, whole});
    return seen_by(EdgeTable(literals, wanted, edge), literals, value);
}

TEST(EdgeTable, FindsAllThatAValueStartsWith) {
    const Texts texts = {"c:", "c:\\windows", "c:\\windows\\system32", "c:\\windowsx", "d:"};
    EXPECT_EQ(at_edge(texts, Edge::kStart, "c:\\windows\\system32\\cmd.exe"),
              (Texts{"c:", "c:\\windows", "c:\\windows\\system32"}));
    EXPECT_EQ(at_edge(texts, Edge::kStart, "c:\\windowz"), Texts{"c:"});
    EXPECT_EQ(at_edge(texts, Edge::kStart, "b"), Texts{});
    EXPECT_EQ(at_edge(texts, Edge::kStart, ""), Texts{});
    EXPECT_EQ(at_edge({}, Edge::kStart, "c:"), Texts{});
}

TEST(EdgeTable, FindsAllThatAValueEndsWith) {
    const Texts texts = {".exe", "\\cmd.exe", "32\\cmd.exe", "\\powershell.exe", "exe."};
    EXPECT_EQ(at_edge(texts, Edge::kEnd, "c:\\windows\\system32\\cmd.exe"),
              (Texts{".exe", "32\\cmd.exe", "\\cmd.exe"}));
    EXPECT_EQ(at_edge(texts, Edge::kEnd, "xpowershell.exe"), Texts{".exe"});
    EXPECT_EQ(at_edge(texts, Edge::kEnd, "exe"), Texts{});
}

TEST(EdgeTable, KnowsAWholeValueFromAnEdge) {
    EXPECT_EQ(at_edge({"cmd.exe", "cmd"}, Edge::kStart, "cmd.exe", true), Texts{"cmd.exe"});
    EXPECT_EQ(at_edge({"cmd.exe", "cmd"}, Edge::kStart, "cmd.ex", true), Texts{});
}

TEST(EdgeTable, TellsZerosFromAnEnd) {
    const Texts texts = {std::string("a\0", 2), "a", std::string("a\0\0", 3)};
    EXPECT_EQ(at_edge(texts, Edge::kStart, "a"), Texts{"a"});
    EXPECT_EQ(at_edge(texts, Edge::kStart, std::string("a\0b", 3)), (Texts{"a", texts[0]}));
    const Texts ends = {std::string("\0a", 2), "a"};
    EXPECT_EQ(at_edge(ends, Edge::kEnd, "a"), Texts{"a"});
}

TEST(EdgeTable, StopsWhenTimeIsUp) {
    Literals literals;
    std::vector<EdgeTable::Wanted> wanted;
    for (std::size_t length = 1; length <= 2000; ++length) {
        wanted.push_back({literals.add(std::string(length, 'a'))});
    }
    const EdgeTable table(literals, wanted, Edge::kStart);
    Sightings seen(literals.size());
    seen.start_event();
    Budget none(std::chrono::milliseconds(0), &std::chrono::steady_clock::now);
    EXPECT_FALSE(table.find(std::string(3000, 'a'), literals, seen, none));
    EXPECT_EQ(seen_by(table, literals, std::string(3000, 'a')).size(), 2000U);
}

/// Texts of few letters, so that they often meet.
class Letters {
public:
    explicit Letters(unsigned seed) : engine_(seed) {}

    std::string text(std::size_t length_min, std::size_t length_max) {
        static constexpr std::string_view kLetters("abc\0\xFF", 5);
        std::string made(length_min + engine_() % (length_max - length_min + 1), 'a');
        for (char& c : made) c = kLetters[engine_() % 8 < 4 ? 0 : engine_() % kLetters.size()];
        return made;
    }

    /// No two alike.
    Texts texts(std::size_t count, std::size_t length_min, std::size_t length_max) {
        std::set<std::string> made;
        for (std::size_t i = 0; i < count; ++i) made.insert(text(length_min, length_max));
        return {made.begin(), made.end()};
    }

private:
    std::mt19937 engine_;
};

template <class Holds>
Texts those(const Texts& texts, Holds holds) {
    Texts found;
    std::ranges::copy_if(texts, std::back_inserter(found), holds);
    std::ranges::sort(found);
    return found;
}

TEST(EdgeTable, FindsWhatThePlainSearchFinds) {
    for (unsigned seed = 0; seed < 200; ++seed) {
        Letters letters(seed);
        const Texts texts = letters.texts(60, 1, 12);
        const std::string value = letters.text(0, 20);
        ASSERT_EQ(at_edge(texts, Edge::kStart, value),
                  those(texts, [&](const auto& text) { return value.starts_with(text); }))
            << "seed " << seed;
        ASSERT_EQ(at_edge(texts, Edge::kEnd, value),
                  those(texts, [&](const auto& text) { return value.ends_with(text); }))
            << "seed " << seed;
        ASSERT_EQ(at_edge(texts, Edge::kStart, value, true),
                  those(texts, [&](const auto& text) { return value == text; }))
            << "seed " << seed;
    }
}

template <class Gram>
void expect_what_the_plain_search_finds(unsigned seed) {
    Letters letters(seed);
    const Texts texts = letters.texts(60, sizeof(Gram), 12);
    const Literals literals = literals_of(texts);
    std::vector<std::uint32_t> wanted(texts.size());
    std::iota(wanted.begin(), wanted.end(), 0U);
    const GramTable<Gram> table(literals, wanted);
    for (int i = 0; i < 10; ++i) {
        const std::string value = letters.text(0, 60);
        ASSERT_EQ(
            seen_by(table, literals, value),
            those(texts, [&](const auto& text) { return value.find(text) != std::string::npos; }))
            << "seed " << seed;
    }
}

TEST(GramTable, FindsWhatThePlainSearchFinds) {
    for (unsigned seed = 0; seed < 100; ++seed) {
        expect_what_the_plain_search_finds<std::uint32_t>(seed);
        expect_what_the_plain_search_finds<std::uint16_t>(seed);
    }
}

TEST(Sightings, ForgetTheLastEvent) {
    Sightings seen(2);
    seen.start_event();
    seen.add(1);
    seen.add(1);
    EXPECT_TRUE(seen.seen(1));
    EXPECT_FALSE(seen.seen(0));
    EXPECT_EQ(seen.all().size(), 1U);

    seen.start_event();

    EXPECT_FALSE(seen.seen(1));
    EXPECT_TRUE(seen.all().empty());
}

}  // namespace
}  // namespace firebreak::sigma
