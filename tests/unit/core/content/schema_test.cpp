#include "core/content/schema.hpp"

#include <algorithm>
#include <functional>
#include <gtest/gtest.h>

#include "core/base/errc.hpp"
#include "core/base/file_store.hpp"
#include "core/content/manifest.hpp"
#include "core/content/schema_explainer.hpp"

namespace firebreak::content {
namespace {

Document yaml(std::string_view text) {
    const Result<Document> document = read_yaml("x.yaml", text);
    EXPECT_TRUE(document) << document.error().to_string();
    return document ? *document : Document{};
}

// ---- One valid document of each kind ------------------------------------------------------------

constexpr std::string_view kServer = R"(listen: {address: 127.0.0.1, port: 8443}
tls: {certificate: server.pem, private_key: server.key}
state: state
online_key: {file: online.json, passphrase_file: online.pass}
validator_keys: [validator.json]
limits: {body_bytes_max: 65536, bundle_bytes_max: 1048576, connections_max: 64, header_bytes_max: 8192}
timeouts: {handshake: 5, read: 10, write: 10, idle: 30}
controller: {tick_ms: 200}
timestamp_lifetime_seconds: 60
snapshot_lifetime_seconds: 600
rollout_lifetime_seconds: 600
device_active_seconds: 3600
log: {level: debug}
)";

constexpr std::string_view kAgent = R"(server: https://127.0.0.1:8443
ca: ca.pem
trusted_root: root.json
state: state
engine: /usr/lib/firebreak/engines/yara.so
stream: yara
enrolment_token_file: token
attributes: {os: debian-12, architecture: x86_64, host: web 1}
watch: [/srv/www]
scan_every_seconds: 60
unconfirmed_starts_max: 2
poll_seconds_min: 1
trial: {seconds_max: 30, memory_bytes_max: 1073741824}
log: {level: info}
)";

constexpr std::string_view kPlan = R"(name: lab
description: Words.
default_ring: broad
rings:
  - name: broad
    description: Words.
    vendor_own: false
    window: {start: 3, max: 5}
    bake_floor: 2s
    promote: {confirmed_min: 1, exposure_hours_min: 0.5}
halt:
  alpha: 0.0001
  silence_q0: 0.005
  crash_rate_per_hour: 0.00003
  failures_min: 3
  tenants_min: 2
  control_silent_share_max: 0.5
agent: {confirm_after: 3s, silence_deadline: 10s, heartbeat_every: 500ms, poll_every: 1m}
)";

