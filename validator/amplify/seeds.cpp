#include "validator/amplify/seeds.hpp"

#include <algorithm>
#include <array>
#include <set>
#include <tuple>

#include "core/base/random.hpp"
#include "sensor/host/answers.hpp"
#include "sensor/sigma/events/supplied_contracts.hpp"
#include "validator/generate/event_document.hpp"
#include "validator/generate/event_solver.hpp"
#include "validator/generate/regex_sampler.hpp"
#include "validator/generate/yara_samples.hpp"
#include "validator/sandbox/event_input.hpp"

namespace firebreak::validator {
namespace {

constexpr std::size_t kUnitBytesMax = 4096;
constexpr std::size_t kShownBytesMax = 60;
constexpr SampleCaps kHeadCaps{.string_bytes_max = kUnitBytesMax, .file_bytes_max = 64U << 10U};

/// In the order in which they are taken.
enum class Kind : std::uint8_t { kCommon, kSample, kBehindSample, kLetters, kWhole, kHalf, kByte };
constexpr std::size_t kKinds = 7;

/// Gathers seeds, no two alike.
class Gatherer {
public:
    void add(Kind kind, AmplifySeed seed) {
        if (seed.unit.empty() || seed.unit.size() > kUnitBytesMax) return;
        const std::string unit = to_text(seed.unit);
        // With a head it is the rule's own input; without one, in a file, the same for all rules.
        const bool own = !seed.head.empty() || !seed.contract.empty();
        std::string place = own ? seed.rule : "";
        if (seed.head.empty()) place += '\0';
        if (!seen_.emplace(std::move(place) + seed.contract, seed.field, unit).second) return;
        seed.shown = "\"" + sensor::printable(unit, kShownBytesMax) + "\"";
        kinds_.at(static_cast<std::size_t>(kind)).push_back(std::move(seed));
    }

    /// The unit, its first half and its first byte, without a head.
    void add_parts(AmplifySeed seed) {
        seed.head.clear();
        const Bytes unit = seed.unit;
        add(Kind::kWhole, seed);
        seed.unit.resize((unit.size() + 1) / 2);
        add(Kind::kHalf, seed);
        seed.unit = unit;
        seed.unit.resize(std::min<std::size_t>(unit.size(), 1));
        add(Kind::kByte, std::move(seed));
    }

