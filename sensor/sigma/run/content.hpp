#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sensor/sensor.h"
#include "sensor/sigma/events/supplied_contracts.hpp"
#include "sensor/sigma/run/rule_set.hpp"

namespace firebreak::sigma {

/// Bounds of this engine, as its manifest states them.
inline constexpr std::uint64_t kContentBytesMax = 64U << 20U;
inline constexpr std::uint64_t kInputBytesMax = 1U << 20U;  ///< All fields of one event.
inline constexpr std::uint64_t kRulesMax = 100'000;
inline constexpr std::uint64_t kMemoryBytesMax = 1U << 30U;  ///< Where the host sets no limit.

/// What this build's integration supplies of a contract; nullptr: nothing.
const SuppliedContract* supplied(std::string_view contract);

/// All rule files of one load.
class Content {
public:
    /// Loads every file of `request`, or none.
    ///
    /// Refused, with the file's name: a file that is no binary rule file, rules for a contract that
    /// this build does not supply, rules written against more fields than this build supplies (the
    /// defect of July 2024), a regular expression that RE2 does not take, a rule id given twice.
    ///
    /// @param status  FB_OK, FB_REFUSED, or FB_LIMIT.
    /// @returns nullptr unless FB_OK.
    static std::unique_ptr<Content> load(const fb_load_request& request, fb_status& status);

    /// Runs the rules for the event's contract. See sensor.h, evaluate().
    ///
    /// Fields past those that the rules were written against are not looked at. An event with fewer
    /// is refused: integration and rules disagree about it, and to call what is missing absent
    /// would let rules fail in silence.
    fb_status evaluate(const fb_event_input& input, const fb_budget& budget,
                       const fb_match_sink& matches);

    /// Everything the rules declare, as JSON (docs/sensor-abi.md, "Description").
    std::string describe() const;

    /// Measures what rules read, from here on (sensor.h, coverage()).
    void start_coverage();
    /// What was measured, as JSON; nullopt: nothing is being measured.
    std::optional<std::string> coverage() const;

    std::uint64_t rule_count() const;
    /// What the files' headers say, read by other code than the rules.
    std::uint64_t rules_seen() const { return rules_seen_; }
    /// Rules that are run over every event of their contract: nothing in them can be looked for.
    std::uint64_t always_count() const;
    /// What everything here takes, with all that RE2 may come to keep.
    std::uint64_t memory_bytes() const;

private:
    struct LoadedFile {
        std::string name;
        const SuppliedContract* contract = nullptr;
        RuleSet rules;
    };

    Content() = default;

    fb_status load_file(const fb_file& file, const fb_load_request& request);
    fb_status check_ids(const fb_load_request& request) const;

    std::vector<LoadedFile> files_;
    std::optional<Event> event_;
    std::uint64_t rules_seen_ = 0;
    std::uint64_t rule_bytes_ = 0;  ///< What files_ take: summed up as they come.
};

}  // namespace firebreak::sigma
