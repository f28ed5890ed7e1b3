// The documents of the ring rule: the pointer that the online key signs, and the terms that the
// offline keys sign.

#include <boost/json/serialize.hpp>
#include <gtest/gtest.h>

#include "core/trust/errc.hpp"
#include "core/trust/ring_rule.hpp"
#include "tests/support/refusal.hpp"

namespace firebreak::trust {
namespace {

using std::chrono::seconds;
using test::accepted;
using test::refused;

constexpr std::chrono::sys_seconds kNow{seconds{1'800'000'000}};

const Sha256 kEngine = sha256(bytes_of("engine"));

json::object valid_pointer() {
    RingPointer pointer;
    pointer.stream = "yara";
    pointer.content_path = "content/yara/41.fbb";
    pointer.counter = 41;
    pointer.rings["canary"] = {1, "rolling"};
    pointer.recall = Recall{41, 40};
    pointer.recalled = {39, 37};
    return to_json(pointer).as_object();
}

Result<RingPointer> parse(const json::object& object) {
    return parse_ring_pointer(to_bytes(json::serialize(object)));
}

TEST(RingPointerDocument, ReadsWhatItWrites) {
    const auto pointer = parse(valid_pointer());

    ASSERT_TRUE(accepted(pointer));
    EXPECT_EQ(to_json(*pointer), valid_pointer());
    EXPECT_EQ(pointer->recall->to_counter, 40);
    EXPECT_EQ(pointer->recalled, (std::vector<std::int64_t>{39, 37}));
}

TEST(RingPointerDocument, RecallsSoManyOlderCountersAndNoMore) {
    json::object object = valid_pointer();
    json::array& recalled = object["recalled"].emplace_array();
    for (std::size_t i = 0; i < kRecalledMax; ++i) recalled.emplace_back(7);
    EXPECT_TRUE(accepted(parse(object)));
    recalled.emplace_back(7);
    EXPECT_TRUE(refused(parse(object), Errc::kMalformed));
}

TEST(RingPointerDocument, IgnoresMembersItDoesNotKnow) {
    json::object object = valid_pointer();
    object["from_the_future"] = json::array{1.5, nullptr};
    EXPECT_TRUE(accepted(parse(object)));
    object.erase("recall");
    object.erase("recalled");
    EXPECT_FALSE(parse(object)->recall);
    EXPECT_TRUE(parse(object)->recalled.empty());
}

TEST(RingPointerDocument, RefusesMissingMembersAndWrongTypes) {
    for (const auto& [name, value] : valid_pointer()) {
        json::object object = valid_pointer();
        for (const json::value& wrong : {json::value(nullptr), json::value(1.5), json::value("x"),
                                         json::value(json::array()), json::value(true)}) {
            if (value.is_string() && wrong.is_string() && name != "sha256") continue;
            if (value.is_array() && wrong.is_array()) continue;
            object[name] = wrong;
            EXPECT_TRUE(refused(parse(object), Errc::kMalformed)) << name << " " << wrong;
        }
        if (name == "recall" || name == "recalled") continue;
        object.erase(name);
        EXPECT_TRUE(refused(parse(object), Errc::kMalformed)) << name;
    }
}

struct Hostile {
    const char* member;
    const char* value;
};

class RingPointerHostile : public ::testing::TestWithParam<Hostile> {};

TEST_P(RingPointerHostile, IsRefused) {
    json::object object = valid_pointer();
    object[GetParam().member] = *parse_json(GetParam().value);
    EXPECT_TRUE(refused(parse(object), Errc::kMalformed));
}

INSTANTIATE_TEST_SUITE_P(
    Table, RingPointerHostile,
    ::testing::Values(Hostile{"counter", "0"}, Hostile{"counter", "-1"},
                      Hostile{"counter", "9223372036854775808"}, Hostile{"sha256", "\"00\""},
                      Hostile{"rings", R"({"a":null})"}, Hostile{"rings", R"({"a":{}})"},
                      Hostile{"rings", R"({"a":{"threshold_ppb":-1,"state":"rolling"}})"},
                      Hostile{"rings", R"({"a":{"threshold_ppb":1000000001,"state":"rolling"}})"},
                      Hostile{"rings", R"({"a":{"threshold_ppb":0.5,"state":"rolling"}})"},
                      Hostile{"rings", R"({"a":{"threshold_ppb":1,"state":"go"}})"},
                      Hostile{"rings", R"({"a":{"threshold_ppb":1,"state":""}})"},
                      Hostile{"recall", R"({"counter":41})"},
                      Hostile{"recall", R"({"counter":41,"to_counter":41})"},
                      Hostile{"recall", R"({"counter":41,"to_counter":42})"},
                      Hostile{"recall", R"({"counter":0,"to_counter":0})"},
                      Hostile{"recall", R"({"counter":41,"to_counter":-1})"},
                      Hostile{"recalled", "[0]"}, Hostile{"recalled", "[\"7\"]"},
                      Hostile{"recalled", "[9223372036854775808]"}, Hostile{"poll_seconds", "0"},
                      Hostile{"poll_seconds", "-60"},
                      Hostile{"poll_seconds", "9223372036854775807"},
                      Hostile{"confirm_seconds", "0"}, Hostile{"heartbeat_seconds", "2592001"}));

TEST(RingPointerDocument, RefusesWhatIsNotOneStrictJsonObject) {
    for (const char* text : {"", "null", "[]", "{}", "{\"stream\":\"a\",\"stream\":\"b\"}"}) {
        EXPECT_TRUE(refused(parse_ring_pointer(bytes_of(text)), Errc::kMalformed)) << text;
    }
    EXPECT_TRUE(refused(parse_ring_pointer(Bytes(70'000, ' ')), Errc::kMalformed));
}

class AcceptRingPointer : public ::testing::Test {
protected:
    const Bytes bytes_ = to_bytes(json::serialize(valid_pointer()));
    FoundTarget found_{
        "rollout", "rings/yara.json", {bytes_.size(), {{"sha256", sha256(bytes_).hex()}}, {}}};
};

TEST_F(AcceptRingPointer, TakesTheRolloutRolesWord) {
    EXPECT_TRUE(accepted(accept_ring_pointer(found_, bytes_)));
}

TEST_F(AcceptRingPointer, RefusesAnybodyElses) {
    for (const char* role : {"targets", "content", ""}) {
        found_.role = role;
        EXPECT_TRUE(refused(accept_ring_pointer(found_, bytes_), Errc::kPointerMismatch)) << role;
    }
}

TEST_F(AcceptRingPointer, RefusesOtherBytesThanTheRoleVouchesFor) {
    Bytes other = bytes_;
    other[5] ^= 1U;
    EXPECT_TRUE(refused(accept_ring_pointer(found_, other), Errc::kHashMismatch));
}

TEST_F(AcceptRingPointer, RefusesAnotherStreamsPointerUnderThisName) {
    found_.path = "rings/sigma.json";
    EXPECT_TRUE(refused(accept_ring_pointer(found_, bytes_), Errc::kPointerMismatch));
}

TEST(ContentTermsDocument, ReadsWhatItWritesAndIgnoresTheUnknown) {
    ContentTerms terms;
    terms.counter = 7;
    terms.builds = {kEngine};
    terms.ceiling = {{"canary", kNow, 5}};
    json::object object = to_json(terms);
    object["from_the_future"] = 1;

    const auto read = parse_content_terms(object);

    ASSERT_TRUE(accepted(read));
    EXPECT_EQ(to_json(*read), to_json(terms));
}

TEST(ContentTermsDocument, RefusesHostileMembers) {
    const std::vector<std::pair<const char*, const char*>> table{
        {"counter", "0"},
        {"counter", "null"},
        {"builds", "null"},
        {"builds", "[1]"},
        {"builds", R"(["00"])"},
        {"attestation", R"("zz")"},
        {"floor", "-1"},
        {"floor", "1.5"},
        {"ceiling", "{}"},
        {"ceiling", "[null]"},
        {"ceiling", R"([{"ring":"a","not_before":"2027-01-01","max_ppb":1}])"},
        {"ceiling", R"([{"ring":"a","not_before":"2027-01-01T00:00:00Z","max_ppb":-1}])"},
        {"ceiling", R"([{"ring":"a","not_before":"2027-01-01T00:00:00Z","max_ppb":1000000001}])"},
        {"ceiling", R"([{"ring":"a","not_before":"2027-01-01T00:00:00Z"}])"},
        {"ceiling", R"([{"not_before":"2027-01-01T00:00:00Z","max_ppb":1}])"}};
    ContentTerms terms;
    terms.counter = 7;
    for (const auto& [member, text] : table) {
        json::object object = to_json(terms);
        object[member] = *parse_json(text);
        EXPECT_TRUE(refused(parse_content_terms(object), Errc::kMalformed)) << member << text;
    }
    for (const char* member : {"counter", "builds", "attestation", "ceiling", "floor"}) {
        json::object object = to_json(terms);
        object.erase(member);
        EXPECT_TRUE(refused(parse_content_terms(object), Errc::kMalformed)) << member;
    }
}

}  // namespace
}  // namespace firebreak::trust
