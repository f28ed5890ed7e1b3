#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace firebreak::sigma::museum {

/// What is wrong with a build of this folder; FIREBREAK_MUSEUM_DEFECT names it.
enum class Defect : std::uint8_t {
    kArity,        ///< 31: fills 20 of 21 fields, and reads the 21st.
    kTwoDots,      ///< 22: crashes on a value with two dots in a row.
    kParser,       ///< 27: a new parser, which refuses rules that the old one takes.
    kPreallocated  ///< 36: room for 200 rules, and a crash for more.
};

#ifndef FIREBREAK_MUSEUM_DEFECT
#define FIREBREAK_MUSEUM_DEFECT kArity
#endif

inline constexpr Defect kDefect = Defect::FIREBREAK_MUSEUM_DEFECT;

/// As the manifest has it: a version of its own for each.
constexpr std::string_view version_of(Defect defect) {
    switch (defect) {
        case Defect::kArity: return "7.11-museum";
        case Defect::kTwoDots: return "1.1-two-dots-museum";
        case Defect::kParser: return "0.106-parser-museum";
        case Defect::kPreallocated: return "2.0-preallocated-museum";
    }
    return "museum";
}

/// What the contract document says, and what the integration of this build fills.
inline constexpr std::string_view kContract = "ipc_template/v1";
inline constexpr std::size_t kFieldsOfContract = 21;
inline constexpr std::size_t kFieldsSupplied = kDefect == Defect::kArity ? 20 : kFieldsOfContract;

inline constexpr std::size_t kRulesMax = kDefect == Defect::kPreallocated ? 200 : 1000;

/// kParser: what the new parser takes for the most criteria of a rule.
inline constexpr std::size_t kCriteriaMax = 5;

}  // namespace firebreak::sigma::museum
