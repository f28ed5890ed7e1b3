#include "validator/generate/event_values.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <limits>

#include "validator/generate/regex_sampler.hpp"

namespace firebreak::validator {
namespace {

using sigma::Op;
using sigma::Predicate;
using sigma::ReferenceEvent;
using sigma::ReferenceValue;

constexpr std::size_t kSampleBytesMax = 8U << 10U;
constexpr std::size_t kCandidatesMax = 128;
constexpr std::size_t kSamples = 6;  ///< Of one regular expression, in one attempt.
constexpr std::size_t kLongText = 64U << 10U;

/// What stands between parts of a text, and where ? and * of a glob leave room.
constexpr std::array<std::string_view, 5> kGlues{"", " ", "x", "\\", "/"};

bool about_integers(Op op) {
    return op >= Op::kIntegerEquals && op <= Op::kGreaterOrEqual;
}

std::string text_of_value(const ReferenceValue& value) {
    if (const auto* text = std::get_if<std::string>(&value)) return *text;
    if (const auto* integer = std::get_if<std::int64_t>(&value)) return std::to_string(*integer);
    if (const auto* boolean = std::get_if<bool>(&value)) return *boolean ? "true" : "false";
    return {};
}

/// Parts of a text, by where they have to stand.
struct Parts {
    std::vector<std::string> whole;
    std::string start;
    std::string end;
    std::vector<std::string> inside;
    std::vector<std::vector<std::string>> patterns;  ///< Of each regular expression, samples.

    void starts(const std::string& text) {
        if (text.size() > start.size()) start = text;
    }
    void ends(const std::string& text) {
        if (text.size() > end.size()) end = text;
    }
};

std::string filled(const sigma::GlobPiece& piece, char filler) {
    std::string text = piece.text;
    for (const std::uint16_t at : piece.any) {
        if (at < text.size()) text[at] = filler;
    }
    return text;
}

/// Collects what the values of one field are made from.
class Material {
public:
    Material(const ReferenceEvent& event, unsigned attempt, Random& random)
        : event_(event), attempt_(attempt), random_(random) {}

    void add(const Predicate& predicate, const Wish& wish);
    std::vector<ReferenceValue> candidates(bool wants_nothing) const;

private:
    void add_text(const Predicate& predicate, std::string text);
    void add_integers(std::int64_t integer);
    void add_addresses(const Predicate& predicate);
    void add_regex(const Predicate& predicate, bool near);
    void add_joined(std::vector<ReferenceValue>& made, std::string_view glue) const;
    std::string spoiled(std::string text) const;

