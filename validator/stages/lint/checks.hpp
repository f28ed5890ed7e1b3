#pragma once

#include "validator/run.hpp"
#include "validator/stages/lint/rule_facts.hpp"

namespace firebreak::validator::lint {

// What lint looks for. Each function adds its findings to `run`; docs/findings.md, "lint", has the
// rules in words.

/// FB401, FB402: what the rules demand.
void check_breadth(Run& run, const ContentFacts& facts);

/// FB403, FB404: criteria and fields with nothing in them.
void check_blanks(Run& run, const ContentFacts& facts);

/// FB405: regular expressions that backtrack.
void check_regexes(Run& run, const ContentFacts& facts);

/// FB406 to FB409: what a match may do, and where.
void check_actions(Run& run, const ContentFacts& facts);

/// FB410, FB411: one id twice, one rule twice.
void check_duplicates(Run& run, const ContentFacts& facts);

/// FB412 to FB415: against the last release. @pre run.previous.
void compare_releases(Run& run, const ContentFacts& facts, const ContentFacts& before);

/// FB416, and the list for the attestation. `before` is nullptr where there is no last release:
/// then everything is new, and there is no finding.
void note_novelty(Run& run, const ContentFacts& facts, const ContentFacts* before);

}  // namespace firebreak::validator::lint
