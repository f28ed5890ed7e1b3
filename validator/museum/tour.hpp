#pragma once

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

#include "validator/museum/exhibit.hpp"
#include "validator/run.hpp"

namespace firebreak::validator {

/// How one exhibit fared.
struct Encounter {
    /// What came of it. Only kAsExpected is good; kElsewhere says nothing about the validator.
    enum class Outcome : std::uint8_t {
        kAsExpected,
        kOtherGate,        ///< Stopped, and by another stage or finding than expected.
        kEscaped,          ///< Nothing stopped it.
        kFalselyRejected,  ///< It was to be admitted.
        kNotPlayed,        ///< An engine is missing, or the exhibit does not pack: `note` says.
        kElsewhere         ///< A live rollout's or an agent's to stop: their tests play it.
    };

    Outcome outcome = Outcome::kNotPlayed;
    std::string stopped_by{};  ///< The first stage that failed; empty: none.
    std::string finding{};     ///< Its first finding of level error.
    std::string message{};     ///< What that says.
    std::string note{};
    std::uint64_t executions = 0;  ///< Of the stage that stopped it.
    std::chrono::milliseconds took{};
};

std::string_view to_string(Encounter::Outcome outcome);

/// What a museum's exhibits are played with.
struct TourGround {
    std::vector<std::filesystem::path> engines;    ///< Folders to find them in by file name.
    std::vector<std::filesystem::path> own_paths;  ///< RunRequest::own_paths.
};

/// Plays `exhibit` against the validator: packs its releases and judges the last one under the pr
/// profile, up to the first stage that fails.
///
/// @param skipped  Stages to leave out, to see what stands behind them.
Encounter play(const Exhibit& exhibit, const TourGround& ground, const Tools& tools,
               const std::vector<std::string>& skipped = {});

}  // namespace firebreak::validator
