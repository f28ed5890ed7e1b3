#include <algorithm>
#include <map>

#include "validator/stages/lint/checks.hpp"

namespace firebreak::validator::lint {
namespace {

/// Below this a file that doubles is a young stream.
constexpr std::uint64_t kDoubledBytesMin = 64U << 10U;

/// A stream of fewer rules than this may lose most of them.
constexpr std::size_t kEmptiedRulesMin = 20;
constexpr std::size_t kEmptiedTimes = 10;
constexpr std::uint64_t kEmptiedBytesMin = 64U << 10U;

/// First uses that a report names; the attestation has all of them.
constexpr std::size_t kUsesShown = 5;

std::uint64_t bytes_of(const content::Bundle& bundle) {
    std::uint64_t bytes = 0;
    for (const content::ContentFile& file : bundle.files) bytes += file.bytes.size();
    return bytes;
}

void compare_files(Run& run) {
    std::map<std::string_view, std::uint64_t> before;
    for (const content::ContentFile& file : run.previous->files) {
        before.emplace(file.name, file.bytes.size());
    }
    for (const content::ContentFile& file : run.bundle->files) {
        const auto old = before.find(file.name);
        if (old == before.end() || old->second == 0 || file.bytes.size() < kDoubledBytesMin ||
            file.bytes.size() < 2 * old->second) {
            continue;
        }
        run.add({.id = "FB414",
                 .place = {.file = file.name, .line = 0, .rule = {}},
                 .message = file.name + " has " + std::to_string(file.bytes.size()) +
                            " bytes, the last release's had " + std::to_string(old->second)});
    }
}

void compare_amounts(Run& run, const ContentFacts& facts, const ContentFacts& before) {
    const std::size_t now = facts.rules.size();
    const std::size_t then = before.rules.size();
    if (facts.understood && before.understood) {
        const bool emptied =
            (now == 0 && then > 0) || (then >= kEmptiedRulesMin && now < then / kEmptiedTimes);
        if (emptied) {
            run.add(
                {.id = "FB415",
                 .message = std::to_string(now) + " rules are left of " + std::to_string(then)});
        }
        return;
    }
    const std::uint64_t bytes = bytes_of(*run.bundle);
    const std::uint64_t bytes_before = bytes_of(*run.previous);
    if (bytes_before >= kEmptiedBytesMin && bytes < bytes_before / kEmptiedTimes) {
        run.add({.id = "FB415",
                 .message =
                     std::to_string(bytes) + " bytes are left of " + std::to_string(bytes_before)});
    }
}

bool share_a_criterion(const RuleFacts& one, const RuleFacts& other) {
    std::vector<std::uint64_t> shared;
    std::ranges::set_intersection(one.criteria, other.criteria, std::back_inserter(shared));
    return !shared.empty();
}

/// An id is what allow-lists, dashboards and analysts know a rule by. It means another rule now
/// when neither what it is called nor what it asks is left.
void compare_rules(Run& run, const ContentFacts& facts, const ContentFacts& before) {
    std::map<std::string_view, const RuleFacts*> old_rules;
    for (const RuleFacts& rule : before.rules) old_rules.emplace(rule.place.rule, &rule);
    for (const RuleFacts& rule : facts.rules) {
        const auto found = old_rules.find(rule.place.rule);
        if (found == old_rules.end()) continue;
        const RuleFacts& old = *found->second;
        const bool moved = rule.contract != old.contract;
        const bool other_questions = moved || !share_a_criterion(rule, old);
        const bool renamed = rule.title != old.title;
        if (!other_questions) continue;
        const std::string what =
            moved ? "is about " + rule.contract + ", it was about " + old.contract
                  : "asks nothing of what it asked before";
        run.add({.id = renamed ? "FB412" : "FB413",
                 .place = rule.place,
                 .message = rule.place.rule + " " + what +
                            (renamed ? "; it was called '" + old.title.substr(0, 120) + "'" : "")});
    }
}

std::string text_of(const Use& use) {
    return use.contract + " " + use.field + "|" + use.op + " -> " + use.action;
}

}  // namespace

void compare_releases(Run& run, const ContentFacts& facts, const ContentFacts& before) {
    compare_files(run);
    compare_amounts(run, facts, before);
    compare_rules(run, facts, before);
}

void note_novelty(Run& run, const ContentFacts& facts, const ContentFacts* before) {
    std::vector<Use> fresh;
    for (const Use& use : facts.uses) {
        if (before == nullptr || !before->uses.contains(use)) fresh.push_back(use);
    }
    for (const Use& use : fresh) {
        if (run.novelty.size() == kNoveltyMax) {
            run.notes.push_back(std::to_string(fresh.size() - kNoveltyMax) +
                                " more first uses are not in the list");
            break;
        }
        run.novelty.push_back({use.contract, use.field, use.op, use.action});
    }
    if (before == nullptr || fresh.empty()) return;
    std::string shown;
    for (std::size_t index = 0; index < std::min(fresh.size(), kUsesShown); ++index) {
        shown += (index > 0 ? "; " : "") + text_of(fresh[index]);
    }
    run.add({.id = "FB416",
             .message = std::to_string(fresh.size()) + " first uses against the last release: " +
                        shown + (fresh.size() > kUsesShown ? "; …" : "")});
}

}  // namespace firebreak::validator::lint
