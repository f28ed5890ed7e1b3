#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "cli/api_client.hpp"
#include "cli/drill_devices.hpp"
#include "cli/published.hpp"
#include "core/content/manifest.hpp"

namespace firebreak::cli {

struct DrillOptions {
    std::string release;  ///< Folder: N.fbb and N.attestation.json each, content.json, plan.yaml.
    std::string root;     ///< The root that agents are shipped with.
    std::string state;    ///< Folder of the drill's devices.
    std::string enrolment_token_file;  ///< For those that are new.
    int devices = 5;
    std::string within = "5m";
    std::function<void(std::chrono::milliseconds)> pause;  ///< Between looks.
};

/// One signed drill of the folder.
struct DrillBundle {
    std::string file;
    content::Manifest manifest;
};

/// The bundles (.fbb) of `folder`, by counter.
///
/// @returns Errc::kBadInput for a folder without one, and for a bundle of another stream: what is
///   no drill is not published by one.
[[nodiscard]] Result<std::vector<DrillBundle>> read_drills(const Context& context,
                                                           const std::string& folder,
                                                           const std::string& stream);

/// Which of them is next after counter `newest`. @returns Errc::kBadInput when all are used up.
[[nodiscard]] Result<std::size_t> next_drill(const std::vector<DrillBundle>& bundles,
                                             std::int64_t newest, const std::string& folder);

/// All that is known when a drill is over.
struct DrillEnd {
    std::optional<Published> seen;      ///< The last look at the repository.
    json::value drill;                  ///< The last answer to GET /v1/drill.
    json::value rollout;                ///< The drill's own, likewise.
    std::vector<std::string> let_in;    ///< Ids of our devices that were.
    std::optional<Error> trouble;       ///< The last thing that did not work.
    std::chrono::milliseconds taken{};  ///< From publication on.
};

/// What a drill is to show, each by itself.
struct DrillVerdict {
    bool halted = false;     ///< By the server, because of evidence.
    bool recalled = false;   ///< The signed pointer takes it back.
    bool contained = false;  ///< Nobody but our devices was let in, or could have been.
    std::string reason;      ///< Of the halt, as the server has it; or what is missing.
    std::optional<double> halt_seconds;

    bool passed() const { return halted && recalled && contained; }
};

/// Judges by the server's answers and the signed documents alone; what is not shown is not so.
[[nodiscard]] DrillVerdict judge_drill(const DrillEnd& end, const DrillPlace& place,
                                       std::int64_t counter);

/// Holds a drill: publishes the next signed one, has its devices say that they crashed, and waits
/// for the server to halt it. Orders a halt only when none came in time.
///
/// @returns the outcome, with exit code 1 when the drill is not passed; an error when there was no
///   drill at all: Errc::kRefused where the server holds none, Errc::kBadInput for files.
[[nodiscard]] Result<Output> hold_drill(const Context& context, ApiClient& api,
                                        const DrillOptions& options);

}  // namespace firebreak::cli
