#pragma once

#include <string>

#include "core/base/digest.hpp"
#include "tests/simulation/timeline.hpp"

namespace firebreak::simulation {

/// What happened, line by line: kept for whoever replays a seed.
class Trace {
public:
    Trace(const Timeline& timeline, bool kept) : timeline_(timeline), kept_(kept) {}

    /// Whether lines are kept: ask before making a dear one.
    bool kept() const { return kept_; }

    void line(const std::string& who, const std::string& what) {
        if (!kept_) return;
        const auto at = timeline_.elapsed().count();
        std::string time =
            std::to_string(at / 1000) + "." + std::to_string(1000 + at % 1000).substr(1);
        text_ += std::string(time.size() < 9 ? 9 - time.size() : 0, ' ') + time + "  " + who +
                 ": " + what + "\n";
    }
    const std::string& text() const { return text_; }

private:
    const Timeline& timeline_;
    bool kept_;
    std::string text_;
};

}  // namespace firebreak::simulation
