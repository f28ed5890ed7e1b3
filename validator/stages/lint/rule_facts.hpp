#pragma once

#include <compare>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "core/content/bundle.hpp"
#include "validator/report/finding.hpp"

namespace firebreak::validator::lint {

/// How many bytes of an input a rule pins down before it can match: the sum over what must hold
/// together, the least of what may stand for each other, nothing for what must *not* be there. Not
/// a measure of quality: only what is very small says anything.
using Demand = std::uint32_t;

inline constexpr Demand kDemandUnknown = 1'000;  ///< Asks for something that cannot be weighed.
inline constexpr Demand kNeverTrue = UINT32_MAX;

Demand demand_of_all(Demand one, Demand other);
Demand demand_of_any(Demand one, Demand other);
Demand demand_of_not(Demand demand);

/// The contract of rules about files.
inline constexpr std::string_view kFiles = "file";

/// A regular expression and where it stands.
struct RegexFact {
    std::string source;
    std::string where;  ///< "$a", "CommandLine".
    std::uint32_t line = 0;
};

/// One use of what an engine offers: first uses are what novelty is made of.
struct Use {
    std::string contract;  ///< "process_creation_windows/v1"; "file" for rules about files.
    std::string field;     ///< "CommandLine", "string.hex", "pe.imphash".
    std::string op;        ///< "contains", "nocase", "condition".
    std::string action;    ///< "report".

    friend auto operator<=>(const Use&, const Use&) = default;
};

/// What lint knows of a rule, whatever language it is written in.
struct RuleFacts {
    Place place{};  ///< `rule` is its id: what matches are reported by.
    std::string title{};
    std::string contract{};
    Demand demand = kDemandUnknown;
    bool matches_everything = false;  ///< Every input of its kind, or nearly.
    bool silent = false;              ///< Only for other rules to name: its match is not reported.
    bool is_global = false;           ///< Others of its file match only where it does.
    /// All it pins down are places that belong to the system, or the system's own programs.
    bool only_system_places = false;
    std::vector<std::string> actions{};  ///< Its own; empty: those of the bundle.
    std::vector<std::string> blank_criteria{};
    std::vector<std::string> blank_fields{};
    std::vector<RegexFact> regexes{};
    std::vector<std::uint64_t> criteria{};  ///< A digest of each, ascending, none twice.
    std::uint64_t condition = 0;            ///< A digest of what is made of them.
};

/// The first eight bytes of the SHA-256: enough to tell what differs by chance or by an author's
/// hand, which is all that comparing rules is about.
std::uint64_t short_digest(std::string_view text);

/// What lint knows of a bundle's content.
struct ContentFacts {
    bool understood = false;  ///< False: of a type that lint has no reader for.
    std::vector<RuleFacts> rules{};
    std::set<Use> uses{};
    std::string trouble{};  ///< What could not be read; the load stage has more to say.
};

/// Takes time and memory in proportion to the content, whatever is in it.
ContentFacts read_facts(const content::Bundle& bundle);

/// What a match may do where a rule does not say it itself: the bundle's list, or to report.
std::vector<std::string> actions_of(const content::Manifest& manifest);

/// One reader a content type. Each adds to `facts`; `actions` are those of the bundle.
void read_sigma_file(const content::ContentFile& file, const std::vector<std::string>& actions,
                     ContentFacts& facts);
void read_yara_file(const content::ContentFile& file, const std::vector<std::string>& actions,
                    ContentFacts& facts);

}  // namespace firebreak::validator::lint
