#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/clock.hpp"
#include "core/base/digest.hpp"
#include "core/base/json.hpp"

namespace firebreak::content {

inline constexpr std::string_view kStatementPayloadType = "application/vnd.in-toto+json";
inline constexpr std::string_view kTestResultPredicate =
    "https://in-toto.io/attestation/test-result/v0.1";

/// The member of the predicate that holds what is ours: an extension named by a type URI, as
/// in-toto's
/// parsing rules ask (spec/v1/README.md, "Extension fields").
inline constexpr std::string_view kExtension = "https://firebreak.invalid/attestation/v1";

enum class Verdict { kAdmitted, kRejected, kInconclusive };

struct AttestedBuild {
    std::string engine;   ///< "yara".
    std::string version;  ///< "4.2.3".
    Sha256 sha256;        ///< Of the engine file: the build's identity everywhere.
};

/// A build of the same source with AddressSanitizer in it: loaded the bundle beside its production
/// build. It is in no ring, and admits nothing by itself.
struct AttestedTwin {
    Sha256 of;  ///< One of the builds.
    Sha256 sha256;
    std::string sandbox;  ///< The level reached, which is lower: "…rlimits-but-address-space…".
};

struct AttestedCorpus {
    std::string name;  ///< "goodware:/usr/bin".
    Sha256 sha256;     ///< Over the sorted (path, digest) list.
    std::uint64_t files = 0;
};

struct AttestedStage {
    std::string name;  ///< "load".
    std::string
        outcome;  ///< "passed" | "failed" | "inconclusive" | "skipped" (an earlier one failed).
    std::uint64_t executions = 0;
    std::uint64_t findings = 0;  ///< Warnings too: a stage may pass with some.
    std::uint64_t cached = 0;    ///< Of the executions: made by an earlier run of the validator.
};

/// A first use against the last release: something that no endpoint has been asked to do before.
struct AttestedUse {
    std::string contract;  ///< "process_creation_windows/v1"; "file" for rules about files.
    std::string field;     ///< "CommandLine", "string.hex".
    std::string op;        ///< "contains".
    std::string action;    ///< "report".
};

/// An error that people decided to ship in spite of. Which findings it takes in: those of the id
/// in all of the places that it names; an empty one is no condition.
struct AttestedWaiver {
    std::string finding;  ///< "FB701".
    std::string rule;
    std::string file;
    std::string fingerprint;
    std::string reason;
    std::string who;
    std::chrono::sys_seconds expires;
    std::uint64_t findings = 0;  ///< How many it took in: at least one.
};

/// Which fields the rules of the bundle were seen to ask in one build: counts of (rule, field,
/// operator), as the engine itself measured them. Only engines that measure are listed.
struct AttestedCoverage {
    std::string build;                ///< "sigma 7.12".
    std::uint64_t rules = 0;          ///< For which events were made.
    std::uint64_t rules_matched = 0;  ///< For which one was found that matches.
    std::uint64_t uses = 0;
    std::uint64_t read = 0;
    std::uint64_t both = 0;  ///< Met by one event, and missed by another.
};

/// First uses that an attestation lists at most; past that the list is cut.
inline constexpr std::size_t kNoveltyMax = 2'000;

/// What the validator swears to: these exact bytes were driven in these exact builds. An in-toto
/// Statement v1 with the test-result predicate; carried in a DSSE envelope (core/signing/dsse.hpp).
struct Attestation {
    Sha256 bundle;
    std::string bundle_name;
    std::string stream;
    std::int64_t counter = 0;  ///< 0 when the bundle was too broken to say.
    Verdict verdict = Verdict::kInconclusive;
    std::string profile;
    std::uint64_t seed = 0;
    std::string sandbox;  ///< The level reached: "seccomp+landlock+namespaces".
    std::vector<AttestedBuild> builds;
    std::vector<AttestedTwin> twins{};
    std::vector<AttestedCorpus> corpora;
    std::vector<AttestedStage> stages;
    std::vector<AttestedCoverage> coverage{};
    /// The last release that novelty is counted against; without one, everything is new.
    std::optional<Sha256> previous{};
    std::vector<AttestedUse> novelty{};
    std::vector<AttestedWaiver> waivers{};
    std::string validator_version;
    std::chrono::sys_seconds finished;
};

/// The first waiver of `attestation` that is no longer in force at `now`; nullptr: all are. With
/// one that has expired an admission is none any more: the error stands that it was for.
const AttestedWaiver* expired_waiver(const Attestation& attestation, std::chrono::sys_seconds now);

/// The statement. `result` is PASSED or, with findings in a passed stage or a waiver, WARNED for an
/// admission,
/// and FAILED for everything else:
/// a reader that knows only test-result must not take an inconclusive run for a pass.
json::value to_statement(const Attestation& attestation);

/// @returns the attestation, or Errc::kMalformed: another statement type or predicate, a member
/// missing
///   or of the wrong form, lists or a result that contradict the stages, a twin of no build, or an
///   admission with no build, no stage or a stage that did not pass. What in-toto or others added
///   is ignored, as its parsing rules ask.
[[nodiscard]] Result<Attestation> parse_statement(std::string_view text);

}  // namespace firebreak::content
