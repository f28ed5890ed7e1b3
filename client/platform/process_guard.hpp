#pragma once

#include <filesystem>

#include "client/call_guard.hpp"
#include "core/base/error.hpp"

namespace firebreak::client {

/// Guards the engine that runs in this very process.
///
/// A watchdog ends the process when a call does not return; the supervisor starts it again. And a
/// black box, one byte in a file, says to the next start whether this one ended inside the engine
/// (a crash, to be reported) or elsewhere (a kill, a power cut: no fault of the content's). The
/// byte
/// is written without fsync: it must survive the process, and need not survive the machine.
class ProcessGuard final : public CallGuard {
public:
    /// @returns an errno when the black box cannot be opened.
    [[nodiscard]] static Result<ProcessGuard> open(const std::filesystem::path& black_box);

    ~ProcessGuard() override;
    ProcessGuard(ProcessGuard&& other) noexcept;
    ProcessGuard& operator=(ProcessGuard&&) = delete;

    /// Where the process that had this black box before came to its end.
    EngineCall last_death() const noexcept { return last_death_; }

    void enter(EngineCall call, std::chrono::seconds limit) override;
    void leave() override;
    [[noreturn]] void engine_died() override;

private:
    ProcessGuard(int descriptor, EngineCall last_death)
        : descriptor_(descriptor), last_death_(last_death) {}

    void record(EngineCall call) const;

    int descriptor_;
    EngineCall last_death_;
};

}  // namespace firebreak::client
