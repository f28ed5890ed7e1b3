// The small parts at the agent's rim: what it keeps, reads and asks.

#include <gtest/gtest.h>
#include <set>

#include "client/backoff.hpp"
#include "client/bounded_lines.hpp"
#include "client/config.hpp"
#include "client/device_identity.hpp"
#include "client/enrolment.hpp"
#include "client/metadata_store.hpp"
#include "client/server_link.hpp"
#include "core/base/encoding.hpp"
#include "core/base/errc.hpp"
#include "core/base/random.hpp"
#include "core/trust/key.hpp"
#include "tests/support/memory_file_store.hpp"

namespace firebreak::client {
namespace {

using firebreak::test::MemoryFileStore;
using std::chrono::milliseconds;
using std::chrono::seconds;

// --- Back-off -----------------------------------------------------------------------------------

TEST(Backoff, StaysWithinItsDoublingCeiling) {
    SeededRandom random(1);
    Backoff backoff;
    milliseconds ceiling = Backoff::kFirst;
    for (int i = 0; i < 40; ++i) {
        ceiling = std::min(Backoff::kMost, ceiling * 2);
        const milliseconds wait = backoff.next(random);

        EXPECT_GE(wait, Backoff::kLeast);
        EXPECT_LE(wait, ceiling);
    }
}

TEST(Backoff, StartsAnewAfterASuccess) {
    SeededRandom random(1);
    Backoff backoff;
    for (int i = 0; i < 20; ++i) backoff.next(random);
    backoff.reset();

    EXPECT_LE(backoff.next(random), Backoff::kFirst * 2);
}

TEST(Backoff, JitterStaysWithinAQuarter) {
    SeededRandom random(1);
    for (int i = 0; i < 1000; ++i) {
        const milliseconds wait = jittered(seconds{60}, random);

        EXPECT_GE(wait, seconds{45});
        EXPECT_LE(wait, seconds{75});
    }
}

// --- Lines --------------------------------------------------------------------------------------

TEST(BoundedLines, KeepsTheNewest) {
    MemoryFileStore store;
    BoundedLines lines(store, "/lines", 10);
    for (int i = 0; i < 25; ++i) {
        lines.add({{"i", i}});
        ASSERT_TRUE(lines.flush());
    }

    const json::array read = read_lines(store, "/lines");

    ASSERT_EQ(read.size(), 10U);
    EXPECT_EQ(read.front().at("i").as_int64(), 15);
    EXPECT_EQ(read.back().at("i").as_int64(), 24);
}

TEST(BoundedLines, WritesLaterWhatAFullDiskRefused) {
    MemoryFileStore store;
    BoundedLines lines(store, "/lines", 10);
    store.fail_change(1);
    lines.add({{"i", 1}});
    EXPECT_FALSE(lines.flush());

    lines.add({{"i", 2}});
    EXPECT_TRUE(lines.flush());

    EXPECT_EQ(read_lines(store, "/lines").size(), 2U);
}

TEST(BoundedLines, ReadsPastWhatIsNoJson) {
    MemoryFileStore store;
    store.files["/lines"] = to_bytes("{\"i\":1}\nnonsense\n[]\n{\"i\":2}\n{\"cut");

    EXPECT_EQ(read_lines(store, "/lines").size(), 2U);
}

// --- Metadata -----------------------------------------------------------------------------------

TEST(MetadataStore, NoRoleNameLeavesTheFolder) {
    MemoryFileStore store;
    MetadataStore metadata(store, "/tuf");
    for (const char* const role : {"../../etc/passwd", "a/b", "..", ".", "CON", "Root", "\n"}) {
        ASSERT_TRUE(metadata.persist(role, bytes_of("x")));
        EXPECT_EQ(text_of(metadata.load().at(role)), "x");
    }
    for (const auto& [path, bytes] : store.files) {
        EXPECT_TRUE(path.starts_with("/tuf/"));
        EXPECT_EQ(path.find('/', 5), std::string::npos) << path;
        EXPECT_EQ(path.find(".."), std::string::npos) << path;
    }
}

TEST(MetadataStore, RolesThatDifferInCaseAloneHaveTheirOwnFiles) {
    EXPECT_EQ(encode_role("root"), "root");
    EXPECT_EQ(encode_role("Root"), "%52oot");
}

TEST(MetadataStore, RefusesNamesThatNoFileCanHave) {
    MemoryFileStore store;
    MetadataStore metadata(store, "/tuf");

    EXPECT_FALSE(metadata.persist("", bytes_of("x")));
    EXPECT_FALSE(metadata.persist(std::string(500, 'x'), bytes_of("x")));
    EXPECT_TRUE(store.files.empty());
}

TEST(MetadataStore, IgnoresFilesItNeverWrote) {
    MemoryFileStore store;
    for (const char* const name : {"Root.json", "%2.json", "%72oot.json", "root.txt", "%.json"}) {
        store.files[std::string("/tuf/") + name] = to_bytes("x");
    }

    EXPECT_TRUE(MetadataStore(store, "/tuf").load().empty());
}

// --- The server's answers -----------------------------------------------------------------------

TEST(ServerLink, ReadsRetryAfterInSecondsAndBoundsIt) {
    const auto asked = [](const char* value) {
        return retry_after({.status = 503, .headers = {{"Retry-After", value}}, .body = {}});
    };
    EXPECT_EQ(asked("120"), seconds{120});
    EXPECT_EQ(asked("99999999"), ServerLink::kRetryAfterMax);
    EXPECT_FALSE(asked("Wed, 21 Oct 2026 07:28:00 GMT"));
    EXPECT_FALSE(asked("-5"));
    EXPECT_FALSE(asked("99999999999999999999"));
    EXPECT_FALSE(asked(""));
}

TEST(ServerLink, NamesAProblemOnlyInItsOwnForm) {
    const auto text = [](const char* body) {
        return error_of({.status = 401, .headers = {}, .body = body}, "enrol").context();
    };
    EXPECT_EQ(text(R"({"type":"https://firebreak.invalid/problems/enrolment-token-invalid"})"),
              "enrol: HTTP 401 enrolment-token-invalid");
    EXPECT_EQ(text(R"({"type":"https://firebreak.invalid/problems/\u001b[31m"})"),
              "enrol: HTTP 401");
    EXPECT_EQ(text("<html>"), "enrol: HTTP 401");
}

// --- Who the device is --------------------------------------------------------------------------

TEST(DeviceKey, SignsWhatItsPublicKeyVerifies) {
    SeededRandom random(1);
    const DeviceKey key = DeviceKey::generate(random);
    const trust::Key verifier = trust::Key::ed25519(key.public_key());

    EXPECT_TRUE(verifier.verifies(bytes_of("message"), key.sign(bytes_of("message"))));
    EXPECT_FALSE(verifier.verifies(bytes_of("Message"), key.sign(bytes_of("message"))));
}

TEST(DeviceKey, ComesBackFromDiskAsItWas) {
    MemoryFileStore store;
    SeededRandom random(1);
    const DeviceKey key = DeviceKey::generate(random);
    ASSERT_TRUE(key.save(store, "/device.key"));

    const Result<DeviceKey> read = DeviceKey::load(store, "/device.key");

    ASSERT_TRUE(read);
    EXPECT_EQ(read->public_key(), key.public_key());
}

TEST(DeviceKey, RefusesAFileOfAnotherLength) {
    MemoryFileStore store;
    for (const std::size_t length : {0U, 31U, 33U, 64U}) {
        store.files["/device.key"] = Bytes(length);
        EXPECT_EQ(DeviceKey::load(store, "/device.key").error(), make_error_code(Errc::kCorrupt));
    }
}

constexpr const char* kIdentity = R"({"device":"dev-1","tenant":"acme","ring":"canary",)"
                                  R"("mac_key":"WlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlo="})";

TEST(Identity, ComesBackFromDiskAsItWas) {
    MemoryFileStore store;
    const Result<Identity> identity = parse_identity(kIdentity);
    ASSERT_TRUE(identity);
    ASSERT_TRUE(save_identity(store, "/identity.json", *identity));

    const Result<Identity> read = load_identity(store, "/identity.json");

    ASSERT_TRUE(read);
    EXPECT_EQ(read->device, "dev-1");
    EXPECT_EQ(read->ring, "canary");
    EXPECT_EQ(copy_of(read->mac_key.view()), Bytes(32, 0x5A));
}

TEST(Identity, RefusesNamesThatAreNotPlainAndKeysThatAreTooShort) {
    const auto with = [](const std::string& from, const std::string& to) {
        std::string text = kIdentity;
        return text.replace(text.find(from), from.size(), to);
    };
    EXPECT_FALSE(parse_identity(with("dev-1", "../x")));
    EXPECT_FALSE(parse_identity(with("acme", "")));
    EXPECT_FALSE(parse_identity(with("canary", "a\\u000ab")));
    EXPECT_FALSE(parse_identity(with("canary", std::string(65, 'a'))));
    EXPECT_FALSE(parse_identity(with("WlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlo=", "WlpaWg==")));
    EXPECT_FALSE(parse_identity(with("WlpaWlpa", "!!!!!!!!")));
    EXPECT_FALSE(parse_identity("[]"));
}

TEST(Enrolment, ProvesPossessionAsTheApiSays) {
    SeededRandom random(1);
    const DeviceKey key = DeviceKey::generate(random);
    const Sha256 build = sha256(bytes_of("engine"));

    const Result<json::value> body =
        parse_json(enrolment_body(key, "token-1", build, {{"host", "h"}}));

    ASSERT_TRUE(body);
    Bytes message = to_bytes("firebreak-enrol-v1");
    message.push_back(0);
    for (const char c : std::string("token-1")) message.push_back(static_cast<std::uint8_t>(c));
    message.push_back(0);
    message.insert(message.end(), key.public_key().begin(), key.public_key().end());
    const Result<Bytes> signature = hex_decode(std::string(body->at("signature").as_string()));
    ASSERT_TRUE(signature);
    EXPECT_TRUE(trust::Key::ed25519(key.public_key()).verifies(message, *signature));
    EXPECT_EQ(body->at("public_key").as_string(), hex_encode(key.public_key()));
    EXPECT_EQ(body->at("engine_build").as_string(), build.hex());
    EXPECT_EQ(body->at("attributes").at("host").as_string(), "h");
}

TEST(Enrolment, ReadsTheTokenOfTheFirstLine) {
    EXPECT_EQ(parse_token(bytes_of("abc\n")).value(), "abc");
    EXPECT_EQ(parse_token(bytes_of("  abc \r\nsecond line")).value(), "abc");
    EXPECT_FALSE(parse_token(bytes_of("")));
    EXPECT_FALSE(parse_token(bytes_of("\nabc")));
    EXPECT_FALSE(parse_token(bytes_of("a b")));
    EXPECT_FALSE(parse_token(bytes_of("a\x01")));
}

// --- Configuration ------------------------------------------------------------------------------

constexpr const char* kConfig = R"(server: https://firebreak.example:8443
trusted_root: keys/1.root.json
state: /var/lib/firebreak
engine: /usr/lib/firebreak/yara.so
stream: yara
watch: [incoming, /srv]
trial: {seconds_max: 9}
log: {level: debug}
)";

Result<AgentConfig> read_config(const std::string& text) {
    MemoryFileStore store;
    store.files["/etc/firebreak/agent.yaml"] = to_bytes(text);
    return load_config(store, "/etc/firebreak/agent.yaml");
}

TEST(AgentConfig, ReadsAllOfItWithPathsFromItsOwnFolder) {
    const Result<AgentConfig> config = read_config(kConfig);

    ASSERT_TRUE(config) << config.error().to_string();
    EXPECT_EQ(config->trusted_root, "/etc/firebreak/keys/1.root.json");
    EXPECT_EQ(config->state, "/var/lib/firebreak");
    EXPECT_EQ(config->watch[0], "/etc/firebreak/incoming");
    EXPECT_EQ(config->watch[1], "/srv");
    EXPECT_EQ(config->trial.seconds_max, seconds{9});
    EXPECT_EQ(config->unconfirmed_starts_max, 2);
    EXPECT_EQ(config->log_least, Severity::kDebug);
    EXPECT_FALSE(config->ca);
}

TEST(AgentConfig, SaysWhereItIsWrong) {
    const auto error = [](const std::string& text) {
        const Result<AgentConfig> config = read_config(text);
        return config ? std::string() : config.error().to_string();
    };
    EXPECT_NE(error(std::string(kConfig) + "surprise: 1\n").find("agent.yaml:9"),
              std::string::npos);
    EXPECT_NE(error("server: http://plain\n").find("agent.yaml"), std::string::npos);
    EXPECT_NE(error(std::string(kConfig) + "poll_seconds_min: -1\n").find("poll_seconds_min"),
              std::string::npos);
    EXPECT_NE(error("[").find("agent.yaml:"), std::string::npos);
    EXPECT_NE(error("").find("agent.yaml"), std::string::npos);
}

TEST(AgentConfig, RefusesAServerThatIsNoUrl) {
    std::string text = kConfig;
    text.replace(text.find("firebreak.example:8443"), 22, "[::1");

    EXPECT_FALSE(read_config(text));
}

}  // namespace
}  // namespace firebreak::client
