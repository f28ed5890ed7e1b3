#pragma once

#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

namespace firebreak::cli {

/// At most kMost values of a series, however long it is: when they are full every second one goes,
/// and from then on half as many are kept. The latest is always there, as one more if need be.
template <class Value, std::size_t kMost>
class Thinned {
    static_assert(kMost % 2 == 0);

public:
    void add(Value value) {
        last_ = std::move(value);
        last_is_kept_ = seen_++ % every_ == 0;
        if (!last_is_kept_) return;
        kept_.push_back(*last_);
        if (kept_.size() < kMost) return;
        for (std::size_t i = 0; 2 * i < kMost; ++i) kept_[i] = kept_[2 * i];
        kept_.resize(kMost / 2);
        every_ *= 2;
        last_is_kept_ = false;  // Its place was an odd one.
    }

    const std::optional<Value>& last() const { return last_; }

    /// In the order they were added.
    std::vector<Value> values() const {
        std::vector<Value> all = kept_;
        if (last_ && !last_is_kept_) all.push_back(*last_);
        return all;
    }

private:
    std::vector<Value> kept_;
    std::optional<Value> last_;
    bool last_is_kept_ = false;
    std::size_t every_ = 1;  ///< Of so many values added, one is kept.
    std::size_t seen_ = 0;
};

}  // namespace firebreak::cli