    AmplifySeeds take(const SeedDraw& draw) {
        AmplifySeeds seeds;
        SeededRandom random(draw.seed);
        for (std::vector<AmplifySeed>& kind : kinds_) {
            // Fisher and Yates.
            for (std::size_t i = kind.size(); i > 1; --i) {
                std::swap(kind[i - 1], kind[static_cast<std::size_t>(random.below(i))]);
            }
            for (AmplifySeed& seed : kind) {
                if (seeds.all.size() < draw.count_max) {
                    seeds.all.push_back(std::move(seed));
                } else {
                    ++seeds.left_out;
                }
            }
        }
        return seeds;
    }

private:
    std::set<std::tuple<std::string, std::size_t, std::string>> seen_;
    std::array<std::vector<AmplifySeed>, kKinds> kinds_;
};

void add_rule(const YaraRule& rule, std::uint64_t seed, Gatherer& gatherer) {
    AmplifySeed made{.rule = rule.name};
    const ConditionHints hints = hints_of(rule.condition);
    const std::vector<YaraSample> samples = matching_samples(rule, seed, kHeadCaps);
    if (!samples.empty() && samples.front().bytes.size() <= kHeadCaps.file_bytes_max) {
        made.head = samples.front().bytes;
    }
    if (hints.size_max) {
        made.bytes_max = static_cast<std::size_t>(*hints.size_max) -
                         std::min<std::size_t>(*hints.size_max, made.head.size() + 1);
    }
    const std::vector<Bytes> strings = sampled_strings(rule, seed, Repeats::kFewest, kUnitBytesMax);
    AmplifySeed all = made;
    for (const Bytes& string : strings) {
        all.unit.insert(all.unit.end(), string.begin(), string.end());
    }
    gatherer.add(Kind::kSample, std::move(all));
    for (const Bytes& string : strings) {
        AmplifySeed one = made;
        one.unit = string;
        gatherer.add(Kind::kBehindSample, one);
        gatherer.add_parts(std::move(one));
    }
}

// ---- Events ---------------------------------------------------------------------------------

bool holds_text(std::string_view contract, std::size_t field) {
    const auto contracts = sigma::supplied_contracts();
    const auto known = std::ranges::find(contracts, contract, &sigma::SuppliedContract::contract);
    return known == contracts.end() || field >= known->fields.size() ||
           known->fields[field].type == sigma::FieldType::kText;
}

/// Texts that a predicate looks for, or that what it looks for matches.
std::vector<Bytes> operands(const sigma::Predicate& predicate, Random& random) {
    std::vector<Bytes> texts;
    if (predicate.op == sigma::Op::kRegex) {
        const Result<RegexSampler> sampler = RegexSampler::parse(predicate.text, {});
        if (sampler) {
            if (auto text = sampler->sample(random, Repeats::kSome, kUnitBytesMax)) {
                texts.push_back(*std::move(text));
            }
        }
    } else if (!predicate.text.empty()) {
        texts.push_back(to_bytes(predicate.text));
    }
    for (const sigma::GlobPiece& piece : predicate.pieces) {
        if (!piece.text.empty()) texts.push_back(to_bytes(piece.text));
    }
    return texts;
}

/// What a rule's events are made of.
struct RuleEvents {
    const sigma::Program& program;
    const sigma::Rule& rule;
    sigma::ReferenceEvent match;  ///< An event that the rule matches, or nothing in any field.
    std::size_t supplied;
};

void add_field(const RuleEvents& events, std::size_t field, const std::vector<Bytes>& texts,
               Gatherer& gatherer) {
    if (field >= events.supplied || !holds_text(events.program.contract, field)) return;
    AmplifySeed made{.rule = events.rule.id,
                     .contract = events.program.contract,
                     .values = events.match,
                     .field = field,
                     .fields_supplied = events.supplied};
    if (made.values.size() <= field) made.values.resize(field + 1);
    if (const auto* text = std::get_if<std::string>(&made.values[field])) {
        made.head = to_bytes(*text);
    }
    AmplifySeed sample = made;
    sample.unit = sample.head;
    gatherer.add(Kind::kSample, std::move(sample));
    for (const Bytes& text : texts) {
        AmplifySeed one = made;
        one.unit = text;
        gatherer.add(Kind::kBehindSample, one);
        gatherer.add_parts(std::move(one));
    }
}

void add_rule(const RuleEvents& events, Random& random, Gatherer& gatherer) {
    for (const sigma::Node& node : events.rule.nodes) {
        if (node.kind != sigma::Node::Kind::kPredicate) continue;
        const sigma::Predicate& predicate = events.program.predicates.at(node.predicate);
        const std::size_t field = predicate.field == sigma::kAnyField ? 0 : predicate.field;
        add_field(events, field, operands(predicate, random), gatherer);
    }
}

/// Letters in every text field.
void add_letters(const std::string& contract, std::size_t supplied, Gatherer& gatherer) {
    for (std::size_t field = 0; field < supplied; ++field) {
        if (!holds_text(contract, field)) continue;
        gatherer.add(Kind::kLetters, {.unit = to_bytes("A"),
                                      .contract = contract,
                                      .values = sigma::ReferenceEvent(field + 1),
                                      .field = field,
                                      .fields_supplied = supplied});
    }
}

}  // namespace

AmplifySeeds file_seeds(const std::vector<YaraRule>& rules, const SeedDraw& draw) {
    Gatherer gatherer;
    for (const char* common : {"A", " ", "\n", "\xFF", "MZ", "0", "\x7F"}) {
        gatherer.add(Kind::kCommon, {.unit = to_bytes(common)});
    }
    gatherer.add(Kind::kCommon, {.unit = Bytes{0}});
    for (const YaraRule& rule : rules) add_rule(rule, draw.seed, gatherer);
    AmplifySeeds seeds = gatherer.take(draw);
    // What no file is made of.
    seeds.usual.push_back({.unit = to_bytes("\x01\x02")});
    return seeds;
}

AmplifySeeds event_seeds(const std::vector<sigma::Program>& programs,
                         const sensor::CapabilityManifest& build, const SeedDraw& draw) {
    Gatherer gatherer;
    SeededRandom random(draw.seed);
    AmplifySeeds seeds;
    std::vector<AmplifySeed> usual;
    for (const sigma::Program& program : programs) {
        const std::size_t supplied = fields_supplied(build, program.contract);
        if (supplied == 0) continue;
        usual.push_back({.unit = to_bytes("\x01"),
                         .contract = program.contract,
                         .values = sigma::ReferenceEvent(1),
                         .fields_supplied = supplied});
        add_letters(program.contract, supplied, gatherer);
        EventSolver solver(program, draw.seed);
        for (const sigma::Rule& rule : program.rules) {
            RuleEvents events{program, rule, {}, supplied};
            if (std::optional<DirectedEvent> match = solver.match(rule)) {
                events.match = std::move(match->values);
            }
            add_rule(events, random, gatherer);
        }
    }
    seeds = gatherer.take(draw);
    if (!usual.empty()) seeds.usual.push_back(std::move(usual.front()));
    return seeds;
}

Bytes amplified(const AmplifySeed& seed, std::size_t bytes) {
    Bytes text = seed.head;
    text.reserve(seed.head.size() + bytes + seed.unit.size());
    while (text.size() < seed.head.size() + bytes) {
        text.insert(text.end(), seed.unit.begin(), seed.unit.end());
    }
    text.resize(seed.head.size() + bytes);
    if (seed.contract.empty()) return text;
    sigma::ReferenceEvent values = seed.values;
    values.at(seed.field) = to_text(text);
    return event_document(seed.contract, values, seed.fields_supplied);
}

}  // namespace firebreak::validator
