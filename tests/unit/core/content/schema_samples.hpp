#pragma once

#include <gtest/gtest.h>
#include <string>
#include <string_view>
#include <vector>

#include "core/content/manifest.hpp"
#include "core/content/schema.hpp"

// One valid document for each schema, for tests that break them.
namespace firebreak::content {

inline Document yaml(std::string_view text) {
    const Result<Document> document = read_yaml("x.yaml", text);
    EXPECT_TRUE(document) << document.error().to_string();
    return document ? *document : Document{};
}

inline constexpr std::string_view kServer = R"(listen: {address: 127.0.0.1, port: 8443}
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
placement:
  rings: [canary, broad]
  rules:
    - {ring: canary, devices: [d-0123456789abcdef0123456789abcdef], tags: [early], tenants: [acme]}
lab_plans: true
log: {level: debug}
drill: {stream: drill, tenant: drill, ring: vendor}
)";

inline constexpr std::string_view kAgent = R"(server: https://127.0.0.1:8443
ca: ca.pem
trusted_root: root.json
state: state
engine: /usr/lib/firebreak/engines/yara.so
stream: yara
enrolment_token_file: token
attributes: {os: debian-12, architecture: x86_64, host: web 1, hardware: server}
watch: [/srv/www]
scan_every_seconds: 60
unconfirmed_starts_max: 2
poll_seconds_min: 1
trial: {seconds_max: 30, memory_bytes_max: 1073741824}
log: {level: info}
alerts_per_minute_max: 1000
)";

inline constexpr std::string_view kPlan = R"(name: lab
description: Words.
default_ring: broad
rings:
  - name: broad
    description: Words.
    vendor_own: false
    window: {start: 3, max: 5, max_share: 0.01}
    bake_floor: 2s
    promote: {confirmed_min: 1, exposure_hours_min: 0.5, segments: ["os=any"]}
    approvals: {count: 1, of: [alice]}
halt:
  alpha: 0.0001
  silence_q0: 0.005
  crash_rate_per_hour: 0.00003
  failures_min: 3
  tenants_min: 2
  control_silent_share_max: 0.5
agent: {confirm_after: 3s, silence_deadline: 10s, heartbeat_every: 500ms, poll_every: 1m}
velocity: lab
freeze:
  - {name: nights, zone: Europe/Berlin, from: "fri 16:00", until: "mon 08:00"}
segments: {by: [os, sensor], window_start: 5}
)";

