#include "sensor/sigma/compiler/bundle_content.hpp"

#include <algorithm>
#include <set>

#include "sensor/sigma/program/capabilities.hpp"

namespace firebreak::sigma {
namespace {

/// "process_creation_windows/v1" as a file: process_creation_windows.v1.fbr.
std::string file_name(std::string contract) {
    std::ranges::replace(contract, '/', '.');
    return contract + ".fbr";
}

}  // namespace

Result<BundleContent> compile_for_bundle(const std::vector<content::ContentFile>& rules,
                                         const std::vector<EventContract>& contracts) {
    std::vector<RuleSource> sources;
    for (const content::ContentFile& file : rules) {
        sources.push_back({file.name, text_of(file.bytes)});
    }
    Compiled compiled = compile_against(sources, contracts);
    BundleContent content;
    content.messages = std::move(compiled.messages);
    content.rules = compiled.rules_compiled;
    content.complete = compiled.rules_compiled == compiled.rules_seen;
    if (!content.complete) return content;

    std::set<std::string> capabilities;
    for (const Program& program : compiled.programs) {
        Result<Bytes> bytes = write_program(program);
        if (!bytes) return fail(bytes.error().seen_from(program.contract));
        content.files.push_back({file_name(program.contract), std::move(*bytes)});
        content.contracts.push_back(contract_of(program.contract, program.arity));
        for (std::string& name : capabilities_of(program)) capabilities.insert(std::move(name));
    }
    content.capabilities.assign(capabilities.begin(), capabilities.end());
    return content;
}

}  // namespace firebreak::sigma
