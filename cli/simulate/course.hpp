#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/rollout/event.hpp"

namespace firebreak::cli {

/// How one simulated rollout went over time: what a chart of it shows.
///
/// Limits: kPointsMost points, however long the run was; when they are full every second one goes,
/// and from then on half as many are kept. The latest is always there.
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
    void add(const Point& point);
    void mark(Mark mark) { marks_.push_back(std::move(mark)); }
    /// When `decided` is a turn, and not a step on the way.
    void mark(double seconds, const rollout::EventBody& decided);

    /// In the order of time.
    std::vector<Point> points() const;
    const std::vector<Mark>& marks() const { return marks_; }

private:
    std::vector<Point> points_;
    std::optional<Point> last_;
    std::vector<Mark> marks_;
    std::size_t every_ = 1;  ///< Of so many points added, one is kept.
    std::size_t added_ = 0;
};

}  // namespace firebreak::cli
