#include "sensor/sigma/run/predicate_set.hpp"

#include <algorithm>
#include <array>

#include "core/base/errc.hpp"
#include "sensor/sigma/run/address.hpp"

namespace firebreak::sigma {
namespace {

using Ready = PredicateSet::Ready;

/// What an op's function may ask.
struct Question {
    const PredicateSet& set;
    const Ready& ready;
    std::uint16_t field;
    Event& event;
    Budget& budget;

    std::string_view value_of(std::uint16_t which) const {
        return ready.cased ? event.text(which) : event.folded(which);
    }
    std::string_view value() const { return value_of(field); }
    std::string_view operand() const { return ready.operand; }
};

bool is_present(const Question&) {
    return true;  // An absent field is answered before the table is asked.
}

bool equals(const Question& question) {
    return question.value() == question.operand();
}
bool contains(const Question& question) {
    return find_literal(question.value(), question.operand()) != std::string_view::npos;
}
bool starts_with(const Question& question) {
    return question.value().starts_with(question.operand());
}
bool ends_with(const Question& question) {
    return question.value().ends_with(question.operand());
}
bool glob(const Question& question) {
    return question.set.glob_of(question.ready).matches(question.value(), question.budget);
}
bool regex(const Question& question) {
    return question.set.regex_of(question.ready).matches(question.event.text(question.field));
}

bool cidr(const Question& question) {
    const std::optional<Address> address = parse_address(question.event.text(question.field));
    if (!address) return false;
    const std::string_view network = question.operand();
    const auto* const bytes = reinterpret_cast<const std::uint8_t*>(network.data());
    return inside(*address, {bytes, network.size()}, question.ready.prefix_bits);
}

template <class Compare>
bool compare(const Question& question) {
    const std::optional<std::int64_t> value = question.event.integer(question.field);
    return value && Compare{}(*value, question.ready.integer);
}

/// The value of the other field, which must be there.
template <class Compare>
bool compare_fields(const Question& question) {
    const std::uint16_t other = question.ready.other_field;
    return question.event.present(other) && Compare{}(question.value(), question.value_of(other));
}

struct StartsWith {
    bool operator()(std::string_view a, std::string_view b) const { return a.starts_with(b); }
};
struct EndsWith {
    bool operator()(std::string_view a, std::string_view b) const { return a.ends_with(b); }
};
struct Contains {
    bool operator()(std::string_view a, std::string_view b) const {
        return find_literal(a, b) != std::string_view::npos;
    }
};

struct Operation {
    Op op;
    bool (*function)(const Question&);
    unsigned cost;  ///< About, in units of a comparison of bytes.
};

/// Every op that this interpreter has code for.
constexpr std::array kOperations = {
    Operation{Op::kAbsent, nullptr, 1},  // The one op about a field that is not there; see ask().
    Operation{Op::kPresent, &is_present, 1},
    Operation{Op::kEquals, &equals, 1},
    Operation{Op::kContains, &contains, 8},
    Operation{Op::kStartsWith, &starts_with, 1},
    Operation{Op::kEndsWith, &ends_with, 1},
    Operation{Op::kGlob, &glob, 12},
    Operation{Op::kRegex, &regex, 100},
    Operation{Op::kCidr, &cidr, 20},
    Operation{Op::kIntegerEquals, &compare<std::equal_to<>>, 2},
    Operation{Op::kLess, &compare<std::less<>>, 2},
    Operation{Op::kLessOrEqual, &compare<std::less_equal<>>, 2},
    Operation{Op::kGreater, &compare<std::greater<>>, 2},
    Operation{Op::kGreaterOrEqual, &compare<std::greater_equal<>>, 2},
    Operation{Op::kSameAs, &compare_fields<std::equal_to<>>, 2},
    Operation{Op::kSameStart, &compare_fields<StartsWith>, 2},
    Operation{Op::kSameEnd, &compare_fields<EndsWith>, 2},
    Operation{Op::kSameInside, &compare_fields<Contains>, 10},
};

/// The table is in the order of the ops' numbers, so that asking is one look-up.
constexpr bool in_order() {
    for (std::size_t i = 0; i < kOperations.size(); ++i) {
        if (static_cast<std::size_t>(kOperations[i].op) != i + 1) return false;
    }
    return true;
}
static_assert(in_order());

const Operation& operation_of(Op op) {
    return kOperations.at(static_cast<std::size_t>(op) - 1);
}

bool ask(const Question& question) {
    const Operation& operation = operation_of(question.ready.op);
    const bool present = question.event.present(question.field);
    if (operation.function == nullptr) return !present;
    return present && operation.function(question);
}

}  // namespace

std::vector<Op> implemented_ops() {
    std::vector<Op> ops;
    for (const Operation& operation : kOperations) ops.push_back(operation.op);
    return ops;
}

Result<PredicateSet> PredicateSet::make(const Program& program) {
    PredicateSet set;
    set.ready_.reserve(program.predicates.size());
    for (const Predicate& predicate : program.predicates) {
        Ready ready{.op = predicate.op,
                    .cased = predicate.cased,
                    .prefix_bits = predicate.prefix_bits,
                    .field = predicate.field,
                    .other_field = predicate.other_field,
                    .integer = predicate.integer,
                    .operand = predicate.text};
        if (!ready.cased) fold_into(predicate.text, ready.operand.data());
        if (predicate.op == Op::kCidr) ready.operand = to_text(predicate.network);
        if (predicate.op == Op::kGlob) {
            ready.pattern = static_cast<std::uint32_t>(set.globs_.size());
            set.globs_.emplace_back(predicate.pieces, predicate.cased);
        }
        if (predicate.op == Op::kRegex) {
            Result<Regex> regex = Regex::make(predicate.text);
            if (!regex) {
                return fail(
                    regex.error().seen_from("predicate " + std::to_string(set.ready_.size())));
            }
            ready.pattern = static_cast<std::uint32_t>(set.regexes_.size());
            set.regexes_.push_back(std::move(*regex));
        }
        set.ready_.push_back(std::move(ready));
    }
    return set;
}

std::optional<std::uint16_t> PredicateSet::matched_field(std::uint32_t predicate, Event& event,
                                                         Budget& budget) const {
    const Ready& ready = ready_.at(predicate);
    const bool any = ready.field == kAnyField;
    const std::size_t begin = any ? 0 : ready.field;
    const std::size_t end = any ? event.field_count() : begin + 1;
    for (std::size_t at = begin; at < end; ++at) {
        const auto field = static_cast<std::uint16_t>(at);
        if (!budget.spend(1 + event.text(field).size() / 256)) return std::nullopt;
        if (ask({*this, ready, field, event, budget})) return field;
    }
    return std::nullopt;
}

unsigned PredicateSet::cost(std::uint32_t predicate) const {
    const Ready& ready = ready_.at(predicate);
    return operation_of(ready.op).cost * (ready.field == kAnyField ? 16 : 1);
}

std::size_t PredicateSet::memory_bytes() const {
    std::size_t bytes = ready_.capacity() * sizeof(Ready) + regexes_.size() * kRegexBytesMax;
    for (const Ready& ready : ready_) bytes += ready.operand.capacity();
    for (const Glob& glob : globs_) bytes += sizeof(Glob) + glob.memory_bytes();
    return bytes;
}

}  // namespace firebreak::sigma
