#pragma once

#include <map>
#include <string>

#include "core/content/document.hpp"

namespace firebreak::content {

/// Notes where the parts of a document stand, within DocumentLimits: long keys over many values
/// would otherwise make small documents into large maps.
class PlaceBook {
public:
    PlaceBook(std::map<std::string, Position>& positions, DocumentLimits limits)
        : positions_(positions), limits_(limits) {}

    /// @returns false when there is no room for it.
    bool note(const std::string& pointer, Position position) {
        pointer_bytes_ += pointer.size();
        if (positions_.size() >= limits_.nodes_max || pointer_bytes_ > limits_.pointer_bytes_max) {
            return false;
        }
        positions_.emplace(pointer, position);
        return true;
    }

    std::string why_full() const {
        if (positions_.size() >= limits_.nodes_max) {
            return "more than " + std::to_string(limits_.nodes_max) + " values";
        }
        return "keys too long for so many values";
    }

private:
    std::map<std::string, Position>& positions_;
    DocumentLimits limits_;
    std::size_t pointer_bytes_ = 0;
};

}  // namespace firebreak::content
