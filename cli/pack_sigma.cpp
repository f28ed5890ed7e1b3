#include "cli/pack_sigma.hpp"

#include <algorithm>
#include <set>

#include "sensor/sigma/program/capabilities.hpp"

namespace firebreak::cli {
namespace {

/// "process_creation_windows/v1" as a file: process_creation_windows.v1.fbr.
std::string file_name(std::string contract) {
    std::ranges::replace(contract, '/', '.');
    return contract + ".fbr";
}

std::string path_of(const sigma::CompileMessage& message, const std::string& folder) {
    return folder.empty() || folder.ends_with('/') ? folder + message.file
                                                   : folder + "/" + message.file;
}

}  // namespace

Result<SigmaContent> compile_sigma(const std::vector<content::ContentFile>& rules) {
    std::vector<sigma::RuleSource> sources;
    for (const content::ContentFile& file : rules) {
        sources.push_back({file.name, text_of(file.bytes)});
    }
    sigma::Compiled compiled = sigma::compile(sources);
    SigmaContent content;
    content.messages = std::move(compiled.messages);
    content.rules = compiled.rules_compiled;
    content.complete = compiled.rules_compiled == compiled.rules_seen;
    if (!content.complete) return content;

    std::set<std::string> capabilities;
    for (const sigma::Program& program : compiled.programs) {
        Result<Bytes> bytes = sigma::write_program(program);
        if (!bytes) return fail(bytes.error().seen_from(program.contract));
        content.files.push_back({file_name(program.contract), std::move(*bytes)});
        content.contracts.push_back(sigma::contract_of(program.contract, program.arity));
        for (std::string& name : sigma::capabilities_of(program)) {
            capabilities.insert(std::move(name));
        }
    }
    content.capabilities.assign(capabilities.begin(), capabilities.end());
    return content;
}

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
