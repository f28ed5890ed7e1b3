#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace firebreak::sigma {

/// Literals by number, their bytes one after the other.
class Literals {
public:
    /// @returns its number.
    std::uint32_t add(std::string_view text) {
        texts_ += text;
        ends_.push_back(texts_.size());
        return static_cast<std::uint32_t>(ends_.size() - 1);
    }

    std::size_t size() const { return ends_.size(); }
    std::string_view at(std::uint32_t literal) const {
        const std::size_t begin = literal == 0 ? 0 : ends_[literal - 1];
        return std::string_view(texts_).substr(begin, ends_[literal] - begin);
    }
    std::size_t memory_bytes() const { return texts_.capacity() + 8 * ends_.capacity(); }

private:
    std::string texts_;
    std::vector<std::size_t> ends_;
};

/// Which literals have been seen in one event. All memory is taken by the constructor.
class Sightings {
public:
    explicit Sightings(std::size_t literals) : event_of_(literals, 0), order_(literals) {}

    /// Forgets the last event.
    void start_event() {
        count_ = 0;
        if (++event_ != 0) return;
        // Once in four thousand million events.
        event_of_.assign(event_of_.size(), 0);
        event_ = 1;
    }
    bool seen(std::uint32_t literal) const { return event_of_[literal] == event_; }
    void add(std::uint32_t literal) {
        if (seen(literal)) return;
        event_of_[literal] = event_;
        order_[count_++] = literal;
    }
    /// Each literal once.
    std::span<const std::uint32_t> all() const { return std::span(order_).first(count_); }

    std::size_t memory_bytes() const { return 4 * (event_of_.capacity() + order_.capacity()); }

private:
    std::vector<std::uint32_t> event_of_;  ///< By literal: the last event that it was seen in.
    std::vector<std::uint32_t> order_;
    std::size_t count_ = 0;
    std::uint32_t event_ = 0;
};

}  // namespace firebreak::sigma
