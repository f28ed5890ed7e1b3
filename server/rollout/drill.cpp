#include "server/rollout/drill.hpp"

#include "core/base/utc.hpp"

namespace firebreak::server {
namespace {

double seconds_of(std::chrono::milliseconds span) {
    return std::chrono::duration<double>(span).count();
}

std::string family(std::string_view name, std::string_view help, std::string_view value) {
    std::string text = "# HELP " + std::string(name) + " " + std::string(help) + "\n";
    text += "# TYPE " + std::string(name) + " gauge\n";
    return text + std::string(name) + " " + std::string(value) + "\n";
}

}  // namespace

bool concerns(const std::optional<DrillRules>& drill, std::string_view tenant,
              std::string_view stream) {
    return !drill || (tenant == drill->tenant) == (stream == drill->stream);
}

Population population_of(const std::optional<DrillRules>& drill, std::string_view stream) {
    if (!drill) return {};
    return {drill->tenant, stream == drill->stream};
}

json::object drill_view(const DrillRules& drill, const std::optional<DrillResult>& last) {
    json::object view{{"stream", drill.stream},
                      {"tenant", drill.tenant},
                      {"ring", drill.ring},
                      {"last", nullptr}};
    if (!last) return view;
    view["last"] = {
        {"counter", last->counter},
        {"phase", rollout::name_of(last->phase)},
        {"passed", last->passed},
        {"published", format_utc_millis(last->published)},
        {"halt_seconds",
         last->halted_after ? json::value(seconds_of(*last->halted_after)) : json::value(nullptr)}};
    return view;
}

std::string drill_metrics(const std::optional<DrillResult>& last) {
    const auto published =
        last ? std::chrono::floor<std::chrono::seconds>(last->published.time_since_epoch())
             : std::chrono::seconds{0};
    const bool halted = last && last->halted_after;
    return family("firebreak_drill_last_passed", "1 when evidence halted the newest drill.",
                  last && last->passed ? "1" : "0") +
           family("firebreak_drill_last_timestamp_seconds",
                  "When the newest drill was published; 0 before the first.",
                  std::to_string(published.count())) +
           family("firebreak_drill_last_halt_seconds",
                  "From its first activation to its halt; NaN when none came.",
                  halted ? std::to_string(seconds_of(*last->halted_after)) : "NaN");
}

}  // namespace firebreak::server
