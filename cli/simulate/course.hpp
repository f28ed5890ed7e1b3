#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "cli/thinned.hpp"
#include "core/rollout/event.hpp"

namespace firebreak::cli {

/// How one simulated rollout went over time: what a chart of it shows.
///
/// Limits: kPointsMost points (Thinned).
class Course {
public:
    /// Devices at one moment, counted from publication.
    struct Point {
        double seconds = 0;
        std::int64_t exposed = 0;    ///< Taken in by the threshold of their ring.
        std::int64_t activated = 0;  ///< Let in so far.
        std::int64_t confirmed = 0;  ///< Healthy as far as known.
        std::int64_t harmed = 0;
    };
    /// A turn the rollout took.
    struct Mark {
        enum class Kind { kRingOpened, kHeld, kHalted, kComplete };
        double seconds = 0;
        Kind kind = Kind::kRingOpened;
        std::string ring{};  ///< Of kRingOpened.
    };
    static constexpr std::size_t kPointsMost = 1024;

    /// @pre not before the point added last.
    void add(const Point& point) { points_.add(point); }
    void mark(Mark mark) { marks_.push_back(std::move(mark)); }
    /// When `decided` is a turn, and not a step on the way.
    void mark(double seconds, const rollout::EventBody& decided);

    /// In the order of time.
    std::vector<Point> points() const { return points_.values(); }
    const std::vector<Mark>& marks() const { return marks_; }

private:
    Thinned<Point, kPointsMost> points_;
    std::vector<Mark> marks_;
};

}  // namespace firebreak::cli
