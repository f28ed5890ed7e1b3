#include "core/base/terminal.hpp"

#include <unistd.h>

#include <cstdlib>

namespace firebreak {

Terminal::Terminal(bool wants_json)
    : json_(wants_json),
      colour_(!wants_json && ::isatty(STDOUT_FILENO) == 1 && std::getenv("NO_COLOR") == nullptr) {}

std::string Terminal::paint(std::string_view code, std::string_view text) const {
    if (!colour_) return std::string(text);
    return "\x1b[" + std::string(code) + "m" + std::string(text) + "\x1b[0m";
}

std::string version_line(std::string_view program) {
    return std::string(program) + " " FIREBREAK_VERSION;
}

}  // namespace firebreak
