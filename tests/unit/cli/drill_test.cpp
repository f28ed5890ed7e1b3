// The pieces of a drill: which bundle is next, what its devices say, and when it is passed.

#include "cli/drill.hpp"

#include <boost/json/serialize.hpp>
#include <gtest/gtest.h>
#include <set>

#include "core/base/encoding.hpp"
#include "core/base/errc.hpp"
#include "core/content/bundle.hpp"
#include "core/health/message_signature.hpp"
#include "core/trust/key.hpp"
#include "tests/support/fake_clock.hpp"
#include "tests/support/memory_file_store.hpp"

namespace firebreak::cli {
namespace {

const DrillPlace kPlace{.stream = "drill", .tenant = "drill", .ring = "vendor", .newest = 1};

class DrillCommandTest : public ::testing::Test {
protected:
    void put_bundle(const std::string& name, const std::string& stream, std::int64_t counter) {
        content::Manifest manifest;
        manifest.stream = stream;
        manifest.counter = counter;
        manifest.content_type = "yara-source";
        manifest.author = "test";
        files_.files["drills/" + name] =
            *content::pack_bundle(manifest, {{"a.yar", to_bytes("rule a { condition: false }")}});
    }

    test::MemoryFileStore files_;
    test::FakeClock clock_;
    SeededRandom random_{7};
    Context context_{files_, clock_, random_,
                     [](const std::string&, std::string_view) -> Result<SecretBytes> {
                         return fail(firebreak::Errc::kUnavailable, "no terminal");
                     }};
};

TEST_F(DrillCommandTest, TakesTheNextUnusedOneByCounterAndNotByName) {
    put_bundle("10.fbb", "drill", 10);
    put_bundle("2.fbb", "drill", 2);
    put_bundle("9.fbb", "drill", 9);
    files_.files["drills/plan.yaml"] = {};
    const auto drills = read_drills(context_, "drills", "drill");
    ASSERT_TRUE(drills) << drills.error().to_string();
    ASSERT_EQ(drills->size(), 3U);

    EXPECT_EQ(drills->at(*next_drill(*drills, 0, "drills")).file, "drills/2.fbb");
    EXPECT_EQ(drills->at(*next_drill(*drills, 2, "drills")).file, "drills/9.fbb");
    EXPECT_EQ(drills->at(*next_drill(*drills, 9, "drills")).file, "drills/10.fbb");
    const auto none = next_drill(*drills, 10, "drills");
    EXPECT_EQ(none.error(), Errc::kBadInput);
    EXPECT_NE(none.error().context().find("all 3 drills in it are used up"), std::string::npos);
}

TEST_F(DrillCommandTest, PublishesNothingOfAnotherStream) {
    put_bundle("1.fbb", "drill", 1);
    put_bundle("2.fbb", "yara", 2);
    const auto drills = read_drills(context_, "drills", "drill");
    ASSERT_FALSE(drills);
    EXPECT_EQ(drills.error(), Errc::kBadInput);
    EXPECT_NE(drills.error().context().find("2.fbb: is of stream yara"), std::string::npos);
}

TEST_F(DrillCommandTest, AFolderWithoutABundleIsNoDrill) {
    files_.files["drills/plan.yaml"] = {};
    EXPECT_EQ(read_drills(context_, "drills", "drill").error(), Errc::kBadInput);
    files_.files["drills/1.fbb"] = to_bytes("no bundle");
    EXPECT_FALSE(read_drills(context_, "drills", "drill"));
}

TEST_F(DrillCommandTest, ReadsWhereTheServerHoldsDrills) {
    const json::object said{{"stream", "drill"}, {"tenant", "t"}, {"ring", "r"}, {"last", nullptr}};
    const auto first = parse_drill_place(said);
    ASSERT_TRUE(first) << first.error().to_string();
    EXPECT_EQ(first->newest, 0);
    json::object later = said;
    later["last"] = {{"counter", 7}};
    EXPECT_EQ(parse_drill_place(later)->newest, 7);
    json::object bad = said;
    bad["stream"] = "../yara";
    EXPECT_FALSE(parse_drill_place(bad));
    bad = said;
    bad["last"] = {{"counter", "7"}};
    EXPECT_FALSE(parse_drill_place(bad));
    EXPECT_FALSE(parse_drill_place(json::array{}));
}

/// A server that takes devices in, and checks what they sign.
class DrillDevicesTest : public DrillCommandTest {
protected:
    Exchange exchange() {
        return [this](const net::Request& request, std::uint64_t) { return answer(request); };
    }

