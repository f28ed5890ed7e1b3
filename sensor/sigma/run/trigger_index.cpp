#include "sensor/sigma/run/trigger_index.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <map>

#include "sensor/sigma/run/glob.hpp"

namespace firebreak::sigma {
namespace {

/// The bitmap has this many bits, as a power of two, for each bucket: one place in a few hundred
/// passes by chance.
constexpr unsigned kBitmapBitsPerBucket = 4;
constexpr unsigned kBucketBitsMax = 24;
constexpr unsigned kCountBitsMax = 18;

/// Multiplicative hashing: the upper bits are the good ones.
constexpr std::uint32_t hash_of(std::uint32_t gram) {
    return gram * 2'654'435'761U;
}

/// Four bytes of `value` at `at`, of which there are at least four.
std::uint32_t load_four(std::string_view value, std::size_t at) {
    std::uint32_t gram = 0;
    std::memcpy(&gram, value.data() + at, 4);
    return gram;
}

/// `count` bytes (3 or 4) in the same order, whatever follows.
std::uint32_t load_gram(std::string_view value, std::size_t at, unsigned count) {
    std::uint32_t gram = 0;
    std::memcpy(&gram, value.data() + at, count);
    return gram;
}

unsigned bits_for(std::size_t entries) {
    const auto bits = static_cast<unsigned>(std::bit_width(entries)) + 1;
    return std::clamp(bits, 4U, kBucketBitsMax);
}

}  // namespace

TriggerIndex::TriggerIndex(const std::vector<Necessary>& needs, const std::vector<Trigger>& exact)
    : literal_of_predicate_(exact.size(), kNoLiteral), always_(needs.size()) {
    std::map<Trigger, std::vector<std::uint32_t>> triggers;
    std::map<IntegerTrigger, std::vector<std::uint32_t>> integers;
    for (std::uint32_t rule = 0; rule < needs.size(); ++rule) {
        if (needs[rule].always) {
            always_.add(rule);
            ++always_count_;
        }
        for (const Trigger& trigger : needs[rule].triggers) triggers[trigger].push_back(rule);
        for (const IntegerTrigger& trigger : needs[rule].integers) {
            integers[trigger].push_back(rule);
        }
    }
    for (const Trigger& trigger : exact) {
        if (!trigger.literal.empty()) triggers.try_emplace(trigger);
    }
    std::map<Trigger, std::uint32_t> numbers;
    const auto place = [](const std::vector<std::uint32_t>& rules, auto& of, auto& all) {
        of.rules_begin = static_cast<std::uint32_t>(all.size());
        all.insert(all.end(), rules.begin(), rules.end());
        of.rules_end = static_cast<std::uint32_t>(all.size());
    };
    std::map<std::uint16_t, std::vector<std::uint32_t>> by_field;
    for (const auto& [trigger, rules] : triggers) {
        const auto number = static_cast<std::uint32_t>(literals_.size());
        by_field[trigger.field].push_back(number);
        numbers.emplace_hint(numbers.end(), trigger, number);
        Literal literal{.begin = texts_.size(),
                        .length = trigger.literal.size(),
                        .at_start = trigger.at_start,
                        .at_end = trigger.at_end};
        texts_ += trigger.literal;
        place(rules, literal, rules_of_literals_);
        literals_.push_back(literal);
    }
    for (const auto& [trigger, rules] : integers) {
        IntegerRules entry{.trigger = trigger};
        place(rules, entry, rules_of_integers_);
        integers_.push_back(entry);
    }
    for (std::size_t i = 0; i < exact.size(); ++i) {
        const auto found = numbers.find(exact[i]);
        if (found != numbers.end()) literal_of_predicate_[i] = found->second;
    }
    for (const auto& [field, literals] : by_field) add_lane(field, literals);
}

void TriggerIndex::add_lane(std::uint16_t field, const std::vector<std::uint32_t>& literals) {
    std::vector<std::uint32_t> three;
    std::vector<std::uint32_t> four;
    Lane lane{.field = field};
    for (const std::uint32_t literal : literals) {
        const std::size_t length = literals_.at(literal).length;
        (length >= 4 ? four : length == 3 ? three : lane.short_literals).push_back(literal);
    }
    lane.four = table_of(four, 4);
    lane.three = table_of(three, 3);
    lanes_.push_back(std::move(lane));
}

std::vector<TriggerIndex::Entry> TriggerIndex::choose_grams(
    const std::vector<std::uint32_t>& literals, unsigned gram_bytes) const {
    std::size_t grams = 0;
    for (const std::uint32_t literal : literals) grams += literals_.at(literal).length;
    // By hash, in bounded memory: two grams that share a count only make a worse choice.
    const unsigned bits = std::min(bits_for(grams), kCountBitsMax);
    std::vector<std::uint32_t> counts(std::size_t{1} << bits, 0);
    const auto count_of = [&counts, bits](std::uint32_t gram) -> std::uint32_t& {
        return counts.at(hash_of(gram) >> (32 - bits));
    };
    const auto each_gram = [&](std::uint32_t literal, auto visit) {
        const std::string_view text = text_of(literals_.at(literal));
        for (std::size_t at = 0; at + gram_bytes <= text.size(); ++at) {
            visit(load_gram(text, at, gram_bytes), static_cast<std::uint32_t>(at));
        }
    };
    for (const std::uint32_t literal : literals) {
        each_gram(literal, [&](std::uint32_t gram, std::uint32_t) { ++count_of(gram); });
    }
    std::vector<Entry> entries;
    for (const std::uint32_t literal : literals) {
        Entry best{.literal = literal};
        std::uint32_t fewest = UINT32_MAX;
        each_gram(literal, [&](std::uint32_t gram, std::uint32_t at) {
            const std::uint32_t count = count_of(gram);
            if (count >= fewest) return;
            fewest = count;
            best.gram = gram;
            best.offset = at;
        });
        entries.push_back(best);
    }
    return entries;
}

TriggerIndex::GramTable TriggerIndex::table_of(const std::vector<std::uint32_t>& literals,
                                               unsigned gram_bytes) const {
    GramTable table{.gram_bytes = gram_bytes};
    if (literals.empty()) return table;
    table.entries = choose_grams(literals, gram_bytes);
    table.bucket_bits = bits_for(table.entries.size());
    const auto bucket = [&](const Entry& entry) {
        return hash_of(entry.gram) >> (32 - table.bucket_bits);
    };
    std::ranges::stable_sort(table.entries, {}, bucket);
    table.bucket_begin.assign((std::size_t{1} << table.bucket_bits) + 1, 0);
    for (const Entry& entry : table.entries) ++table.bucket_begin[bucket(entry) + 1];
    for (std::size_t i = 1; i < table.bucket_begin.size(); ++i) {
        table.bucket_begin[i] += table.bucket_begin[i - 1];
    }
    const unsigned bitmap_bits = table.bucket_bits + kBitmapBitsPerBucket;
    table.bitmap.assign((std::size_t{1} << bitmap_bits) / 64, 0);
    for (const Entry& entry : table.entries) {
        const std::uint32_t bit = hash_of(entry.gram) >> (32 - bitmap_bits);
        table.bitmap[bit / 64] |= std::uint64_t{1} << (bit % 64);
    }
    return table;
}

TriggerIndex::Found TriggerIndex::make_found() const {
    return {.rules = always_, .seen_at = std::vector<std::uint32_t>(literals_.size(), 0)};
}

void TriggerIndex::find(Event& event, Found& found, Budget& budget) const {
    if (++found.event == 0) {  // Once in four thousand million events.
        found.seen_at.assign(found.seen_at.size(), 0);
        found.event = 1;
    }
    found.rules = always_;
    for (const Lane& lane : lanes_) {
        if (lane.field != kAnyField) {
            find_in_value(lane, event.folded(lane.field), found, budget);
            continue;
        }
        for (std::size_t field = 0; field < event.field_count(); ++field) {
            find_in_value(lane, event.folded(field), found, budget);
        }
    }
    find_integers(event, found);
}

void TriggerIndex::find_in_value(const Lane& lane, std::string_view value, Found& found,
                                 Budget& budget) const {
    if (value.empty() || !budget.spend(1 + value.size() / 256)) return;
    if (!scan(lane.four, value, found, budget) || !scan(lane.three, value, found, budget)) return;
    for (const std::uint32_t literal : lane.short_literals) {
        const Literal& wanted = literals_.at(literal);
        const std::string_view text = text_of(wanted);
        if (!budget.spend(1 + value.size() / 256)) return;
        const bool there = wanted.at_start && wanted.at_end ? value == text
                           : wanted.at_start                ? value.starts_with(text)
                           : wanted.at_end                  ? value.ends_with(text)
                                           : find_literal(value, text) != std::string_view::npos;
        if (there) saw(literal, found);
    }
}

bool TriggerIndex::scan(const GramTable& table, std::string_view value, Found& found,
                        Budget& budget) const {
    if (table.entries.empty() || value.size() < table.gram_bytes) return true;
    const unsigned shift = 32 - table.bucket_bits - kBitmapBitsPerBucket;
    const auto passes = [&](std::uint32_t hash) {
        const std::uint32_t bit = hash >> shift;
        return ((table.bitmap[bit / 64] >> (bit % 64)) & 1U) != 0;
    };
    const std::uint32_t mask = table.gram_bytes == 4 ? 0xFFFFFFFF : load_gram("\xFF\xFF\xFF", 0, 3);
    std::size_t at = 0;
    for (; at + 4 <= value.size(); ++at) {
        const std::uint32_t hash = hash_of(load_four(value, at) & mask);
        if (!passes(hash)) continue;
        if (!budget.spend(1)) return false;
        compare(table, hash, value, at, found);
    }
    if (table.gram_bytes == 3 && at + 3 <= value.size()) {
        const std::uint32_t hash = hash_of(load_gram(value, at, 3));
        if (passes(hash)) compare(table, hash, value, at, found);
    }
    return true;
}

/// Compares the literals with the gram at `at` of `value`.
void TriggerIndex::compare(const GramTable& table, std::uint32_t hash, std::string_view value,
                           std::size_t at, Found& found) const {
    const std::uint32_t bucket = hash >> (32 - table.bucket_bits);
    const std::uint32_t end = table.bucket_begin.at(bucket + 1);
    for (std::uint32_t i = table.bucket_begin.at(bucket); i < end; ++i) {
        const Entry& entry = table.entries.at(i);
        if (hash_of(entry.gram) != hash || entry.offset > at) continue;
        const Literal& literal = literals_.at(entry.literal);
        const std::size_t begin = at - entry.offset;
        if (literal.length > value.size() - begin) continue;
        if (literal.at_start && begin != 0) continue;
        if (literal.at_end && begin + literal.length != value.size()) continue;
        if (found.seen_at.at(entry.literal) == found.event) continue;
        if (value.substr(begin, literal.length) == text_of(literal)) saw(entry.literal, found);
    }
}

void TriggerIndex::saw(std::uint32_t literal, Found& found) const {
    std::uint32_t& last = found.seen_at.at(literal);
    if (last == found.event) return;
    last = found.event;
    const Literal& seen = literals_.at(literal);
    for (std::uint32_t i = seen.rules_begin; i < seen.rules_end; ++i) {
        found.rules.add(rules_of_literals_.at(i));
    }
}

void TriggerIndex::find_integers(const Event& event, Found& found) const {
    std::size_t i = 0;
    while (i < integers_.size()) {
        const std::uint16_t field = integers_[i].trigger.field;
        const std::optional<std::int64_t> value = event.integer(field);
        const auto begin = integers_.begin() + static_cast<std::ptrdiff_t>(i);
        const auto end = std::find_if(begin, integers_.end(), [field](const IntegerRules& rules) {
            return rules.trigger.field != field;
        });
        const auto hit =
            !value ? end : std::lower_bound(begin, end, *value, [](const auto& rules, auto wanted) {
                return rules.trigger.integer < wanted;
            });
        if (hit != end && hit->trigger.integer == *value) {
            for (std::uint32_t at = hit->rules_begin; at < hit->rules_end; ++at) {
                found.rules.add(rules_of_integers_.at(at));
            }
        }
        i = static_cast<std::size_t>(end - integers_.begin());
    }
}

std::size_t TriggerIndex::memory_bytes() const {
    std::size_t bytes = texts_.capacity() + literal_of_predicate_.capacity() * 4 +
                        literals_.capacity() * (sizeof(Literal) + 4) +
                        rules_of_literals_.capacity() * 4 + rules_of_integers_.capacity() * 4 +
                        integers_.capacity() * sizeof(IntegerRules);
    for (const Lane& lane : lanes_) {
        bytes += sizeof(Lane) + lane.short_literals.capacity() * 4;
        for (const GramTable* table : {&lane.four, &lane.three}) {
            bytes += table->bitmap.capacity() * 8 + table->bucket_begin.capacity() * 4 +
                     table->entries.capacity() * sizeof(Entry);
        }
    }
    return bytes;
}

}  // namespace firebreak::sigma
