#include "cli/pack_sigma.hpp"

namespace firebreak::cli {
namespace {

std::string path_of(const sigma::CompileMessage& message, const std::string& folder) {
    return folder.empty() || folder.ends_with('/') ? folder + message.file
                                                   : folder + "/" + message.file;
}

}  // namespace

std::string lines_of(const std::vector<sigma::CompileMessage>& messages,
                     const std::string& folder) {
    std::string lines;
    for (sigma::CompileMessage message : messages) {
        message.file = path_of(message, folder);
        lines += message.to_string() + "\n";
    }
    return lines;
}

json::array json_of(const std::vector<sigma::CompileMessage>& messages, const std::string& folder) {
    json::array array;
    for (const sigma::CompileMessage& message : messages) {
        array.push_back({{"severity", message.error ? "error" : "warning"},
                         {"file", path_of(message, folder)},
                         {"line", message.line},
                         {"column", message.column},
                         {"reason", message.reason},
                         {"text", message.text}});
    }
    return array;
}

}  // namespace firebreak::cli
