#include "sensor/sigma/compiler/field_key.hpp"

#include <algorithm>
#include <array>
#include <set>

#include "core/content/printable.hpp"
#include "sensor/sigma/compiler/nearest.hpp"

namespace firebreak::sigma {
namespace {

constexpr std::size_t kModifiersMax = 8;

struct NamedTransform {
    std::string_view name;
    Transform transform;
};
constexpr std::array<NamedTransform, 10> kTransforms = {{
    {"utf16le", Transform::kUtf16LittleEndian},
    {"wide", Transform::kUtf16LittleEndian},
    {"utf16be", Transform::kUtf16BigEndian},
    {"utf16", Transform::kUtf16},
    {"base64", Transform::kBase64},
    {"base64offset", Transform::kBase64Offset},
    {"windash", Transform::kWindash},
    {"contains", Transform::kContains},
    {"startswith", Transform::kStartsWith},
    {"endswith", Transform::kEndsWith},
}};

struct NamedMatching {
    std::string_view name;
    Matching matching;
    Op compare;
};
constexpr std::array<NamedMatching, 8> kMatchings = {{
    {"re", Matching::kRegex, Op::kLess},
    {"cidr", Matching::kCidr, Op::kLess},
    {"exists", Matching::kExists, Op::kLess},
    {"fieldref", Matching::kFieldReference, Op::kLess},
    {"lt", Matching::kCompare, Op::kLess},
    {"lte", Matching::kCompare, Op::kLessOrEqual},
    {"gt", Matching::kCompare, Op::kGreater},
    {"gte", Matching::kCompare, Op::kGreaterOrEqual},
}};

constexpr std::array<std::string_view, 6> kTimeParts = {"minute", "hour",  "day",
                                                        "week",   "month", "year"};

tl::unexpected<Refusal> refuse(std::string reason, std::string text) {
    return tl::unexpected<Refusal>({std::move(reason), std::move(text)});
}

bool encodes_utf16(Transform transform) {
    return transform == Transform::kUtf16LittleEndian || transform == Transform::kUtf16BigEndian ||
           transform == Transform::kUtf16;
}
bool encodes_base64(Transform transform) {
    return transform == Transform::kBase64 || transform == Transform::kBase64Offset;
}
bool anchors(Transform transform) {
    return transform == Transform::kContains || transform == Transform::kStartsWith ||
           transform == Transform::kEndsWith;
}

tl::unexpected<Refusal> refuse_unknown(const std::string& modifier) {
    if (modifier == "expand") {
        return refuse(
            "placeholder",
            "placeholders (expand) need a list that only a pipeline has; write the values "
            "out");
    }
    if (std::ranges::find(kTimeParts, modifier) != kTimeParts.end()) {
        return refuse("time-modifier", "parts of a time (" + modifier +
                                           ") are not supported; compare the number that the event "
                                           "holds, or leave this to the place that correlates");
    }
    std::vector<std::string> known = {"all", "cased", "neq", "i", "m", "s"};
    for (const NamedTransform& named : kTransforms) known.emplace_back(named.name);
    for (const NamedMatching& named : kMatchings) known.emplace_back(named.name);
    return refuse("unknown-modifier", "unknown modifier '" + content::shown(modifier) + "'" +
                                          did_you_mean(modifier, known));
}

/// Takes one modifier into `key`. @returns false when it is none that a key can have.
bool take_modifier(FieldKey& key, std::string_view modifier) {
    if (modifier == "all") return key.all = true;
    if (modifier == "cased") return key.cased = true;
    if (modifier == "neq") return key.differs = true;
    for (const NamedTransform& named : kTransforms) {
        if (named.name != modifier) continue;
        key.transforms.push_back(named.transform);
        return true;
    }
    return false;
}

bool is_regex_flag(const FieldKey& key, std::string_view modifier) {
    return key.matching == Matching::kRegex &&
           (modifier == "i" || modifier == "m" || modifier == "s");
}

tl::expected<void, Refusal> check_transforms(const FieldKey& key) {
    const auto& steps = key.transforms;
    if (std::ranges::count_if(steps, anchors) > 1) {
        return refuse("bad-modifiers",
                      "contains, startswith and endswith exclude one another; keep one of them");
    }
    if (std::ranges::count_if(steps, encodes_base64) > 1) {
        return refuse("bad-modifiers", "base64 and base64offset exclude one another; keep one");
    }
    const auto wide = std::ranges::find_if(steps, encodes_utf16);
    const auto base64 = std::ranges::find_if(steps, encodes_base64);
    if (std::ranges::count_if(steps, encodes_utf16) > 1) {
        return refuse("bad-modifiers", "one of wide, utf16le, utf16be and utf16, not two");
    }
    if (wide != steps.end() && (base64 == steps.end() || base64 < wide)) {
        return refuse("bad-modifiers",
                      "wide and utf16… make bytes that only base64 or base64offset can take; write "
                      "wide|base64offset|contains");
    }
    const auto windash = std::ranges::find(steps, Transform::kWindash);
    if (windash != steps.end() && std::min(wide, base64) < windash) {
        return refuse("bad-modifiers", "windash after an encoding finds no dash; put it first");
    }
    return {};
}

tl::expected<void, Refusal> check_matching(const FieldKey& key, std::string_view name) {
    const bool reference = key.matching == Matching::kFieldReference;
    const auto unfit = [&](Transform transform) { return !reference || !anchors(transform); };
    const bool transformed = std::ranges::any_of(key.transforms, unfit);
    if (key.matching == Matching::kText) return {};
    if (transformed && key.matching == Matching::kRegex) {
        return refuse("bad-modifiers",
                      "re takes no other text modifier; write it into the expression (it is found "
                      "anywhere unless ^ or $ stand in it)");
    }
    if (transformed) {
        return refuse("bad-modifiers", std::string(name) + " takes no text modifier; remove it");
    }
    if (key.cased && !reference) {
        const bool regex = key.matching == Matching::kRegex;
        return refuse("bad-modifiers", regex ? "re is cased unless |i follows; remove cased"
                                             : std::string(name) + " knows no case; remove cased");
    }
    if (key.field.empty() && key.matching != Matching::kRegex && key.matching != Matching::kCidr) {
        return refuse("bad-modifiers", std::string(name) + " needs a field in front of the |");
    }
    if (key.matching == Matching::kExists && (key.all || key.differs)) {
        return refuse("bad-modifiers", "exists stands alone; write exists: true or exists: false");
    }
    return {};
}

std::vector<std::string> split(std::string_view key) {
    std::vector<std::string> parts(1);
    for (const char c : key) {
        if (c == '|') {
            parts.emplace_back();
        } else {
            parts.back() += c;
        }
    }
    return parts;
}

}  // namespace

bool FieldKey::has(Transform transform) const {
    return std::ranges::find(transforms, transform) != transforms.end();
}

tl::expected<FieldKey, Refusal> parse_field_key(std::string_view text) {
    const std::vector<std::string> parts = split(text);
    if (parts.size() > kModifiersMax + 1) {
        return refuse("bad-modifiers", "more than " + std::to_string(kModifiersMax) + " modifiers");
    }
    FieldKey key;
    key.field = parts.front();
    key.modified = parts.size() > 1;
    std::set<std::string> seen;
    std::string matching_name;
    for (std::size_t i = 1; i < parts.size(); ++i) {
        const std::string& modifier = parts[i];
        if (!seen.insert(modifier).second) {
            return refuse("bad-modifiers",
                          "the modifier '" + content::shown(modifier) + "' is there twice");
        }
        const auto matching = std::ranges::find(kMatchings, modifier, &NamedMatching::name);
        if (matching != kMatchings.end()) {
            if (!matching_name.empty()) {
                return refuse("bad-modifiers",
                              matching_name + " and " + modifier + " exclude one another");
            }
            key.matching = matching->matching;
            key.compare = matching->compare;
            matching_name = modifier;
        } else if (is_regex_flag(key, modifier)) {
            key.regex_flags += modifier;
        } else if (modifier == "i" || modifier == "m" || modifier == "s") {
            return refuse("bad-modifiers",
                          "'" + modifier + "' is for after re: write re|" + modifier);
        } else if (!take_modifier(key, modifier)) {
            return refuse_unknown(modifier);
        }
    }
    std::ranges::sort(key.regex_flags);
    if (auto fits = check_transforms(key); !fits) return tl::unexpected(fits.error());
    if (auto fits = check_matching(key, matching_name); !fits) return tl::unexpected(fits.error());
    return key;
}

}  // namespace firebreak::sigma
