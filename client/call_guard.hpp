#pragma once

#include <chrono>
#include <string_view>

namespace firebreak::client {

/// Which call into the engine.
enum class EngineCall : char { kNone = '-', kLoad = 'l', kScan = 's' };

/// "the engine died in load": what a crash report says of a process that ended inside `call`.
constexpr std::string_view death_in(EngineCall call) {
    switch (call) {
        case EngineCall::kLoad: return "the sensor died loading";
        case EngineCall::kScan: return "the sensor died scanning";
        case EngineCall::kNone: break;
    }
    return {};
}

/// Surrounds each call into code that may crash or never return. One for all calls: they do not
/// nest.
class CallGuard {
public:
    virtual ~CallGuard() = default;

    /// The call begins; the process is to be ended if it takes longer than `limit`.
    virtual void enter(EngineCall call, std::chrono::seconds limit) = 0;
    virtual void leave() = 0;

    /// The engine is a program, and that has died within the call. Content that kills its engine
    /// ends the agent, whichever process the engine is in: one way to heal, not two.
    [[noreturn]] virtual void engine_died() = 0;
};

}  // namespace firebreak::client
