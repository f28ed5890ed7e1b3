#include "cli/simulate/course.hpp"

namespace firebreak::cli {

void Course::mark(double seconds, const rollout::EventBody& decided) {
    using Kind = Mark::Kind;
    if (const auto* opened = std::get_if<rollout::RingOpened>(&decided)) {
        mark({.seconds = seconds, .kind = Kind::kRingOpened, .ring = opened->ring});
    }
    if (std::holds_alternative<rollout::Held>(decided)) {
        mark({.seconds = seconds, .kind = Kind::kHeld});
    }
    if (std::holds_alternative<rollout::Halted>(decided)) {
        mark({.seconds = seconds, .kind = Kind::kHalted});
    }
    if (std::holds_alternative<rollout::Completed>(decided)) {
        mark({.seconds = seconds, .kind = Kind::kComplete});
    }
}

}  // namespace firebreak::cli
