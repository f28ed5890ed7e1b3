#include "cli/simulate/course.hpp"

namespace firebreak::cli {

void Course::add(const Point& point) {
    last_ = point;
    if (added_++ % every_ != 0) return;
    points_.push_back(point);
    if (points_.size() < kPointsMost) return;
    for (std::size_t i = 0; 2 * i < points_.size(); ++i) points_[i] = points_[2 * i];
    points_.resize((points_.size() + 1) / 2);
    every_ *= 2;
}

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

std::vector<Course::Point> Course::points() const {
    std::vector<Point> all = points_;
    if (last_ && last_->seconds > all.back().seconds) all.push_back(*last_);
    return all;
}

}  // namespace firebreak::cli