constexpr std::string_view kPack = R"(stream: yara
content_type: yara-source
files: [rules/*.yar, extra.yar]
contracts: [process_creation/v1]
capabilities: [yara.module.elf]
actions: [report]
author: rules team
release_notes: |
  Better.
)";

constexpr std::string_view kReport = R"(device: d-1
sequence: 1
kind: healthy
stream: yara
counter: 7
to_counter: 0
engine_build: '0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef'
time: '2026-11-22T21:59:07.123Z'
detail: ''
)";

constexpr std::string_view kKey = R"(format: firebreak-key-v1
keytype: ed25519
scheme: ed25519
public: '0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef'
kdf: {algorithm: argon2id13, operations: 3, memory_bytes: 268435456, salt: 0123456789abcdef0123456789abcdef}
secretbox:
  nonce: 0123456789abcdef0123456789abcdef0123456789abcdef
  sealed: 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
)";

constexpr std::string_view kValidation = R"(format: firebreak-validation-report/1
verdict: rejected
bundle:
  name: yara-7.fbb
  sha256: '0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef'
  bytes: 1000
  stream: yara
  counter: 7
  content_type: yara-source
  files: 2
profile: gate
seed: '18446744073709551615'
sandbox: seccomp+rlimits+no-new-privs
validator: 0.1.0
finished: '2026-11-22T21:59:07Z'
builds:
  - engine: yara
    version: 4.2.3
    build_id: abc
    sha256: '0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef'
    path: yara.so
    rules: 3
corpora:
  - name: goodware:/usr/bin
    sha256: '0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef'
    files: 800
stages:
  - {name: replay, outcome: failed, reason: '', executions: 800, findings: 1, milliseconds: 5000}
findings:
  - id: FB701
    name: goodware-match
    level: error
    stage: replay
    message: rule r matches goodware /usr/bin/ls
    file: a.yar
    line: 1
    rule: r
    build: yara 4.2.3
    input: /usr/bin/ls
    evidence: $a at 0x40
    remedy: Make it narrower.
    reproducer: ''
    command: ''
    fingerprint: '0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef'
notes: [Words.]
)";

std::string manifest_text() {
    Manifest manifest;
    manifest.stream = "yara";
    manifest.counter = 1;
    manifest.content_type = "yara-source";
    manifest.files = {{"a/b.yar", 3, sha256(bytes_of("abc"))}};
    manifest.actions = {"report"};
    return serialize_manifest(manifest);
}

struct Sample {
    std::string schema;
    std::string text;
};

std::vector<Sample> samples() {
    return {{"agent-config.v1", std::string(kAgent)},
            {"health-report.v1", std::string(kReport)},
            {"key-file.v1", std::string(kKey)},
            {"manifest.v1", manifest_text()},
            {"pack.v1", std::string(kPack)},
            {"ring-plan.v1", std::string(kPlan)},
            {"server-config.v1", std::string(kServer)},
            {"validation-report.v1", std::string(kValidation)}};
}

TEST(Schemas, EachHasASampleAndTakesIt) {
    std::vector<std::string> sampled;
    for (const Sample& sample : samples()) {
        sampled.push_back(sample.schema);
        const Result<void> checked = require_schema(sample.schema, yaml(sample.text));
        EXPECT_TRUE(checked) << checked.error().to_string();
    }
    EXPECT_EQ(sampled, schema_names());
}

/// Calls `visit` with each pointer of `value` and the value there, the root first.
void each_part(const json::value& value, const std::string& pointer,
               const std::function<void(const std::string&, const json::value&)>& visit) {
    visit(pointer, value);
    if (const json::object* object = value.if_object()) {
        for (const auto& [name, member] : *object) {
            each_part(member, pointer_to(pointer, name), visit);
        }
    } else if (const json::array* array = value.if_array()) {
        for (std::size_t i = 0; i < array->size(); ++i) {
            each_part((*array)[i], pointer_to(pointer, std::to_string(i)), visit);
        }
    }
}

/// The first issue of a document that must have one.
SchemaIssue first_issue(std::string_view schema, const Document& document) {
    const std::vector<SchemaIssue> issues = check_schema(schema, document);
    EXPECT_FALSE(issues.empty());
    return issues.empty() ? SchemaIssue{} : issues.front();
}

TEST(Schemas, RefuseAnUnknownMemberInEveryObject) {
    for (const Sample& sample : samples()) {
        const Document whole = yaml(sample.text);
        each_part(whole.value, "", [&](const std::string& pointer, const json::value& part) {
            if (!part.is_object()) return;
            Document changed = whole;
            changed.value.at_pointer(pointer).as_object()["unknwon"] = 1;
            const SchemaIssue issue = first_issue(sample.schema, changed);
            EXPECT_EQ(issue.pointer, pointer + "/unknwon") << sample.schema;
            EXPECT_EQ(issue.message.substr(0, 25), "unknown member; known are") << sample.schema;
        });
    }
}

TEST(Schemas, RefuseEveryPartInAnotherType) {
    for (const Sample& sample : samples()) {
        const Document whole = yaml(sample.text);
        each_part(whole.value, "", [&](const std::string& pointer, const json::value& part) {
            for (const json::value& wrong :
                 {json::value(nullptr), json::value(-1.5), json::value("\t")}) {
                if (wrong.kind() == part.kind()) continue;
                if (wrong.is_double() && part.is_number()) continue;
                Document changed = whole;
                changed.value.at_pointer(pointer) = wrong;
                EXPECT_EQ(first_issue(sample.schema, changed).pointer, pointer)
                    << sample.schema << " with " << pointer;
            }
        });
    }
}

TEST(Schemas, CapEveryTextAndList) {
    const json::string long_text(20'000, 'a');
    const json::array long_list(10'001, json::value("a"));
    for (const Sample& sample : samples()) {
        const Document whole = yaml(sample.text);
        each_part(whole.value, "", [&](const std::string& pointer, const json::value& part) {
            Document changed = whole;
            if (part.is_string()) changed.value.at_pointer(pointer) = long_text;
            if (part.is_array()) changed.value.at_pointer(pointer) = long_list;
            if (!part.is_string() && !part.is_array()) return;
            EXPECT_EQ(first_issue(sample.schema, changed).pointer, pointer) << sample.schema;
        });
    }
}

TEST(Schemas, RefuseADocumentWithoutARequiredMember) {
    for (const Sample& sample : samples()) {
        const json::value schema = *parse_json(schema_text(sample.schema));
        for (const json::value& name : schema.at("required").as_array()) {
            Document lacking = yaml(sample.text);
            lacking.value.as_object().erase(name.as_string());
            const SchemaIssue issue = first_issue(sample.schema, lacking);
            EXPECT_EQ(issue.pointer, "");
            EXPECT_EQ(issue.message.find("must have '" + std::string(name.as_string())), 0U);
        }
    }
}

// ---- What holds for the schemas themselves ------------------------------------------------------

TEST(Schemas, AreTheFilesInTheFolder) {
    const std::filesystem::path folder = std::filesystem::path(FIREBREAK_SOURCE_DIR) / "schemas";
    const PosixFileStore disk;
    for (const std::string& name : schema_names()) {
        const Result<Bytes> bytes = disk.read(folder / (name + ".json"), 1U << 20U);
        ASSERT_TRUE(bytes) << name;
        EXPECT_EQ(text_of(*bytes), schema_text(name));
    }
}

/// Calls `visit` for each subschema: whatever stands where draft 07 wants a schema.
void each_schema(const json::object& schema,
                 const std::function<void(const json::object&)>& visit) {
    visit(schema);
    for (const char* of_schemas : {"properties", "definitions"}) {
        const json::value* members = schema.if_contains(of_schemas);
        if (members == nullptr) continue;
        for (const auto& [name, member] : members->as_object()) {
            each_schema(member.as_object(), visit);
        }
    }
    if (const json::value* items = schema.if_contains("items")) {
        each_schema(items->as_object(), visit);
    }
}

TEST(Schemas, AreClosedDescribedAndCapped) {
    for (const std::string& name : schema_names()) {
        const json::value root = *parse_json(schema_text(name));
        EXPECT_EQ(root.at("$schema"), json::value("http://json-schema.org/draft-07/schema#"));
        EXPECT_EQ(root.at("$id"),
                  json::value("https://firebreak.invalid/schemas/" + name + ".json"));
        each_schema(root.as_object(), [&](const json::object& schema) {
            if (schema.contains("$ref")) return;
            const std::string shown = name + ": " + pretty_json(schema);
            EXPECT_TRUE(schema.contains("description")) << shown;
            ASSERT_TRUE(schema.contains("type")) << shown;
            const json::value& type = schema.at("type");
            if (type == "object") {
                EXPECT_TRUE(schema.contains("properties")) << shown;
                EXPECT_EQ(schema.at("additionalProperties"), json::value(false)) << shown;
            }
            if (type == "array") {
                EXPECT_TRUE(schema.contains("maxItems")) << shown;
            }
            const bool fixed = schema.contains("enum") || schema.contains("const");
            if (type == "string" && !fixed) {
                EXPECT_TRUE(schema.contains("maxLength")) << shown;
            }
            if (type == "integer") {
                EXPECT_TRUE(schema.contains("minimum")) << shown;
            }
        });
    }
}

TEST(Schemas, UseOnlyKeywordsThatCanBePutIntoWords) {
    for (const std::string& name : schema_names()) {
        each_schema(parse_json(schema_text(name))->as_object(), [&](const json::object& schema) {
            for (const auto& [keyword, value] : schema) {
                EXPECT_TRUE(explainable_keyword(keyword)) << name << ": " << keyword;
            }
        });
    }
}

TEST(Schemas, HaveNoPatternThatCouldRunAwayOnALongText) {
    // std::regex recurses once per repetition; a bound on each keeps the stack small.
    for (const std::string& name : schema_names()) {
        each_schema(parse_json(schema_text(name))->as_object(), [&](const json::object& schema) {
            const json::value* pattern = schema.if_contains("pattern");
            if (pattern == nullptr) return;
            const std::string text(pattern->as_string());
            EXPECT_TRUE(text.starts_with('^') && text.ends_with('$')) << text;
            bool in_class = false;
            for (std::size_t i = 0; i < text.size(); ++i) {
                if (text[i] == '\\') {
                    ++i;
                } else if (text[i] == '[') {
                    in_class = true;
                } else if (text[i] == ']') {
                    in_class = false;
                } else if (!in_class) {
                    EXPECT_TRUE(text[i] != '*' && text[i] != '+') << name << ": " << text;
                }
            }
        });
    }
}

TEST(Schemas, NameDefaultsThatTheyWouldTake) {
    for (const std::string& name : schema_names()) {
        each_schema(parse_json(schema_text(name))->as_object(), [&](const json::object& schema) {
            const json::value* value = schema.if_contains("default");
            if (value == nullptr || schema.contains("$ref")) return;
            EXPECT_TRUE(explain(schema, *value).empty()) << name << ": " << pretty_json(schema);
        });
    }
}

// ---- Messages -----------------------------------------------------------------------------------

/// "place pointer: message" of each issue of kPlan with `from` replaced by `to`.
std::vector<std::string> issues_with(std::string_view from, std::string_view to) {
    std::string text(kPlan);
    text.replace(text.find(from), from.size(), to);
    std::vector<std::string> lines;
    for (const SchemaIssue& issue : check_schema("ring-plan.v1", yaml(text))) {
        lines.push_back(issue.place + " " + issue.pointer + ": " + issue.message);
    }
    return lines;
}

using Lines = std::vector<std::string>;

TEST(CheckSchema, NamesTheUnknownMemberAndTheKnownOnes) {
    EXPECT_EQ(issues_with("vendor_own", "vendorown"),
              Lines{"x.yaml:7:5 /rings/0/vendorown: unknown member; known are bake_floor, "
                    "description, name, promote, vendor_own, window"});
}

TEST(CheckSchema, SaysWhatIsMissingAndWhatItIs) {
    EXPECT_EQ(issues_with(", max: 5", ""),
              Lines{"x.yaml:8:5 /rings/0/window: must have 'max' (devices at most, after doubling; "
                    "not under start)"});
}

TEST(CheckSchema, SaysTheBound) {
    EXPECT_EQ(issues_with("start: 3", "start: 0"),
              Lines{"x.yaml:8:14 /rings/0/window/start: must be at least 1"});
    EXPECT_EQ(issues_with("start: 3", "start: 2000000"),
              Lines{"x.yaml:8:14 /rings/0/window/start: must be at most 1000000"});
    EXPECT_EQ(issues_with("alpha: 0.0001", "alpha: 0"),
              Lines{"x.yaml:12:3 /halt/alpha: must be more than 0"});
    EXPECT_EQ(issues_with("alpha: 0.0001", "alpha: -1"),
              Lines{"x.yaml:12:3 /halt/alpha: must be more than 0"});
}

TEST(CheckSchema, SaysToQuoteANumberThatMustBeText) {
    EXPECT_EQ(issues_with("bake_floor: 2s", "bake_floor: 2"),
              Lines{"x.yaml:9:5 /rings/0/bake_floor: must be text; put it in quotes (time from "
                    "the last confirmation to the next ring, at least, such as 15m)"});
}

TEST(CheckSchema, SaysTheFormOfAText) {
    for (const char* duration : {"2 s", "2d", "s", "-2s", "02s", "2S", "2.5s", "1e3s", "'2s\\n'"}) {
        const Lines lines = issues_with("bake_floor: 2s", "bake_floor: " + std::string(duration));
        ASSERT_EQ(lines.size(), 1U) << duration;
        EXPECT_NE(lines[0].find("does not have the form it must have (time from"),
                  std::string::npos);
    }
}

TEST(CheckSchema, DoesNotTakeALineFeedForTheEndOfAText) {
    EXPECT_EQ(issues_with("bake_floor: 2s", "bake_floor: \"2s\\n\"").size(), 1U);
    EXPECT_EQ(issues_with("name: lab", "name: \"lab\\n../x\"").size(), 1U);
}

TEST(CheckSchema, ListsTheChoices) {
    std::string text(kServer);
    text.replace(text.find("level: debug"), 12, "level: loud");

    const SchemaIssue issue = first_issue("server-config.v1", yaml(text));

    EXPECT_EQ(issue.message, "must be one of debug, info, warning, error");
}

TEST(CheckSchema, NamesTheSecondOfTwoEqualItems) {
    std::string text(kPack);
    text.replace(text.find("extra.yar"), 9, "rules/*.yar");

    const SchemaIssue issue = first_issue("pack.v1", yaml(text));

    EXPECT_EQ(issue.pointer, "/files/1");
    EXPECT_EQ(issue.message, "is in the list already");
}

TEST(CheckSchema, ReportsIssuesInTheOrderOfTheDocument) {
    std::string text(kServer);
    text.replace(text.find("port: 8443"), 10, "port: 84430");
    text.replace(text.find("tick_ms: 200"), 12, "tick_ms: no");
    text.replace(text.find("state: state"), 12, "state: ''");

    const std::vector<SchemaIssue> issues = check_schema("server-config.v1", yaml(text));

    ASSERT_EQ(issues.size(), 3U);
    EXPECT_EQ(issues[0].pointer, "/listen/port");
    EXPECT_EQ(issues[1].message, "must have at least 1 character, has 0");
    EXPECT_EQ(issues[2].pointer, "/controller/tick_ms");
}

TEST(CheckSchema, StopsAtAScreenful) {
    std::string text(kPlan);
    for (int i = 0; i < 500; ++i) text += "extra" + std::to_string(i) + ": 1\n";

    EXPECT_EQ(check_schema("ring-plan.v1", yaml(text)).size(), 50U);
}

TEST(RequireSchema, PutsEveryIssueIntoOneLine) {
    const Result<void> checked = require_schema(
        "pack.v1", yaml("stream: yara\ncontent_type: 7\nfiles: [a.yar]\nauthor: ''\n"));

    ASSERT_FALSE(checked);
    EXPECT_EQ(checked.error(), Errc::kInvalid);
    EXPECT_EQ(checked.error().context(),
              "x.yaml:2:1: /content_type: must be text; put it in quotes (what an engine must "
              "declare to load, such as yara-source); x.yaml:4:1: /author: must have at least 1 "
              "character, has 0");
}

// ---- valijson judges, explain() speaks: they must not disagree ----------------------------------

TEST(Explain, FindsNothingInWhatValijsonTakesAndSomethingInWhatItDoesNot) {
    const std::vector<json::value> mutations = {-1, 1e9, "2s", json::array{"a", "a"}};
    for (const Sample& sample : samples()) {
        const Document whole = yaml(sample.text);
        const json::value schema = *parse_json(schema_text(sample.schema));
        each_part(whole.value, "", [&](const std::string& pointer, const json::value& part) {
            for (const json::value& mutation : mutations) {
                const bool numbers = mutation.is_number() && part.is_number();
                if (mutation.kind() != part.kind() && !numbers) continue;
                Document changed = whole;
                changed.value.at_pointer(pointer) = mutation;
                const bool valid = check_schema(sample.schema, changed).empty();
                EXPECT_EQ(valid, explain(schema, changed.value).empty())
                    << sample.schema << " " << pointer << " = " << pretty_json(mutation);
            }
        });
    }
}

}  // namespace
}  // namespace firebreak::content
