#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sensor/sigma/run/budget.hpp"
#include "sensor/sigma/run/event.hpp"
#include "sensor/sigma/run/necessary.hpp"

namespace firebreak::sigma {

/// A set of rules of a program. Sized once.
class RuleBits {
public:
    explicit RuleBits(std::size_t rules = 0) : words_((rules + 63) / 64) {}

    void clear() { words_.assign(words_.size(), 0); }
    void add(std::uint32_t rule) { words_.at(rule / 64) |= std::uint64_t{1} << (rule % 64); }
    void add_all(const RuleBits& other) {
        for (std::size_t i = 0; i < words_.size(); ++i) words_[i] |= other.words_.at(i);
    }
    const std::vector<std::uint64_t>& words() const { return words_; }

private:
    std::vector<std::uint64_t> words_;
};

/// Finds the rules that an event could match, in one pass over each value, however many rules there
/// are.
///
/// Each literal is known by one of its grams: four bytes in a row (three, where it has no more),
/// chosen as the one that the fewest literals share. For each place in a value, a bitmap that stays
/// in the first-level cache says whether the gram there is anybody's; it seldom is. If so, the few
/// literals with that gram are compared. Literals of one or two bytes are looked for one by one.
class TriggerIndex {
public:
    /// What has been found in one event. Sized once, by the index.
    struct Found {
        RuleBits rules;
        std::vector<std::uint32_t> seen_at;  ///< By literal: the last event in which it was seen.
        std::uint32_t event = 0;
    };

    static constexpr std::uint32_t kNoLiteral = 0xFFFFFFFF;

    /// @param needs  One element for each rule of the program.
    /// @param exact  One for each predicate: exact_trigger(). These are found along the way, so
    ///               that most predicates need not be asked.
    TriggerIndex(const std::vector<Necessary>& needs, const std::vector<Trigger>& exact);

    /// The literal that decides about a predicate, or kNoLiteral.
    std::uint32_t literal_of(std::uint32_t predicate) const {
        return literal_of_predicate_.at(predicate);
    }
    /// Whether it was seen in the event that `found` is of.
    static bool seen(const Found& found, std::uint32_t literal) {
        return found.seen_at.at(literal) == found.event;
    }

    Found make_found() const;

    /// Adds every rule to `found.rules` of which a necessary literal is in the event, and those
    /// that need none. Stops early when the budget is out.
    void find(Event& event, Found& found, Budget& budget) const;

    /// Rules that are run over every event.
    std::size_t always_count() const { return always_count_; }
    std::size_t memory_bytes() const;

private:
    /// A gram of a literal, and where in the literal it is.
    struct Entry {
        std::uint32_t gram = 0;
        std::uint32_t literal = 0;
        std::uint32_t offset = 0;
    };

    /// Grams of one length: a bitmap over their hashes, then buckets.
    struct GramTable {
        unsigned gram_bytes = 0;
        unsigned bucket_bits = 0;
        std::vector<std::uint64_t> bitmap{};
        std::vector<std::uint32_t> bucket_begin{};  ///< One more than there are buckets.
        std::vector<Entry> entries{};               ///< By bucket.
    };

    struct Literal {
        std::size_t begin = 0;  ///< In texts_.
        std::size_t length = 0;
        bool at_start = false;
        bool at_end = false;
        std::uint32_t rules_begin = 0;  ///< In rules_of_literals_.
        std::uint32_t rules_end = 0;
    };

    /// What is looked for in one field.
    struct Lane {
        std::uint16_t field = 0;
        GramTable four{};
        GramTable three{};
        std::vector<std::uint32_t> short_literals{};
    };

    struct IntegerRules {
        IntegerTrigger trigger;
        std::uint32_t rules_begin = 0;
        std::uint32_t rules_end = 0;
    };

    void add_lane(std::uint16_t field, const std::vector<std::uint32_t>& literals);
    GramTable table_of(const std::vector<std::uint32_t>& literals, unsigned gram_bytes) const;
    std::vector<Entry> choose_grams(const std::vector<std::uint32_t>& literals,
                                    unsigned gram_bytes) const;

    std::string_view text_of(const Literal& literal) const {
        return std::string_view(texts_).substr(literal.begin, literal.length);
    }
    void find_in_value(const Lane& lane, std::string_view value, Found& found,
                       Budget& budget) const;
    bool scan(const GramTable& table, std::string_view value, Found& found, Budget& budget) const;
    void compare(const GramTable& table, std::uint32_t hash, std::string_view value, std::size_t at,
                 Found& found) const;
    void saw(std::uint32_t literal, Found& found) const;
    void find_integers(const Event& event, Found& found) const;

    std::vector<Lane> lanes_;
    std::vector<Literal> literals_;
    std::string texts_;
    std::vector<std::uint32_t> literal_of_predicate_;
    std::vector<std::uint32_t> rules_of_literals_;
    std::vector<IntegerRules> integers_;  ///< By field, then integer.
    std::vector<std::uint32_t> rules_of_integers_;
    RuleBits always_;
    std::size_t always_count_ = 0;
};

}  // namespace firebreak::sigma
