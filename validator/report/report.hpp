#pragma once

#include <string>

#include "core/base/json.hpp"
#include "core/base/terminal.hpp"
#include "core/content/attestation.hpp"
#include "core/signing/signer.hpp"
#include "validator/run.hpp"

namespace firebreak::validator {

/// The forms of what a run found. All say the same; each is for another reader.

std::string_view to_string(content::Verdict verdict);

/// For a person at a terminal: the verdict, the stages, the first three things to fix. At most some
/// 30 lines, however much was found.
std::string text_report(const Run& run, const Terminal& terminal);

/// For programs. Schema: schemas/validation-report.v1.json.
json::value json_report(const Run& run);

/// For code hosts and editors: SARIF 2.1.0, one run, one result per finding.
/// https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
json::value sarif_report(const Run& run);

/// For CI servers: JUnit XML. A testsuite for each stage, and for each engine build of it; a
/// failure for each finding that rejects, an error where a stage could not say, skipped where it
/// did not run or a finding was waived. Warnings are cases that passed.
std::string junit_report(const Run& run);

/// For people who were not there: one page with charts, without scripts, pictures or anything else
/// from outside. At most kHtmlFindingsMax findings; the rest is counted.
std::string html_report(const Run& run);
inline constexpr std::size_t kHtmlFindingsMax = 1'000;

/// For the signers, the server and the agents: what was driven, in which builds, with which result.
content::Attestation attestation_of(const Run& run);

/// attestation_of() as an in-toto Statement in a DSSE envelope, signed by `signer`. Also for a
/// rejection: it says so.
[[nodiscard]] Result<Bytes> signed_attestation(const Run& run, const signing::Signer& signer);

/// "0.1.0".
std::string validator_version();

}  // namespace firebreak::validator