    Result<net::Response> answer(const net::Request& request) {
        const json::value body = *parse_json(request.body);
        if (request.target == "/v1/enrol") return enrol(body);
        const Bytes key(32, 9);
        const auto verified = health::verify_message(
            {request.method, request.target, bytes_of(request.body)},
            {request.headers.at("Content-Digest"), request.headers.at("Signature-Input"),
             request.headers.at("Signature")},
            key);
        EXPECT_TRUE(verified) << verified.error().to_string();
        reports_.push_back(*health::parse_report(request.body));
        return net::Response{200, {}, R"({"duplicate":false,"may_activate":true})"};
    }

    Result<net::Response> enrol(const json::value& body) {
        const Bytes key = *hex_decode(body.at("public_key").as_string());
        Bytes message = to_bytes(std::string_view("firebreak-enrol-v1\0", 19));
        for (const char c : body.at("token").as_string()) {
            message.push_back(static_cast<std::uint8_t>(c));
        }
        message.push_back(0);
        message.insert(message.end(), key.begin(), key.end());
        EXPECT_TRUE(trust::Key::ed25519(key).verifies(
            message, *hex_decode(body.at("signature").as_string())));
        ++enrolled_;
        keys_.insert(hex_encode(key));
        if (enrolled_ == lost_answer_) return fail(firebreak::Errc::kUnavailable, "cut off");
        if (refuses_) {
            return net::Response{401, {}, "{\"detail\":\"it is unknown\\nspent\"}"};
        }
        return net::Response{
            201,
            {},
            json::serialize(json::object{
                {"device", "d-" + std::string(body.at("public_key").as_string(), 0, 32)},
                {"tenant", tenant_},
                {"ring", "vendor"},
                {"mac_key", base64_encode(Bytes(32, 9))}})};
    }

    Result<std::vector<std::string>> muster(int count, const std::string& token = "token") {
        files_.files["token"] = to_bytes("fbe_x_y\n");
        DrillDevices devices(context_, exchange(), "state/devices.json");
        const auto done = devices.muster(kPlace, count, token, Sha256{});
        if (!done) return fail(done.error());
        std::vector<std::string> ids;
        for (DrillDevice& device : devices.all()) {
            EXPECT_TRUE(devices.say(device, health::Kind::kHeartbeat, kPlace, 0, Sha256{}));
            ids.push_back(device.id);
        }
        return ids;
    }

    std::vector<health::Report> reports_;
    std::string tenant_ = "drill";
    bool refuses_ = false;
    int enrolled_ = 0;
    std::set<std::string> keys_;
    int lost_answer_ = 0;
};

TEST_F(DrillDevicesTest, AreTheSameFromDrillToDrillAndNeverReuseASequenceNumber) {
    const auto first = muster(3);
    ASSERT_TRUE(first) << first.error().to_string();
    EXPECT_EQ(enrolled_, 3);

    const auto second = muster(3, "");

    ASSERT_TRUE(second) << second.error().to_string();
    EXPECT_EQ(*second, *first);
    EXPECT_EQ(enrolled_, 3);
    ASSERT_EQ(reports_.size(), 6U);
    EXPECT_EQ(reports_[0].device, reports_[3].device);
    EXPECT_GT(reports_[3].sequence, reports_[0].sequence);
}

TEST_F(DrillDevicesTest, ALostAnswerIsAskedForAgainWithTheSameKey) {
    lost_answer_ = 2;
    EXPECT_FALSE(muster(3));
    const Bytes kept = files_.files.at("state/devices.json");
    lost_answer_ = 0;

    ASSERT_TRUE(muster(3));

    EXPECT_EQ(enrolled_, 4) << "the first was enrolled, and is not again";
    const auto seeds = [](const Bytes& file) {
        std::vector<std::string> all;
        const json::value state = *parse_json(text_of(file));
        for (const json::value& each : state.at("devices").as_array()) {
            all.emplace_back(each.at("seed").as_string());
        }
        return all;
    };
    EXPECT_EQ(seeds(files_.files.at("state/devices.json")), seeds(kept));
}

TEST_F(DrillDevicesTest, ATokenOfRealDevicesIsRefusedAtTheFirst) {
    tenant_ = "acme";
    const auto ids = muster(3);
    ASSERT_FALSE(ids);
    EXPECT_EQ(ids.error(), Errc::kBadInput);
    EXPECT_NE(ids.error().context().find("firebreak fleet revoke d-"), std::string::npos);
    EXPECT_EQ(enrolled_, 1);

    tenant_ = "drill";
    ASSERT_TRUE(muster(3));
    EXPECT_EQ(keys_.size(), 4U) << "the first key is a real device's now";
}

TEST_F(DrillDevicesTest, ARefusalIsOneLineAndWithoutATokenItSaysHowToMakeOne) {
    refuses_ = true;
    const auto refused = muster(1);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error(), Errc::kRefused);
    EXPECT_EQ(refused.error().context().find('\n'), std::string::npos);

