#include "core/content/document.hpp"

namespace firebreak::content {

std::string place(std::string_view name, Position position) {
    return std::string(name) + ":" + std::to_string(position.line) + ":" +
           std::to_string(position.column);
}

Position Document::where(std::string_view pointer) const {
    for (;;) {
        const auto found = positions.find(std::string(pointer));
        if (found != positions.end()) return found->second;
        if (pointer.empty()) return {};
        pointer = pointer.substr(0, pointer.rfind('/'));
    }
}

std::string Document::place_of(std::string_view pointer) const {
    const Position position = where(pointer);
    return position.line == 0 ? name : place(name, position);
}

std::string pointer_to(std::string_view parent, std::string_view member) {
    std::string pointer(parent);
    pointer += '/';
    for (const char c : member) {
        if (c == '~') {
            pointer += "~0";
        } else if (c == '/') {
            pointer += "~1";
        } else {
            pointer += c;
        }
    }
    return pointer;
}

}  // namespace firebreak::content