inline constexpr std::string_view kPack = R"(stream: yara
content_type: yara-source
files: [rules/*.yar, extra.yar]
contracts: [process_creation/v1]
capabilities: [yara.module.elf]
actions: [report]
author: rules team
release_notes: |
  Better.
)";

inline constexpr std::string_view kReport = R"(device: d-1
sequence: 1
kind: healthy
stream: yara
counter: 7
to_counter: 0
engine_build: '0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef'
time: '2026-11-22T21:59:07.123Z'
detail: ''
attributes: {os: debian-12}
)";

inline constexpr std::string_view kKey = R"(format: firebreak-key-v1
keytype: ed25519
scheme: ed25519
public: '0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef'
kdf: {algorithm: argon2id13, operations: 3, memory_bytes: 268435456, salt: 0123456789abcdef0123456789abcdef}
secretbox:
  nonce: 0123456789abcdef0123456789abcdef0123456789abcdef
  sealed: 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
)";

inline constexpr std::string_view kValidation = R"(format: firebreak-validation-report/1
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
twins:
  - engine: yara
    version: 4.2.3
    build_id: abd
    sha256: '1123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef'
    path: yara.twin.so
    rules: 3
    of: '0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef'
    sandbox: seccomp+rlimits-but-address-space+no-new-privs
corpora:
  - name: goodware:/usr/bin
    sha256: '0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef'
    files: 800
coverage:
  - {build: sigma 7.12, rules: 77, rules_matched: 77, uses: 179, read: 179, both_ways: 178}
stages:
  - {name: replay, outcome: failed, reason: '', executions: 800, cached: 700, findings: 1, milliseconds: 5000,
     executions_min: 50, budget_milliseconds: 60000}
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
    measured: 4 ms
    seen_again: 3 of 3
    minimised: 12 of 4096 bytes
    remedy: Make it narrower.
    reproducer: ''
    command: ''
    waived: ''
    fingerprint: '0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef'
novelty:
  - {contract: file, field: string.hex, operator: plain, action: report}
waivers:
  - {finding: FB701, rule: r, file: '', fingerprint: '', reason: Ours., who: ada,
     expires: '2026-12-22T21:59:07Z', findings: 1}
notes: [Words.]
measured: [4 ms.]
)";

inline constexpr std::string_view kWaivers = R"(format: firebreak-waivers/1
waivers:
  - {finding: FB701, stream: yara, rule: r, file: '', fingerprint: '', reason: Ours., who: ada,
     expires: '2026-12-22T21:59:07Z'}
)";

inline constexpr std::string_view kSarif = R"($schema: https://example.org/sarif-schema-2.1.0.json
version: 2.1.0
runs:
  - tool:
      driver:
        name: firebreak-validate
        version: 0.1.0
        rules:
          - id: FB701
            name: goodware-match
            shortDescription: {text: A rule matches.}
            help: {text: Make it narrower.}
            defaultConfiguration: {level: error}
    invocations:
      - executionSuccessful: true
        endTimeUtc: '2026-11-22T21:59:07Z'
        toolExecutionNotifications:
          - {level: error, message: {text: replay is skipped}}
        properties:
          stages:
            - {name: replay, outcome: passed, executions: 60, executionsMin: 50, milliseconds: 5,
               millisecondsMax: 60000}
    columnKind: utf16CodeUnits
    results:
      - ruleId: FB701
        ruleIndex: 0
        level: error
        message: {text: rule r matches}
        locations:
          - physicalLocation:
              artifactLocation: {uri: a.yar}
              region: {startLine: 1}
            logicalLocations: [{name: r}]
        partialFingerprints: {firebreak/v1: '0123456789abcdef'}
        suppressions: [{kind: external, justification: Ours.}]
        properties: {stage: replay, build: yara 4.2.3, input: x, evidence: y, measured: w, reproducer: z,
                     command: c, seen_again: 3 of 3, minimised: 12 of 4096 bytes}
)";

inline constexpr std::string_view kContract = R"(contract: things_windows
version: 1
description: A thing happened.
log_sources:
  - {product: windows, category: things, service: thinger}
fields:
  - {name: CommandLine, type: text}
)";

inline constexpr std::string_view kMapping = R"(mapping: things
version: 1
description: Things.
form: json
fields:
  - {field: CommandLine, from: [cmd]}
routes:
  - to: things_windows/v1
    supplies: 1
    when:
      - {field: kind, is: [thing]}
      - {field: where, starts: [here]}
      - {field: origin, not: [other]}
      - {field: id, present: true}
    fields:
      - {field: CommandLine, from: [cmd, line], values: [{is: a, means: b}]}
)";

inline std::string manifest_text() {
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

inline constexpr std::string_view kExhibit = R"(exhibit: 31
title: Channel File 291
vendor: CrowdStrike
date: "2024-07-19"
sources: [the root cause analysis]
expected: contract
finding: FB304
story: It happened.
release:
  stream: sigma
  counter: 291
  content_type: sigma-rules
  files: [rule.yml]
  contracts: [ipc_template/v1:21]
  capabilities: [sigma.op.contains]
  actions: [report]
  contract: {name: ipc_template, version: 1, product: windows, category: ipc, fields: [one, two]}
  copies: 2
  damaged_at: 20
previous: {stream: sigma, counter: 290, content_type: sigma-rules, files: [rule.yml]}
engines: [sigma-7.11-museum]
new_engine: sigma-parser-museum
goodware: goodware
)";

inline constexpr std::string_view kFleet = R"(name: small
description: a few
devices: 1000
rings: [{name: vendor, devices: 10}]
tenants: 5
kinds: [{name: laptop, share: 1, awake_hours: 8}]
systems: [{name: common, share: 1}]
time_zone_hours: 3
starts_at_hour: 9
cache_lag_max: 30s
install_max: 10s
report_delay_max: 5s
activation_loss: 0.001
crash_rate_per_hour: 0.00001
sensors: [{name: seven, share: 1}]
)";

inline constexpr std::string_view kIncident = R"(name: bad
description: it happens
harm: crash
share: 0.5
system: common
after: 5m
at: 10h
reboot_every: 24h
crash_rate_factor: 3
outage: {at: 1h, for: 30m, of: everybody}
sensor: seven
)";

inline std::vector<Sample> samples() {
    return {{"agent-config.v1", std::string(kAgent)},
            {"event-contract.v1", std::string(kContract)},
            {"event-mapping.v1", std::string(kMapping)},
            {"exhibit.v1", std::string(kExhibit)},
            {"fleet-model.v1", std::string(kFleet)},
            {"health-report.v1", std::string(kReport)},
            {"incident.v1", std::string(kIncident)},
            {"key-file.v1", std::string(kKey)},
            {"manifest.v1", manifest_text()},
            {"pack.v1", std::string(kPack)},
            {"ring-plan.v1", std::string(kPlan)},
            {"sarif-report.v1", std::string(kSarif)},
            {"server-config.v1", std::string(kServer)},
            {"validation-report.v1", std::string(kValidation)},
            {"waivers.v1", std::string(kWaivers)}};
}

/// The first issue of a document that must have one.
inline SchemaIssue first_issue(std::string_view schema, const Document& document) {
    const std::vector<SchemaIssue> issues = check_schema(schema, document);
    EXPECT_FALSE(issues.empty());
    return issues.empty() ? SchemaIssue{} : issues.front();
}

}  // namespace firebreak::content
