#pragma once

#include <chrono>
#include <memory>
#include <vector>

#include "client/call_guard.hpp"
#include "client/live_sensor.hpp"
#include "client/platform/processor_time.hpp"
#include "client/self_test.hpp"

namespace firebreak::client {

/// A content in force, and what it is driven with to see whether it answers.
struct LoadedBundle {
    std::unique_ptr<sensor::LoadedContent> content;
    TestEvents events;
};

/// Loads `bundle` into `engine`, after checking that the engine says it can: content type,
/// capabilities, event contracts and the number of their fields. Trial and live load are this one
/// function.
///
/// @returns Errc::kUnsupported naming what the engine lacks, or the engine's own refusal.
[[nodiscard]] Result<LoadedBundle> load_bundle(sensor::Engine& engine,
                                               const content::Bundle& bundle);

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
    bool takes(std::string_view contract, std::size_t field_count) const override;
    Result<std::vector<sensor::Match>> evaluate(const fb_input& input) override;
    const Sha256& build() const override;
    std::uint64_t input_bytes_max() const override;
    std::chrono::nanoseconds processor_time() const override { return processor_time_.used(); }

private:
    std::unique_ptr<sensor::Engine> engine_;
    std::unique_ptr<sensor::LoadedContent> content_;  // Goes before the engine.
    TestEvents events_;                               // Of what runs.
    Sha256 running_;
    CallGuard& guard_;
    ProcessorTime processor_time_;
};

}  // namespace firebreak::client
