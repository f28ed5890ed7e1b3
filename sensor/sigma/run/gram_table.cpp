#include "sensor/sigma/run/gram_table.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

namespace firebreak::sigma {
namespace {

/// The bitmap has this many bits, as a power of two, for each bucket: one place in a few dozen
/// passes by chance.
constexpr unsigned kBitmapBitsPerBucket = 4;
constexpr unsigned kBucketBitsMax = 24;
constexpr unsigned kCountBitsMax = 18;

/// Multiplicative hashing: the upper bits are the good ones.
constexpr std::uint32_t hash_of(std::uint32_t gram) {
    return gram * 2'654'435'761U;
}

/// The gram at `at` of `value`, which has one there.
template <class Gram>
Gram gram_at(std::string_view value, std::size_t at) {
    Gram gram = 0;
    std::memcpy(&gram, value.data() + at, sizeof gram);
    return gram;
}

unsigned bits_for(std::size_t entries) {
    const auto bits = static_cast<unsigned>(std::bit_width(entries)) + 1;
    return std::clamp(bits, 4U, kBucketBitsMax);
}

}  // namespace

template <class Gram>
GramTable<Gram>::GramTable(const Literals& literals, const std::vector<std::uint32_t>& wanted) {
    if (wanted.empty()) return;
    entries_ = choose_grams(literals, wanted);
    bucket_bits_ = bits_for(entries_.size());
    const auto bucket = [&](const Entry& entry) {
        return hash_of(entry.gram) >> (32 - bucket_bits_);
    };
    std::ranges::stable_sort(entries_, {}, bucket);
    bucket_begin_.assign((std::size_t{1} << bucket_bits_) + 1, 0);
    for (const Entry& entry : entries_) ++bucket_begin_[bucket(entry) + 1];
    for (std::size_t i = 1; i < bucket_begin_.size(); ++i) bucket_begin_[i] += bucket_begin_[i - 1];
    const unsigned bitmap_bits = bucket_bits_ + kBitmapBitsPerBucket;
    bitmap_.assign((std::size_t{1} << bitmap_bits) / 64, 0);
    for (const Entry& entry : entries_) {
        const std::uint32_t bit = hash_of(entry.gram) >> (32 - bitmap_bits);
        bitmap_[bit / 64] |= std::uint64_t{1} << (bit % 64);
    }
}

template <class Gram>
auto GramTable<Gram>::choose_grams(const Literals& literals,
                                   const std::vector<std::uint32_t>& wanted) -> std::vector<Entry> {
    std::size_t grams = 0;
    for (const std::uint32_t literal : wanted) grams += literals.at(literal).size();
    // By hash, in bounded memory: two grams that share a count only make a worse choice.
    const unsigned bits = std::min(bits_for(grams), kCountBitsMax);
    std::vector<std::uint32_t> counts(std::size_t{1} << bits, 0);
    const auto count_of = [&counts, bits](std::uint32_t gram) -> std::uint32_t& {
        return counts.at(hash_of(gram) >> (32 - bits));
    };
    const auto each_gram = [&](std::uint32_t literal, auto visit) {
        const std::string_view text = literals.at(literal);
        for (std::size_t at = 0; at + sizeof(Gram) <= text.size(); ++at) {
            visit(gram_at<Gram>(text, at), static_cast<std::uint32_t>(at));
        }
    };
    for (const std::uint32_t literal : wanted) {
        each_gram(literal, [&](Gram gram, std::uint32_t) { ++count_of(gram); });
    }
    std::vector<Entry> entries;
    entries.reserve(wanted.size());
    for (const std::uint32_t literal : wanted) {
        Entry best{.literal = literal};
        std::uint32_t fewest = UINT32_MAX;
        each_gram(literal, [&](Gram gram, std::uint32_t at) {
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

template <class Gram>
bool GramTable<Gram>::find(std::string_view value, const Literals& literals, Sightings& seen,
                           Budget& budget) const {
    if (entries_.empty()) return true;
    // In locals: the compiler cannot know that compare() leaves them alone.
    const std::uint64_t* const bitmap = bitmap_.data();
    const unsigned shift = 32 - bucket_bits_ - kBitmapBitsPerBucket;
    for (std::size_t at = 0; at + sizeof(Gram) <= value.size(); ++at) {
        const auto gram = gram_at<Gram>(value, at);
        const std::uint32_t bit = hash_of(gram) >> shift;
        if (((bitmap[bit / 64] >> (bit % 64)) & 1U) == 0) continue;
        if (!budget.spend(1)) return false;
        compare(gram, value, at, literals, seen);
    }
    return true;
}

/// Compares the literals with the gram that is at `at` of `value`.
template <class Gram>
void GramTable<Gram>::compare(Gram gram, std::string_view value, std::size_t at,
                              const Literals& literals, Sightings& seen) const {
    const std::uint32_t bucket = hash_of(gram) >> (32 - bucket_bits_);
    const std::uint32_t end = bucket_begin_.at(bucket + 1);
    for (std::uint32_t i = bucket_begin_.at(bucket); i < end; ++i) {
        const Entry& entry = entries_.at(i);
        if (entry.gram != gram || entry.offset > at || seen.seen(entry.literal)) continue;
        const std::string_view text = literals.at(entry.literal);
        if (value.substr(at - entry.offset).starts_with(text)) seen.add(entry.literal);
    }
}

template <class Gram>
std::size_t GramTable<Gram>::memory_bytes() const {
    return bitmap_.capacity() * 8 + bucket_begin_.capacity() * 4 +
           entries_.capacity() * sizeof(Entry);
}

template class GramTable<std::uint32_t>;
template class GramTable<std::uint16_t>;

}  // namespace firebreak::sigma
