#include "validator/report/finding.hpp"

#include <algorithm>
#include <array>

#include "core/base/check.hpp"
#include "core/base/digest.hpp"

namespace firebreak::validator {
namespace {

constexpr std::array kRules{
    // 1: structure
    FindingRule{"FB101", "bundle-malformed", Level::kError,
                "The bundle is not a well-formed archive.",
                "Pack it again with `firebreak pack`; a bundle is never edited by hand."},
    FindingRule{"FB102", "bundle-over-cap", Level::kError,
                "The bundle, or something in it, is larger than any bundle may be.",
                "Split the content into streams, or remove what does not belong in it."},
    FindingRule{"FB103", "bundle-digest-mismatch", Level::kError,
                "A file in the bundle is not the one its manifest names.",
                "The bundle was changed after packing, or not copied whole: pack it again."},
    FindingRule{"FB104", "bundle-format-unknown", Level::kError,
                "The bundle has a format version that this validator does not read.",
                "Use a validator of the same release as the packer."},
    FindingRule{"FB105", "counter-not-higher", Level::kError,
                "The bundle's counter is not above the last release's.",
                "Raise the counter: agents refuse to go back."},
    FindingRule{"FB106", "stream-differs", Level::kError,
                "The bundle belongs to another stream than the last release.",
                "Pass the last release of the same stream to --previous."},
    FindingRule{"FB107", "size-jump", Level::kWarning,
                "The content more than doubled, or less than half of it is left.",
                "Make sure that nothing was packed, or left out, by mistake."},
    // 2: schema
    FindingRule{"FB201", "schema-violation", Level::kError,
                "The manifest does not follow its schema.",
                "Correct the member that is named; schemas/manifest.v1.json has the rules."},
    // 3: contract
    FindingRule{"FB301", "content-type-not-taken", Level::kError,
                "A live engine build does not load this type of content.",
                "Leave that build's rings out of the release, or ship the right type."},
    FindingRule{"FB302", "capability-missing", Level::kError,
                "The content needs something that a live engine build cannot do.",
                "Remove the rules that need it, or wait until that build is gone."},
    FindingRule{"FB303", "contract-missing", Level::kError,
                "The content reads an event contract that a live engine build does not supply.",
                "Remove the rules that read it, or wait until that build is gone."},
    FindingRule{"FB304", "contract-arity", Level::kError,
                "An engine build supplies another number of fields than the contract says.",
                "Do not ship: reading a field that is not supplied takes endpoints down."},
    FindingRule{"FB305", "content-too-large-for-build", Level::kError,
                "The content is larger than a live engine build takes.",
                "Split it, or remove what is not needed."},
    FindingRule{"FB306", "need-not-claimed", Level::kError,
                "The manifest does not name what its rule files need of an engine.",
                "Pack it again with `firebreak pack`, which names what it compiled."},
    FindingRule{"FB307", "too-many-rules-for-build", Level::kError,
                "The content has more rules than a live engine build takes.",
                "Split it, or remove what is not needed."},
    FindingRule{"FB308", "counter-too-large-for-build", Level::kError,
                "The bundle's counter is higher than a live engine build has room for.",
                "Keep counters small: they count releases, and are no dates."},
    // 4: lint
    FindingRule{"FB401", "matches-everything", Level::kError,
                "A rule matches every input, or nearly.",
                "Add a criterion that only what is looked for can meet."},
    FindingRule{"FB402", "rests-on-little", Level::kWarning,
                "A rule can match on less than four bytes, or only excludes.",
                "Ask for a longer text, or for a second thing that must be there."},
    FindingRule{"FB403", "blank-criterion", Level::kError,
                "A criterion compares with an empty text, which every value contains.",
                "Fill in what was left out, or remove the criterion."},
    FindingRule{"FB404", "blank-field", Level::kWarning,
                "A field of a rule is there with nothing in it.", "Fill it in, or remove it."},
    FindingRule{
        "FB405", "backtracking-regex", Level::kError,
        "A regular expression can take quadratic time or worse in an engine that backtracks.",
        "Remove one of the two repetitions that can take the same bytes, or give it a bound."},
    FindingRule{"FB406", "destructive-and-wide", Level::kError,
                "A rule that may destroy something asks for too little before it does.",
                "Ask for at least eight bytes that must be there, or only report."},
    FindingRule{"FB407", "destructive-on-system", Level::kError,
                "A rule that may destroy something knows its target only as a place of the system.",
                "Add what tells the malware from the system's own files, or only report."},
    FindingRule{"FB408", "kill-switch", Level::kError, "Content may stop the protection itself.",
                "Stop engines by a release of the sensor, never by content."},
    FindingRule{"FB409", "action-not-declared", Level::kError,
                "A rule has an action that the manifest does not list.",
                "Add the action to `actions` in firebreak-pack.yaml, or remove it from the rule."},
    FindingRule{"FB410", "id-twice", Level::kError, "Two rules have one id.",
                "Give one of them a new id."},
    FindingRule{"FB411", "rule-twice", Level::kWarning, "Two rules ask the same.",
                "Remove one of them."},
    FindingRule{"FB412", "id-reused", Level::kError,
                "An id of the last release now stands for another rule.",
                "Give the new rule a new id; an id is never used again."},
    FindingRule{"FB413", "rule-rewritten", Level::kWarning,
                "A rule asks nothing of what it asked in the last release.",
                "Make sure that it is still the same rule; else give it a new id."},
    FindingRule{"FB414", "file-doubled", Level::kError,
                "A file is at least twice as large as in the last release.",
                "Look for rows that were written twice; if it is meant, release it in two steps."},
    FindingRule{"FB415", "stream-emptied", Level::kError,
                "Nothing, or nearly nothing, is left of the last release.",
                "Make sure that nothing was left out; withdraw rules in several steps."},
    FindingRule{"FB416", "novelty", Level::kWarning,
                "The content uses something for the first time.",
                "Start in the smallest ring: no endpoint has been asked to do this before."},
    FindingRule{"FB417", "regex-needs-re2", Level::kWarning,
                "A regular expression is fast only in an engine that does not backtrack.",
                "Remove one of the two repetitions, if other products are to run this rule too."},
    // 5: load
    FindingRule{"FB501", "load-refused", Level::kError, "An engine build refuses the content.",
                "Correct the place that is named."},
    FindingRule{"FB502", "load-crashed", Level::kError,
                "An engine build crashes on loading the content, or on its first input.",
                "Remove the rule that is named; send its reproducer to the engine's makers."},
    FindingRule{"FB503", "load-timed-out", Level::kError,
                "An engine build does not finish loading the content.",
                "Simplify the rule that is named: usually nested or large repetitions."},
    FindingRule{"FB504", "load-out-of-memory", Level::kError,
                "Loading the content takes more memory than an engine may have.",
                "Simplify the rule that is named: usually nested or large repetitions."},
    FindingRule{"FB505", "load-forbidden-call", Level::kError,
                "Loading the content makes the engine ask the system for what it must not have.",
                "Remove what makes it do so: usually an include, or a module that reads files."},
    FindingRule{"FB506", "load-broken", Level::kError,
                "The engine ended, or stopped making sense, while it loaded the content.",
                "Remove the rule that is named; send its reproducer to the engine's makers."},
    FindingRule{"FB507", "rule-count-differs", Level::kError,
                "Engine builds load different numbers of rules from the same content.",
                "Rewrite the rules that one of them drops."},
    FindingRule{"FB508", "neighbour-silenced", Level::kError,
                "With this content loaded, a rule that is known to match no longer does.",
                "Remove the rule that is named: it stops all others from being looked at."},
    FindingRule{"FB509", "engine-warning", Level::kWarning, "The engine warns about the content.",
                "Read the warning; slow patterns are the usual reason."},
    FindingRule{"FB510", "no-rules", Level::kError, "The content loads, and holds no rule at all.",
                "Make sure that the right files were packed."},
    FindingRule{"FB511", "file-silenced", Level::kError,
                "A global rule keeps every other rule of its file from matching anything.",
                "Use a private rule that the others name in their conditions, not a global one."},
    FindingRule{"FB512", "twin-faulted", Level::kError,
                "An engine build's sanitizer twin reports a fault that the build itself survives.",
                "Remove the rule that is named; send its reproducer to the engine's makers."},
    FindingRule{"FB513", "twin-disagrees", Level::kError,
                "An engine build and its sanitizer twin make different things of the content.",
                "Send the content to the engine's makers: one of the two reads what it must not."},
    // 6: directed
    FindingRule{"FB601", "directed-crashed", Level::kError,
                "An engine build crashes on an input made for a rule.",
                "Remove the rule that is named; send its reproducer to the engine's makers."},
    FindingRule{"FB602", "directed-timed-out", Level::kError,
                "An engine build does not finish with an input made for a rule.",
                "Simplify the rule that is named; send its reproducer to the engine's makers."},
    FindingRule{"FB603", "directed-out-of-memory", Level::kError,
                "An input made for a rule takes more memory than an engine may have.",
                "Simplify the rule that is named; send its reproducer to the engine's makers."},
    FindingRule{
        "FB604", "directed-forbidden-call", Level::kError,
        "An input made for a rule makes the engine ask the system for what it must not have.",
        "Remove the rule that is named; send its reproducer to the engine's makers."},
    FindingRule{"FB605", "directed-failed", Level::kError,
                "An engine build gives up on an input made for a rule.",
                "Remove the rule that is named; send its reproducer to the engine's makers."},
    FindingRule{"FB606", "rule-disagrees", Level::kError,
                "A rule matches otherwise in an engine build than its criteria say.",
                "Do not ship: the rule was judged by what it says, and would do something else."},
    FindingRule{"FB607", "field-never-exercised", Level::kWarning,
                "A rule asks something of a field that no event made an engine read.",
                "Remove the criterion: nothing reaches it, or nobody knows what it would do."},
    FindingRule{"FB608", "field-half-exercised", Level::kWarning,
                "A rule's question about a field was only ever answered one way.",
                "Look at the criterion: it may contradict another one of its rule, or repeat it."},
    // 7: replay
    FindingRule{"FB701", "goodware-match", Level::kError,
                "A rule matches software that is known to be good.",
                "Make the rule narrower: add a condition that only the malware meets."},
    FindingRule{"FB702", "scan-crashed", Level::kError, "An engine build crashes on a file.",
                "Remove the rule at fault; send the reproducer to the engine's makers."},
    FindingRule{"FB703", "scan-timed-out", Level::kError,
                "An engine build does not finish scanning a file.",
                "Look for unanchored loops and repetitions in the rules."},
    FindingRule{"FB704", "scan-out-of-memory", Level::kError,
                "Scanning a file takes more memory than an engine may have.",
                "Look for rules with very many matches of one string."},
    FindingRule{"FB705", "scan-forbidden-call", Level::kError,
                "Scanning a file makes the engine ask the system for what it must not have.",
                "Remove the rule or module that makes it do so."},
    FindingRule{"FB706", "scan-failed", Level::kError,
                "An engine build gives up on a file, so that no rule is looked at there.",
                "Find the rule that is at fault with the reproducer, and simplify it."},
    FindingRule{"FB707", "self-match", Level::kError,
                "A rule matches Firebreak itself: its programs, its engines, or its own updater.",
                "Make the rule narrower: an agent that blocks itself gets no correction."},
    FindingRule{"FB708", "rule-unmatched", Level::kWarning,
                "A rule matches no sample, neither one given nor one made from its strings.",
                "Pass a file that it must match in --samples DIR; make sure that it can match."},
    // 8: amplify
    FindingRule{"FB801", "grows-too-fast", Level::kError,
                "A rule takes more than three times as long for twice the input.",
                "Look for loops over all matches, and for repetitions inside one another."},
    FindingRule{"FB802", "amplified-slow", Level::kError,
                "A rule takes more than a second on a small input that repeats a string.",
                "Bound what it counts and repeats; give its strings fixed places."},
    FindingRule{"FB803", "amplified-memory", Level::kError,
                "A rule takes more memory than it may on an input that repeats a string.",
                "Look for strings that match at every place, and for unbounded jumps."},
    FindingRule{"FB804", "amplified-failed", Level::kError,
                "An engine build fails on an input that repeats a string.",
                "Find the rule with the reproducer, and simplify it."},
    // 9: budget
    FindingRule{"FB901", "load-slow", Level::kError, "Loading the content takes too much time.",
                "Look for large alternations and repetitions; split the content."},
    FindingRule{"FB902", "memory-high", Level::kError, "The loaded content takes too much memory.",
                "Remove rules, or split the content."},
    FindingRule{"FB903", "scan-slow", Level::kError,
                "Scanning is slower than any content may make it.",
                "Look for short or very common strings, and for rules without any string."},
    FindingRule{"FB904", "slower-than-previous", Level::kWarning,
                "Scanning is more than a fifth slower than with the last release.",
                "Look at the rules that are new."},
    FindingRule{"FB905", "much-slower-than-previous", Level::kError,
                "Scanning takes more than twice as long as with the last release.",
                "Look at the rules that are new: short strings, and rules without any string."},
    // 10: fuzz
    FindingRule{"FB1001", "fuzz-crashed", Level::kError,
                "An engine build crashes on an input that was made from the content.",
                "Remove the rule that is named; send the reproducer to the engine's makers."},
    FindingRule{"FB1002", "fuzz-timed-out", Level::kError,
                "An engine build does not finish an input that was made from the content.",
                "Look for unanchored loops and repetitions in the rule that is named."},
    FindingRule{
        "FB1003", "fuzz-out-of-memory", Level::kError,
        "An input that was made from the content takes more memory than an engine may have.",
        "Look for strings of the rule that is named that match very often."},
    FindingRule{"FB1004", "fuzz-forbidden-call", Level::kError,
                "An input made from the content makes the engine ask for what it must not have.",
                "Remove the rule or module that makes it do so."},
    FindingRule{"FB1005", "fuzz-failed", Level::kError,
                "An engine build gives up on an input that was made from the content.",
                "Find what is at fault with the reproducer, and simplify the rule that is named."},
    FindingRule{"FB1006", "fuzz-memory-grows", Level::kError,
                "An engine build takes ever more memory for the same input.",
                "Send the reproducer to the engine's makers: a sensor runs for months."},
    FindingRule{"FB1007", "neighbour-unsafe", Level::kError,
                "Content that is a little different from this is not safe in an engine build.",
                "One slip away lies an outage: send the reproducer to the engine's makers."},
    FindingRule{"FB1008", "fuzz-not-seen-again", Level::kError,
                "An engine build misbehaved once, and not again in three fresh processes.",
                "Look for what it keeps from one input to the next; run again with the same seed."},
    // 11: robust
    FindingRule{"FB1101", "damaged-content-unsafe", Level::kError,
                "Damaged content is not refused safely by an engine build.",
                "Send the reproducer to the engine's makers; no rule is at fault."},
    FindingRule{"FB1102", "pristine-content-spoiled", Level::kError,
                "After damaged content was tried, the content itself no longer loads.",
                "Send the reproducer to the engine's makers: a device would be stuck."},
    FindingRule{"FB1103", "refused-memory-unsafe", Level::kError,
                "An engine build does not survive it when it is refused memory.",
                "Send the message to the engine's makers; no rule is at fault."},
    FindingRule{"FB1104", "reload-memory-grows", Level::kError,
                "An engine build takes ever more memory when it loads the content again and again.",
                "Send the reproducer to the engine's makers: each release would cost memory."},
    FindingRule{"FB1105", "release-change-fails", Level::kError,
                "An engine build cannot go from the last release to this one and back.",
                "Send the message to the engine's makers: a rollback would not work."},
};

/// By stage: FB1001 stands behind FB905.
constexpr bool comes_before(const FindingRule& a, const FindingRule& b) {
    return a.id.size() != b.id.size() ? a.id.size() < b.id.size() : a.id < b.id;
}

static_assert(std::ranges::is_sorted(kRules, comes_before));

}  // namespace

std::string_view to_string(Level level) {
    return level == Level::kError ? "error" : "warning";
}

std::span<const FindingRule> finding_rules() {
    return kRules;
}

const FindingRule& finding_rule(std::string_view id) {
    const auto* const found = std::ranges::find(kRules, id, &FindingRule::id);
    FIREBREAK_CHECK(found != kRules.end());
    return *found;
}

bool rejects(const Finding& finding) {
    return finding.waived.empty() && finding_rule(finding.id).level == Level::kError;
}

std::string replay_words(const Finding& finding) {
    if (!finding.seen_again) return {};
    return (*finding.seen_again == 0 ? "not reproducible: " : "") +
           std::to_string(*finding.seen_again) + " of " + std::to_string(kReplays);
}

std::string fingerprint(const Finding& finding) {
    Sha256Stream stream;
    // Without the line: a finding that moved is still the same one.
    for (const std::string* part :
         {&finding.id, &finding.place.file, &finding.place.rule, &finding.build, &finding.input}) {
        stream.update(bytes_of(*part));
        constexpr std::array<std::uint8_t, 1> kEnd{0};
        stream.update(kEnd);
    }
    return stream.finish().hex();
}

}  // namespace firebreak::validator
