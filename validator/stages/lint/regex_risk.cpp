#include <algorithm>

#include "validator/stages/lint/regex_tree.hpp"

namespace firebreak::validator::lint {
namespace {

using Kind = RegexNode::Kind;

/// A repetition of more than this is as good as without bound.
constexpr std::uint32_t kLooseTimes = 100;

/// An outer repetition multiplies what its inner ones cost: from here on, too often.
constexpr std::uint32_t kOuterTimes = 10;

/// A set this large pins nothing down: `.`, [^"].
constexpr std::size_t kWideSet = 128;

/// Repetitions remembered at one end: enough for any expression that a person writes.
constexpr std::size_t kLoopsMax = 64;

constexpr std::uint32_t kDemandMax = 1'000;

bool nullable(const RegexNode& node) {
    switch (node.kind) {
        case Kind::kEmpty: return true;
        case Kind::kSet: return false;
        case Kind::kSequence: return std::ranges::all_of(node.children, nullable);
        case Kind::kAlternatives: return std::ranges::any_of(node.children, nullable);
        case Kind::kRepeat: return node.min == 0 || nullable(node.children.front());
    }
    return true;
}

ByteSet all_bytes(const RegexNode& node) {
    ByteSet set = node.set;
    for (const RegexNode& child : node.children) set |= all_bytes(child);
    return set;
}

bool loose(const RegexNode& node) {
    return node.kind == Kind::kRepeat && node.max > kLooseTimes;
}

enum class End : std::uint8_t { kFront, kBack };

/// A loose repetition: what it takes, and whether that is one byte or class at a time.
struct Loop {
    ByteSet set;
    bool plain = false;
};

/// The loose repetitions that can stand at that end of `node`.
void end_loops(const RegexNode& node, End end, std::vector<Loop>& out) {
    if (loose(node) && out.size() < kLoopsMax) {
        const RegexNode& body = node.children.front();
        out.push_back({all_bytes(body), body.kind == Kind::kSet});
    }
    switch (node.kind) {
        case Kind::kEmpty:
        case Kind::kSet: return;
        case Kind::kAlternatives:
        case Kind::kRepeat:
            for (const RegexNode& child : node.children) end_loops(child, end, out);
            return;
        case Kind::kSequence: break;
    }
    const std::size_t count = node.children.size();
    for (std::size_t index = 0; index < count; ++index) {
        const RegexNode& child = node.children[end == End::kFront ? index : count - 1 - index];
        end_loops(child, end, out);
        if (!nullable(child)) return;
    }
}

RegexRisk fight(const std::vector<Loop>& some, const std::vector<Loop>& others) {
    RegexRisk worst = RegexRisk::kNone;
    for (const Loop& one : some) {
        for (const Loop& other : others) {
            if ((one.set & other.set).none()) continue;
            if (one.plain && other.plain) return RegexRisk::kNeighbours;
            worst = RegexRisk::kNested;
        }
    }
    return worst;
}

RegexRisk neighbours_fight(const RegexNode& sequence) {
    std::vector<Loop> behind;
    RegexRisk worst = RegexRisk::kNone;
    for (const RegexNode& child : sequence.children) {
        std::vector<Loop> front;
        end_loops(child, End::kFront, front);
        const RegexRisk risk = fight(behind, front);
        if (risk == RegexRisk::kNeighbours) return risk;
        if (risk != RegexRisk::kNone) worst = risk;
        // Once something is known there is no need to remember more: this keeps it linear.
        if (!nullable(child) || worst != RegexRisk::kNone) behind.clear();
        end_loops(child, End::kBack, behind);
    }
    return worst;
}

/// Whether everything that must stand in `node` can be taken by a repetition of `set`.
bool absorbed(const RegexNode& node, const ByteSet& set) {
    switch (node.kind) {
        case Kind::kEmpty: return true;
        case Kind::kSet: return (node.set & set).any();
        case Kind::kSequence:
            return std::ranges::all_of(
                node.children, [&](const RegexNode& child) { return absorbed(child, set); });
        case Kind::kAlternatives:
            return std::ranges::any_of(
                node.children, [&](const RegexNode& child) { return absorbed(child, set); });
        case Kind::kRepeat: return node.min == 0 || absorbed(node.children.front(), set);
    }
    return false;
}

bool inner_fights_outer(const RegexNode& outer) {
    const RegexNode& body = outer.children.front();
    if (loose(body)) return true;
    if (body.kind == Kind::kAlternatives) {
        return std::ranges::any_of(body.children, loose);
    }
    if (body.kind != Kind::kSequence) return false;
    for (const RegexNode& inner : body.children) {
        if (!loose(inner)) continue;
        const ByteSet set = all_bytes(inner.children.front());
        const bool takes_all = std::ranges::all_of(body.children, [&](const RegexNode& child) {
            return &child == &inner || absorbed(child, set);
        });
        if (takes_all) return true;
    }
    return false;
}

}  // namespace

std::uint32_t demanded_bytes(const RegexNode& regex) {
    std::uint32_t sum = 0;
    switch (regex.kind) {
        case Kind::kEmpty: return 0;
        case Kind::kSet: return regex.set.count() > kWideSet ? 0 : 1;
        case Kind::kSequence:
            for (const RegexNode& child : regex.children) sum += demanded_bytes(child);
            return std::min(sum, kDemandMax);
        case Kind::kAlternatives: {
            std::uint32_t least = kDemandMax;
            for (const RegexNode& child : regex.children) {
                least = std::min(least, demanded_bytes(child));
            }
            return least;
        }
        case Kind::kRepeat: break;
    }
    const std::uint64_t product = std::uint64_t{regex.min} * demanded_bytes(regex.children.front());
    return static_cast<std::uint32_t>(std::min<std::uint64_t>(product, kDemandMax));
}

RegexRisk backtracking_risk(const RegexNode& regex) {
    RegexRisk worst = RegexRisk::kNone;
    if (regex.kind == Kind::kSequence) worst = neighbours_fight(regex);
    if (regex.kind == Kind::kRepeat && regex.max >= kOuterTimes && inner_fights_outer(regex)) {
        worst = RegexRisk::kNested;
    }
    for (const RegexNode& child : regex.children) {
        if (worst == RegexRisk::kNeighbours) return worst;
        const RegexRisk risk = backtracking_risk(child);
        if (risk != RegexRisk::kNone) worst = risk;
    }
    return worst;
}

std::string_view explain(RegexRisk risk) {
    switch (risk) {
        case RegexRisk::kNone: break;
        case RegexRisk::kNeighbours: return "two repetitions side by side can take the same bytes";
        case RegexRisk::kNested:
            return "a repetition can take all that another, around it or beside it, repeats";
    }
    return {};
}

}  // namespace firebreak::validator::lint