    const ReferenceEvent& event_;
    unsigned attempt_;
    Random& random_;
    Parts parts_;
    std::vector<ReferenceValue> direct_;
};

/// `text` with one character of it gone or changed: the nearest to it that is not it.
std::string Material::spoiled(std::string text) const {
    if (text.empty()) return text;
    const std::size_t at = attempt_ % 2 == 0 ? text.size() - 1 : text.size() / 2;
    if (attempt_ % 3 == 1) {
        text.erase(at, 1);
    } else {
        text[at] = text[at] == '#' ? '~' : '#';
    }
    return text;
}

void Material::add_text(const Predicate& predicate, std::string text) {
    switch (predicate.op) {
        case Op::kEquals:
        case Op::kSameAs: parts_.whole.push_back(std::move(text)); break;
        case Op::kStartsWith:
        case Op::kSameStart: parts_.starts(text); break;
        case Op::kEndsWith:
        case Op::kSameEnd: parts_.ends(text); break;
        default: parts_.inside.push_back(std::move(text)); break;
    }
}

void Material::add_integers(std::int64_t integer) {
    using Limits = std::numeric_limits<std::int64_t>;
    if (integer > Limits::min()) direct_.emplace_back(integer - 1);
    direct_.emplace_back(integer);
    if (integer < Limits::max()) direct_.emplace_back(integer + 1);
}

void Material::add_addresses(const Predicate& predicate) {
    const int family = predicate.network.size() == 4 ? AF_INET : AF_INET6;
    const auto add = [&](const Bytes& network) {
        std::array<char, INET6_ADDRSTRLEN> text{};
        if (::inet_ntop(family, network.data(), text.data(), text.size()) == nullptr) return;
        direct_.emplace_back(std::string(text.data()));
    };
    add(predicate.network);
    Bytes inside = predicate.network;
    if (predicate.prefix_bits < 8 * inside.size()) inside.back() |= 1U;
    add(inside);
    Bytes outside = predicate.network;
    if (predicate.prefix_bits > 0) {
        const unsigned last = predicate.prefix_bits - 1U;
        outside[last / 8] ^= static_cast<std::uint8_t>(0x80U >> (last % 8));
    }
    add(outside);
}

void Material::add_regex(const Predicate& predicate, bool near) {
    const auto sampler = RegexSampler::parse(predicate.text, {.dialect = RegexDialect::kRe2});
    if (!sampler) return;
    constexpr std::array kRepeats{Repeats::kFewest, Repeats::kSome, Repeats::kMost};
    std::vector<std::string> samples;
    for (std::size_t i = 0; i < kSamples; ++i) {
        const Repeats repeats = kRepeats.at((attempt_ + i) % kRepeats.size());
        const std::optional<Bytes> sample = sampler->sample(random_, repeats, kSampleBytesMax);
        if (!sample) continue;
        samples.push_back(near ? spoiled(to_text(*sample)) : to_text(*sample));
    }
    if (!samples.empty()) parts_.patterns.push_back(std::move(samples));
}

void Material::add(const Predicate& predicate, const Wish& wish) {
    if (about_integers(predicate.op)) return add_integers(predicate.integer);
    if (predicate.op == Op::kCidr) return add_addresses(predicate);
    if (!wish.met && !wish.near) return;
    const bool near = !wish.met;
    if (predicate.op == Op::kRegex) return add_regex(predicate, near);
    if (predicate.op == Op::kGlob) {
        const char filler = attempt_ % 2 == 0 ? 'x' : '0';
        const auto& pieces = predicate.pieces;
        std::string text;
        for (std::size_t i = 0; i < pieces.size(); ++i) {
            if (i > 0) text += kGlues.at((attempt_ + 2) % kGlues.size());
            text += filled(pieces[i], filler);
        }
        if (near) text = spoiled(std::move(text));
        const bool starts = !pieces.front().text.empty();
        const bool ends = !pieces.back().text.empty();
        if (pieces.size() == 1 || (starts && ends)) {
            parts_.whole.push_back(std::move(text));
        } else if (starts) {
            parts_.starts(text);
        } else if (ends) {
            parts_.ends(text);
        } else {
            parts_.inside.push_back(std::move(text));
        }
        return;
    }
    if (predicate.op == Op::kAbsent || predicate.op == Op::kPresent) return;
    std::string text = predicate.text;
    if (predicate.op >= Op::kSameAs && predicate.other_field < event_.size()) {
        text = text_of_value(event_[predicate.other_field]);
    }
    add_text(predicate, near ? spoiled(std::move(text)) : std::move(text));
}

void Material::add_joined(std::vector<ReferenceValue>& made, std::string_view glue) const {
    std::string middle;
    for (const std::string& part : parts_.inside) {
        if (middle.find(part) != std::string::npos) continue;
        if (!middle.empty()) middle += glue;
        middle += part;
    }
    const auto join = [&](const std::string& first, const std::string& last) {
        std::string text = parts_.start;
        for (const std::string* part : {&first, static_cast<const std::string*>(&middle), &last}) {
            if (part->empty()) continue;
            if (!text.empty()) text += glue;
            text += *part;
        }
        if (!parts_.end.empty() && !text.ends_with(parts_.end)) text += std::string(glue);
        if (!text.ends_with(parts_.end)) text += parts_.end;
        made.emplace_back(std::move(text));
    };
    if (parts_.patterns.empty()) return join({}, {});
    for (std::size_t sample = 0; sample < kSamples; ++sample) {
        std::string ahead;
        std::string behind;
        for (const std::vector<std::string>& samples : parts_.patterns) {
            const std::string& text = samples.at(sample % samples.size());
            ahead += (ahead.empty() ? "" : std::string(glue)) + text;
            behind = text + (behind.empty() ? "" : std::string(glue)) + behind;
        }
        join(ahead, {});
        join({}, behind);
    }
}

std::vector<ReferenceValue> Material::candidates(bool wants_nothing) const {
    std::vector<ReferenceValue> made;
    if (wants_nothing) made.emplace_back(std::monostate{});
    for (const std::string& text : parts_.whole) made.emplace_back(text);
    made.insert(made.end(), direct_.begin(), direct_.end());
    for (const std::vector<std::string>& samples : parts_.patterns) {
        for (const std::string& text : samples) made.emplace_back(text);
    }
    for (std::size_t i = 0; i < kGlues.size(); ++i) {
        add_joined(made, kGlues.at((i + attempt_) % kGlues.size()));
    }
    // What is left where only refusals are wished for.
    for (const std::string_view text : {"firebreak", "", "0", "~"})
        made.emplace_back(std::string(text));
    made.emplace_back(std::int64_t{0});
    made.emplace_back(std::monostate{});
    if (made.size() > kCandidatesMax) made.resize(kCandidatesMax);
    return made;
}

}  // namespace

bool grant(const sigma::Program& program, const std::vector<Wish>& wishes, std::uint16_t field,
           ReferenceEvent& event, unsigned attempt, Random& random) {
    Material material(event, attempt, random);
    bool wants_nothing = true;
    for (const Wish& wish : wishes) {
        const Predicate& predicate = program.predicates.at(wish.predicate);
        material.add(predicate, wish);
        if (wish.met ? predicate.op != Op::kAbsent : wish.near) wants_nothing = false;
    }
    const ReferenceValue before = event.at(field);
    for (ReferenceValue& candidate : material.candidates(wants_nothing)) {
        event[field] = std::move(candidate);
        const bool granted = std::ranges::all_of(wishes, [&](const Wish& wish) {
            const Predicate& predicate = program.predicates[wish.predicate];
            if (predicate.field != sigma::kAnyField) {
                return sigma::reference_asks(predicate, event) == wish.met;
            }
            Predicate here = predicate;
            here.field = field;
            return sigma::reference_asks(here, event) == wish.met;
        });
        if (granted) return true;
    }
    event[field] = before;
    return false;
}

const std::vector<ReferenceValue>& odd_values() {
    using Limits = std::numeric_limits<std::int64_t>;
    static const std::vector<ReferenceValue> values{
        std::string(),
        std::monostate{},
        std::string(kLongText, 'A'),
        std::string("\xFF\xFE\x80\xC0\xAF", 5),
        std::string("a\0b", 3),
        std::string("\xF0\x9F\x94\xA5\xE2\x80\xAE"),
        std::string("%s%n*?[](){}\\"),
        std::string(400, '9'),
        std::string("a..b/../.\\..\\"),
        std::string("0x7fffffffffffffff"),
        std::int64_t{0},
        std::int64_t{-1},
        std::int64_t{1} << 31U,
        (std::int64_t{1} << 32U) - 1,
        Limits::min(),
        Limits::max(),
        true,
        false,
    };
    return values;
}

}  // namespace firebreak::validator
