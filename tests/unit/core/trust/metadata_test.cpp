// What the readers take and refuse. A reader is reached only by bytes that a trusted key signed, so
// these are the attacks of a compromised signer.

#include "core/trust/metadata.hpp"

#include <boost/json/serialize.hpp>
#include <gtest/gtest.h>

#include "core/trust/errc.hpp"
#include "tests/support/refusal.hpp"
#include "tests/support/repository_simulator.hpp"

namespace firebreak::trust {
namespace {

using test::accepted;
using test::refused;
using Simulator = test::RepositorySimulator;

constexpr std::chrono::sys_seconds kNow{std::chrono::seconds{1'800'000'000}};

/// The value at `pointer` (RFC 6901), made null first when it is a member that is not there yet.
json::value& at(json::value& document, const std::string& pointer) {
    boost::system::error_code code;
    json::value* found = document.find_pointer(pointer, code);
    if (found != nullptr) return *found;
    const std::size_t last = pointer.rfind('/');
    return document.at_pointer(pointer.substr(0, last)).as_object()[pointer.substr(last + 1)];
}

/// `document` with the JSON in `text` at `pointer`.
json::value with(json::value document, const std::string& pointer, std::string_view text) {
    at(document, pointer) = *parse_json(text);
    return document;
}

json::value without(json::value document, const std::string& parent, const std::string& member) {
    at(document, parent).as_object().erase(member);
    return document;
}

class Reader : public ::testing::Test {
protected:
    Simulator repository_{kNow};
    json::value root_ = to_json(repository_.root);
    json::value timestamp_ = to_json(repository_.timestamp);
    json::value snapshot_ = to_json(repository_.snapshot);
    json::value targets_ = to_json(repository_.roles["targets"]);
    json::value content_ = [this] {
        repository_.put_target("content", "content/a/1.fbb", to_bytes("a"), {{"counter", 1}});
        return to_json(repository_.roles["content"]);
    }();
};

TEST_F(Reader, ReadsWhatTheWriterWrites) {
    const Result<Root> root = parse_root(root_);
    const Result<Timestamp> timestamp = parse_timestamp(timestamp_);
    const Result<Snapshot> snapshot = parse_snapshot(snapshot_);
    const Result<Targets> targets = parse_targets(targets_);
    const Result<Targets> content = parse_targets(content_);

    ASSERT_TRUE(accepted(root));
    ASSERT_TRUE(accepted(timestamp));
    ASSERT_TRUE(accepted(snapshot));
    ASSERT_TRUE(accepted(targets));
    ASSERT_TRUE(accepted(content));
    EXPECT_EQ(to_json(*root), root_);
    EXPECT_EQ(to_json(*timestamp), timestamp_);
    EXPECT_EQ(to_json(*snapshot), snapshot_);
    EXPECT_EQ(to_json(*targets), targets_);
    EXPECT_EQ(to_json(*content), content_);
}

TEST_F(Reader, KeepsPathHashPrefixes) {
    const json::value document =
        without(with(targets_, "/delegations/roles/0/path_hash_prefixes", R"(["00","f"])"),
                "/delegations/roles/0", "paths");

    const Result<Targets> targets = parse_targets(document);

    ASSERT_TRUE(accepted(targets));
    EXPECT_EQ(targets->delegations->roles[0].path_hash_prefixes,
              (std::vector<std::string>{"00", "f"}));
    EXPECT_EQ(to_json(*targets), document);
}

TEST_F(Reader, TakesASnapshotAsInconsistentUnlessRootSaysSo) {
    EXPECT_FALSE(parse_root(without(root_, "", "consistent_snapshot"))->consistent_snapshot);
    EXPECT_FALSE(parse_root(with(root_, "/consistent_snapshot", "false"))->consistent_snapshot);
    EXPECT_TRUE(parse_root(with(root_, "/consistent_snapshot", "true"))->consistent_snapshot);
    EXPECT_TRUE(refused(parse_root(with(root_, "/consistent_snapshot", "1")), Errc::kMalformed));
}

TEST_F(Reader, ReadsEveryVersionOfTheSpecificationFrom1) {
    for (const char* version : {"\"1.0\"", "\"1.0.34\"", "\"1.99.0\"", "\"1.0.100000000000\""}) {
        EXPECT_TRUE(accepted(parse_timestamp(with(timestamp_, "/spec_version", version))))
            << version;
    }
    for (const char* version : {"\"0.9.0\"", "\"2.0.0\"", "\"10.0\"", "\"01.0\""}) {
        EXPECT_TRUE(refused(parse_timestamp(with(timestamp_, "/spec_version", version)),
                            Errc::kUnsupportedSpec))
            << version;
    }
    for (const char* version : {"1", "\"\"", "\"1\"", "\"1.\"", "\"1..0\"", "\"1.0.0.0\"",
                                "\"1.x\"", "\"v1.0\"", "\" 1.0\"", "null"}) {
        EXPECT_TRUE(
            refused(parse_timestamp(with(timestamp_, "/spec_version", version)), Errc::kMalformed))
            << version;
    }
}

TEST_F(Reader, KeepsTheLastVersionThereIsAndRefusesMore) {
    EXPECT_EQ(parse_timestamp(with(timestamp_, "/version", "9223372036854775807"))->version,
              9223372036854775807);
    for (const char* version : {"0", "-1", "9223372036854775808", "1.0", "\"1\"", "null", "true"}) {
        EXPECT_TRUE(
            refused(parse_timestamp(with(timestamp_, "/version", version)), Errc::kMalformed))
            << version;
    }
}

TEST_F(Reader, RefusesDatesInAnyOtherForm) {
    for (const char* date :
         {"\"2027-01-01\"", "\"2027-01-01T00:00:00\"", "\"2027-01-01T00:00:00+00:00\"",
          "\"2027-01-01T00:00:00.0Z\"", "\"2027-02-30T00:00:00Z\"", "\"2027-01-01T24:00:00Z\"",
          "\"\"", "1800000000", "null"}) {
        EXPECT_TRUE(refused(parse_timestamp(with(timestamp_, "/expires", date)), Errc::kMalformed))
            << date;
    }
}

TEST_F(Reader, DoesNotTakeOneRoleForAnother) {
    EXPECT_TRUE(refused(parse_root(targets_), Errc::kMalformed));
    EXPECT_TRUE(refused(parse_timestamp(snapshot_), Errc::kMalformed));
    EXPECT_TRUE(refused(parse_snapshot(timestamp_), Errc::kMalformed));
    EXPECT_TRUE(refused(parse_targets(root_), Errc::kMalformed));
}

TEST_F(Reader, RefusesRootWhenAnyMemberIsMissingOrOfTheWrongType) {
    for (const char* member : {"_type", "spec_version", "version", "expires", "keys", "roles"}) {
        EXPECT_TRUE(refused(parse_root(without(root_, "", member)), Errc::kMalformed)) << member;
        const std::string pointer = std::string("/") + member;
        for (const char* wrong : {"null", "[]", "1.5", "\"x\""}) {
            EXPECT_TRUE(refused(parse_root(with(root_, pointer, wrong)), Errc::kMalformed))
                << member << " " << wrong;
        }
    }
    for (const char* role : {"root", "timestamp", "snapshot", "targets"}) {
        EXPECT_TRUE(refused(parse_root(without(root_, "/roles", role)), Errc::kMalformed)) << role;
    }
}

TEST_F(Reader, RefusesThresholdsBelowOneAndRepeatedKeyIds) {
    for (const char* threshold : {"0", "-1", "2147483648", "1.0", "\"1\"", "null"}) {
        EXPECT_TRUE(refused(parse_root(with(root_, "/roles/timestamp/threshold", threshold)),
                            Errc::kMalformed))
            << threshold;
        EXPECT_TRUE(
            refused(parse_targets(with(targets_, "/delegations/roles/0/threshold", threshold)),
                    Errc::kMalformed))
            << threshold;
    }
    EXPECT_TRUE(refused(parse_root(with(root_, "/roles/timestamp/keyids", R"(["a","a"])")),
                        Errc::kMalformed));
    EXPECT_TRUE(
        refused(parse_root(with(root_, "/roles/timestamp/keyids", "[1]")), Errc::kMalformed));
}

TEST_F(Reader, RefusesAKeyUnderAnIdThatIsNotItsOwn) {
    const Key key = Simulator::signer("mallory").key();
    json::value document = root_;
    document.as_object()["keys"].as_object()[std::string(64, 'a')] = key.to_json();
    json::value upper = root_;
    std::string id = key.id();
    std::ranges::transform(id, id.begin(),
                           [](char c) { return static_cast<char>(std::toupper(c)); });
    upper.as_object()["keys"].as_object()[id] = key.to_json();

    EXPECT_TRUE(refused(parse_root(document), Errc::kMalformed));
    EXPECT_TRUE(refused(parse_root(upper), Errc::kMalformed));
}

// sigstore's new key format broke every older go-tuf client: slsa-verifier 325.
TEST_F(Reader, KeepsARootThatHasAKeyOfUnknownType) {
    const Key unknown = *Key::from_json(
        *parse_json(R"({"keytype":"new","scheme":"new","keyval":{"public":"00"}})"));
    json::value document = root_;
    document.as_object()["keys"].as_object()[unknown.id()] = unknown.to_json();

    EXPECT_TRUE(accepted(parse_root(document)));
}

TEST_F(Reader, RefusesHostileMetaFiles) {
    const auto meta = [this](const char* text) {
        return parse_timestamp(with(timestamp_, "/meta/snapshot.json", text));
    };
    EXPECT_TRUE(accepted(meta(R"({"version":1})")));
    for (const char* text :
         {"null", "1", "[]", "{}", R"({"version":0})", R"({"version":1,"length":-1})",
          R"({"version":1,"length":null})", R"({"version":1,"hashes":null})",
          R"({"version":1,"hashes":{}})", R"({"version":1,"hashes":{"sha256":null}})",
          R"({"version":1,"hashes":{"sha256":"00"}})", R"({"version":1,"hashes":["00"]})"}) {
        EXPECT_TRUE(refused(meta(text), Errc::kMalformed)) << text;
    }
    EXPECT_TRUE(refused(parse_timestamp(with(timestamp_, "/meta", "{}")), Errc::kMalformed));
    EXPECT_TRUE(refused(parse_timestamp(with(timestamp_, "/meta", "null")), Errc::kMalformed));
    EXPECT_TRUE(refused(parse_snapshot(with(snapshot_, "/meta/content", R"({"version":1})")),
                        Errc::kMalformed));
    EXPECT_TRUE(
        refused(parse_snapshot(with(snapshot_, "/meta/content.json", "null")), Errc::kMalformed));
}

TEST_F(Reader, RefusesHostileTargetFiles) {
    const std::string digest(64, 'A');
    const auto file = [this](const std::string& text) {
        return parse_targets(with(content_, "/targets/content~1a~11.fbb", text));
    };
    const Result<Targets> upper = file(R"({"length":0,"hashes":{"sha256":")" + digest + R"("}})");
    ASSERT_TRUE(accepted(upper));
    EXPECT_EQ(upper->targets.begin()->second.hashes.at("sha256"), std::string(64, 'a'));
    for (const char* text :
         {"null", "{}", R"({"length":1})", R"({"length":1,"hashes":{}})",
          R"({"length":1,"hashes":null})", R"({"length":-1,"hashes":{"x":"y"}})",
          R"({"length":"1","hashes":{"x":"y"}})", R"({"hashes":{"x":"y"}})",
          R"({"length":1,"hashes":{"sha512":"zz"}})", R"({"length":1,"hashes":{"sha256":"../x"}})",
          R"({"length":1,"hashes":{"x":"y"},"custom":null})",
          R"({"length":1,"hashes":{"x":"y"},"custom":[]})"}) {
        EXPECT_TRUE(refused(file(text), Errc::kMalformed)) << text;
    }
}

TEST_F(Reader, RefusesHostileDelegations) {
    const auto role = [this](const std::string& member, std::string_view text) {
        return parse_targets(with(targets_, "/delegations/roles/0" + member, text));
    };
    for (const char* text : {"null", "[]", "{}", R"({"keys":{}})", R"({"roles":[]})",
                             R"({"keys":null,"roles":[]})", R"({"keys":{},"roles":[null]})"}) {
        EXPECT_TRUE(refused(parse_targets(with(targets_, "/delegations", text)), Errc::kMalformed))
            << text;
    }
    // A delegated role must not pass itself off as one that root speaks for.
    for (const char* name :
         {"\"\"", "\"root\"", "\"timestamp\"", "\"snapshot\"", "\"targets\"", "null", "1"}) {
        EXPECT_TRUE(refused(role("/name", name), Errc::kMalformed)) << name;
    }
    EXPECT_TRUE(refused(role("/name", "\"rollout\""), Errc::kMalformed));  // Twice.
    EXPECT_TRUE(refused(role("/paths", "null"), Errc::kMalformed));
    EXPECT_TRUE(refused(role("/paths", "[1]"), Errc::kMalformed));
    EXPECT_TRUE(refused(role("/path_hash_prefixes", "[\"00\"]"), Errc::kMalformed));  // Both.
    EXPECT_TRUE(refused(role("/terminating", "1"), Errc::kMalformed));
    EXPECT_TRUE(refused(parse_targets(without(targets_, "/delegations/roles/0", "paths")),
                        Errc::kMalformed));
    EXPECT_TRUE(refused(parse_targets(without(targets_, "/delegations/roles/0", "terminating")),
                        Errc::kMalformed));
}

TEST_F(Reader, NamesNoBytesOfTheDocumentInItsErrors) {
    json::value document = content_;
    document.as_object()["targets"].as_object()["\x1b[2J evil"] = nullptr;

    const Result<Targets> refusal = parse_targets(document);

    ASSERT_FALSE(refusal);
    EXPECT_EQ(refusal.error().context(), "targets.targets[1]: must be an object");
}

}  // namespace
}  // namespace firebreak::trust