    const auto without = muster(1, "");
    ASSERT_FALSE(without);
    EXPECT_EQ(without.error(), Errc::kBadInput);
    EXPECT_NE(without.error().context().find("enrol-token --tenant drill --ring vendor"),
              std::string::npos);
}

TEST_F(DrillDevicesTest, ADamagedStateIsAnErrorAndNotANewFleet) {
    ASSERT_TRUE(muster(1));
    for (const char* bad : {"{", "[]", R"({"devices":[{}],"sequence":1})", R"({"devices":[]})",
                            R"({"devices":[{"seed":"00","device":"","mac_key":""}],"sequence":1})",
                            R"({"devices":[],"sequence":-1})"}) {
        files_.files["state/devices.json"] = to_bytes(std::string_view(bad));
        EXPECT_FALSE(muster(1)) << bad;
    }
    EXPECT_EQ(enrolled_, 1);
}

class DrillVerdictTest : public ::testing::Test {
protected:
    DrillVerdictTest() {
        trust::RingPointer pointer;
        pointer.stream = "drill";
        pointer.content_path = "content/drill/2.fbb";
        pointer.counter = 2;
        pointer.rings["vendor"] = {trust::kPpbAll, "halted"};
        pointer.recall = trust::Recall{2, 0};
        trust::ContentTerms terms;
        terms.counter = 2;
        terms.ceiling = {{"vendor", {}, trust::kPpbAll}};
        trust::FoundTarget content{"content", pointer.content_path, {}};
        content.file.custom = trust::to_json(terms);
        end_.seen = Published{pointer, content};
        end_.let_in = {"d-1", "d-2", "d-3"};
        end_.drill = {
            {"last",
             {{"counter", 2}, {"phase", "halted"}, {"passed", true}, {"halt_seconds", 2.5}}}};
        end_.rollout = {{"reason", "crashes"}, {"rings", {{{"name", "vendor"}, {"activated", 3}}}}};
    }

    DrillVerdict judge() const { return judge_drill(end_, kPlace, 2); }
    json::object& last() { return end_.drill.at("last").as_object(); }
    json::array& rings() { return end_.rollout.at("rings").as_array(); }

    DrillEnd end_;
};

TEST_F(DrillVerdictTest, PassesWhenAllOfItIsShown) {
    EXPECT_TRUE(judge().passed());
    EXPECT_EQ(judge().halt_seconds, 2.5);
    EXPECT_EQ(judge().reason, "crashes");
}

TEST_F(DrillVerdictTest, NothingSeenIsNothingShown) {
    const DrillVerdict verdict = judge_drill({}, kPlace, 2);
    EXPECT_FALSE(verdict.halted);
    EXPECT_FALSE(verdict.recalled);
    EXPECT_FALSE(verdict.contained);
}

TEST_F(DrillVerdictTest, AHaltByAPersonIsNone) {
    last()["passed"] = false;
    EXPECT_FALSE(judge().halted);
    EXPECT_EQ(judge().reason, "a person halted it");
}

TEST_F(DrillVerdictTest, AnotherDrillsHaltIsNone) {
    last()["counter"] = 1;
    EXPECT_FALSE(judge().halted);
}

TEST_F(DrillVerdictTest, AHaltThatNoDeviceCanSeeIsNoRecall) {
    end_.seen->pointer.recall.reset();
    EXPECT_FALSE(judge().recalled);
    EXPECT_FALSE(judge().passed());
}

TEST_F(DrillVerdictTest, ARecallUnderAnOpenRingIsNone) {
    end_.seen->pointer.rings["vendor"].state = "rolling";
    EXPECT_FALSE(judge().recalled);
}

TEST_F(DrillVerdictTest, OneDeviceMoreThanOursIsNotContained) {
    rings()[0].as_object()["activated"] = 4;
    EXPECT_FALSE(judge().contained);
    EXPECT_FALSE(judge().passed());
}

TEST_F(DrillVerdictTest, AnOfferToAnotherRingIsNotContained) {
    end_.seen->pointer.rings["broad"] = {0, "closed"};
    EXPECT_FALSE(judge().contained);
}

TEST_F(DrillVerdictTest, ACeilingForAnotherRingIsNotContained) {
    trust::ContentTerms terms;
    terms.counter = 2;
    terms.ceiling = {{"vendor", {}, 1}, {"broad", {}, 1}};
    end_.seen->content.file.custom = trust::to_json(terms);
    EXPECT_FALSE(judge().contained);
}

TEST_F(DrillVerdictTest, ARolloutOfAnotherRingIsNotContained) {
    rings()[0].as_object()["name"] = "broad";
    EXPECT_FALSE(judge().contained);
    rings().clear();
    EXPECT_FALSE(judge().contained);
}

}  // namespace
}  // namespace firebreak::cli
