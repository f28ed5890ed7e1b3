#pragma once

#include <boost/asio/awaitable.hpp>
#include <filesystem>
#include <string>
#include <variant>

#include "client/config.hpp"
#include "client/cycle_state.hpp"

namespace firebreak::client {

/// One bundle to try, in the very engine file that would run it.
struct TrialOrder {
    std::filesystem::path engine;
    Sha256 engine_build;
    std::filesystem::path bundle;
    Sha256 bundle_sha256;
    TrialLimits limits;
};

/// TrialPassed, TrialFailed or TrialNotRun (update_cycle.hpp).
struct TrialVerdict {
    enum class Outcome { kPassed, kFailed, kNotRun };
    Outcome outcome = Outcome::kNotRun;
    std::string reason;
};

/// Loads content somewhere it can do no harm. Tests put a scripted one in its place.
class TrialRunner {
public:
    virtual ~TrialRunner() = default;

    /// Cancellation: honoured; nothing of the trial is left running.
    [[nodiscard]] virtual boost::asio::awaitable<TrialVerdict> run(std::filesystem::path bundle,
                                                                   Sha256 bundle_sha256) = 0;
};

/// A process of its own for each trial: `<program> trial …`, with nothing to lose and an outside
/// deadline. Whatever it does but answer "passed" and exit with 0 is a failure of the content,
/// unless it could not be started at all.
class ProcessTrialRunner final : public TrialRunner {
public:
    /// @param program  The agent's own executable.
    ProcessTrialRunner(std::filesystem::path program, std::filesystem::path engine,
                       Sha256 engine_build, TrialLimits limits);

    boost::asio::awaitable<TrialVerdict> run(std::filesystem::path bundle,
                                             Sha256 bundle_sha256) override;

private:
    std::filesystem::path program_;
    std::filesystem::path engine_;
    Sha256 engine_build_;
    TrialLimits limits_;
};

/// The child's side: gives up its rights (sensor/host/confine.hpp), loads the bundle, drives it
/// over
/// the self-test inputs, and writes one line of JSON to standard output.
/// @returns its exit code: 0 passed, 1 the content failed, 3 the trial itself could not be run.
int trial_main(const TrialOrder& order);

/// The command line after the program's name that leads to trial_main(order).
std::vector<std::string> trial_arguments(const TrialOrder& order);

}  // namespace firebreak::client
