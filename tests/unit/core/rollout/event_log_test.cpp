// The log's promise: nobody takes out, changes, adds or reorders an entry without it showing.

#include "core/rollout/event_log.hpp"

#include <boost/json/serialize.hpp>
#include <gtest/gtest.h>

#include "core/base/encoding.hpp"
#include "core/base/errc.hpp"
#include "tests/unit/core/rollout/rollout_driver.hpp"

namespace firebreak::rollout {
namespace {

using test::kStart;

LogEntry an_entry() {
    LogEntry entry;
    entry.time = kStart;
    entry.kind = "rollout.event";
    entry.actor = "controller";
    entry.data =
        json::object{{"b", 1}, {"a", json::array{true, nullptr, "\"\\\n\xc3\xa4"}}, {"c", 0.5}};
    return entry;
}

std::vector<LogEntry> a_log(int entries) {
    std::vector<LogEntry> log;
    for (int i = 0; i < entries; ++i) {
        LogEntry entry = an_entry();
        entry.data.as_object()["i"] = i;
        log.push_back(follow(log.empty() ? nullptr : &log.back(), entry));
    }
    return log;
}

Result<void> verify(const std::vector<LogEntry>& log) {
    const LogEntry* last = nullptr;
    for (const LogEntry& entry : log) {
        if (auto follows = verify_follows(last, entry); !follows) return follows;
        last = &entry;
    }
    return {};
}

// printf 'firebreak-log-v1\0' > f; head -c 32 /dev/zero >> f
// printf '%s' '{"actor":"controller","data":{"a":[true,null,"\"\\\u000aä"],"b":1,"c":0.5},' >> f
// printf '%s' '"kind":"rollout.event","sequence":1,"time":"2027-01-15T08:00:00.000Z"}' >> f;
// sha256sum f
TEST(EventLog, HashesTheCanonicalText) {
    const LogEntry first = follow(nullptr, an_entry());

    EXPECT_EQ(first.hash.hex(), "178a039af07e899af32d59c11a1862bb53721bce83f06d623ede640d479ec375");
}

TEST(EventLog, HashesTheSameWhateverTheOrderOfMembers) {
    LogEntry other = an_entry();
    other.data =
        json::object{{"c", 0.5}, {"a", json::array{true, nullptr, "\"\\\n\xc3\xa4"}}, {"b", 1}};

    EXPECT_EQ(follow(nullptr, other).hash, follow(nullptr, an_entry()).hash);
}

TEST(EventLog, HashesTheSameAfterARoundTripThroughText) {
    LogEntry entry = an_entry();
    entry.data = json::object{{"tenth", 0.1},     {"tiny", 3e-5},   {"whole", 5.0},
                              {"negative", -0.0}, {"large", 1e300}, {"max", UINT64_MAX}};
    entry = follow(nullptr, entry);

    const auto read = parse_log_entry(parse_json(json::serialize(to_json(entry))).value());

    ASSERT_TRUE(read) << read.error().to_string();
    EXPECT_TRUE(verify_follows(nullptr, *read));
    EXPECT_EQ(read->hash, entry.hash);
}

TEST(EventLog, VerifiesWhatFollows) {
    EXPECT_TRUE(verify(a_log(20)));
}

TEST(EventLog, NoticesAnEntryThatIsMissingDoubledOrMoved) {
    const std::vector<LogEntry> good = a_log(6);
    for (std::size_t i = 0; i + 1 < good.size(); ++i) {
        std::vector<LogEntry> missing = good;
        missing.erase(missing.begin() + static_cast<std::ptrdiff_t>(i));
        EXPECT_EQ(verify(missing).error(), Errc::kCorrupt);

        std::vector<LogEntry> doubled = good;
        doubled.insert(doubled.begin() + static_cast<std::ptrdiff_t>(i), good[i]);
        EXPECT_EQ(verify(doubled).error(), Errc::kCorrupt);

        std::vector<LogEntry> moved = good;
        std::swap(moved[i], moved[i + 1]);
        EXPECT_EQ(verify(moved).error(), Errc::kCorrupt);
    }
}

TEST(EventLog, NoticesAMissingEntryEvenWhenTheRestIsRenumbered) {
    std::vector<LogEntry> log = a_log(4);
    log.erase(log.begin() + 1);
    log[1].sequence = 2;
    log[1].hash = entry_hash(log[1]);

    EXPECT_EQ(verify(log).error(), Errc::kCorrupt);
}

TEST(EventLog, NoticesAChangeOfAnyMember) {
    const LogEntry good = a_log(1).front();
    std::vector<LogEntry> changed(6, good);
    changed[0].sequence = 2;
    changed[1].time += std::chrono::milliseconds{1};
    changed[2].kind += "x";
    changed[3].actor = "operator:mallory";
    changed[4].data.as_object()["b"] = 2;
    changed[5].previous.bytes[0] ^= 1U;
    for (const LogEntry& entry : changed) {
        EXPECT_EQ(verify_follows(nullptr, entry).error(), Errc::kCorrupt);
    }
    for (std::size_t bit = 0; bit < 256; ++bit) {
        LogEntry flipped = good;
        flipped.hash.bytes.at(bit / 8) ^= static_cast<std::uint8_t>(1U << (bit % 8));
        EXPECT_EQ(verify_follows(nullptr, flipped).error(), Errc::kCorrupt);
    }
}

TEST(EventLog, CannotBeConfusedByTextThatLooksLikeStructure) {
    LogEntry one = an_entry();
    one.data = json::object{{"a", "1\",\"b\":\"2"}};
    LogEntry other = an_entry();
    other.data = json::object{{"a", "1"}, {"b", "2"}};

    EXPECT_NE(entry_hash(one), entry_hash(other));
}

TEST(EventLog, NamesTheEntryThatIsWrong) {
    std::vector<LogEntry> log = a_log(3);
    log[1].actor = "mallory";

    EXPECT_NE(verify(log).error().context().find("log entry 2"), std::string::npos);
}

TEST(EventLog, RefusesToReadAnotherForm) {
    const json::object good = to_json(a_log(1).front()).as_object();
    ASSERT_TRUE(parse_log_entry(good));
    struct Wrong {
        const char* member;
        json::value value;
    };
    const std::vector<Wrong> wrong{{"sequence", 0},
                                   {"sequence", "1"},
                                   {"time", "2027-01-15T08:00:00Z"},
                                   {"kind", ""},
                                   {"kind", "a\nb"},
                                   {"kind", json::string(65, 'k')},
                                   {"actor", "\x1b[2J"},
                                   {"actor", json::string(257, 'a')},
                                   {"previous", "00"},
                                   {"hash", json::string(64, 'x')},
                                   {"more", 1}};
    for (const Wrong& each : wrong) {
        json::object other = good;
        other[each.member] = each.value;
        EXPECT_EQ(parse_log_entry(other).error(), Errc::kMalformed) << each.member;
    }
    for (const auto& member : good) {
        json::object without = good;
        without.erase(member.key());
        EXPECT_EQ(parse_log_entry(without).error(), Errc::kMalformed) << member.key();
    }
    EXPECT_EQ(parse_log_entry(json::array{}).error(), Errc::kMalformed);
}

}  // namespace
}  // namespace firebreak::rollout
