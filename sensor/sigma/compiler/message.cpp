#include "sensor/sigma/compiler/compiler.hpp"

namespace firebreak::sigma {

std::string CompileMessage::to_string() const {
    std::string line_text = file;
    if (line > 0) line_text += ":" + std::to_string(line);
    if (line > 0 && column > 0) line_text += ":" + std::to_string(column);
    return line_text + (error ? ": error: " : ": warning: ") + text;
}

}  // namespace firebreak::sigma
