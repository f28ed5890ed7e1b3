#pragma once

#include <chrono>
#include <memory>
#include <vector>

#include "client/call_guard.hpp"
#include "client/live_sensor.hpp"

namespace firebreak::client {

/// Loads `bundle` into `engine`, after checking that the engine says it can: content type and
/// capabilities. Trial and live load are this one function.
///
/// @returns Errc::kUnsupported naming what the engine lacks, or the engine's own refusal.
[[nodiscard]] Result<std::unique_ptr<sensor::LoadedContent>> load_bundle(
    sensor::Engine& engine, const content::Bundle& bundle);

/// Drives `content` over inputs that every sensor meets: nothing, one byte, text, every byte value,
/// the head of an executable. What they match does not matter; that an answer comes back does.
[[nodiscard]] Result<void> self_test(sensor::LoadedContent& content,
                                     std::chrono::milliseconds deadline);

/// The engine in this very process: fast, and as exposed as a sensor in a kernel is. Content that
/// crashes it ends the agent; content that hangs it is ended by the guard's watchdog. (An engine
/// that is a program runs beside, and this process ends when that does.) Either way the next start
/// finds the attempt on disk (update_cycle.hpp).
class EngineSensor final : public LiveSensor {
public:
    /// @param guard  Surrounds every call. Outlives this.
    EngineSensor(std::unique_ptr<sensor::Engine> engine, CallGuard& guard);

    Result<void> load(const content::Bundle& bundle) override;
    void unload() override;
    const Sha256* running() const override;
    Result<void> probe() override;
    Result<std::vector<sensor::Match>> scan(std::string_view name, ByteView bytes) override;
    const Sha256& build() const override;
    std::uint64_t input_bytes_max() const override;

private:
    std::unique_ptr<sensor::Engine> engine_;
    std::unique_ptr<sensor::LoadedContent> content_;  // Goes before the engine.
    Sha256 running_;
    CallGuard& guard_;
};

}  // namespace firebreak::client
