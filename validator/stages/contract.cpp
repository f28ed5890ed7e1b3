#include <algorithm>
#include <map>

#include "validator/stages/stage.hpp"

namespace firebreak::validator {
namespace {

/// "process_creation/v1:21" taken apart; the arity is empty where none is given.
struct Contract {
    std::string_view name;
    std::string_view arity;
};

Contract contract_of(std::string_view text) {
    const std::size_t colon = text.rfind(':');
    if (colon == std::string_view::npos) return {text, {}};
    return {text.substr(0, colon), text.substr(colon + 1)};
}

bool offers(const std::vector<std::string>& offered, std::string_view wanted) {
    return std::ranges::find(offered, wanted) != offered.end();
}

void check_contracts(Run& run, const Build& build,
                     std::map<std::string, std::string, std::less<>>& arities) {
    for (const std::string& declared : run.bundle->manifest.contracts) {
        const Contract wanted = contract_of(declared);
        const auto supplied = std::ranges::find_if(
            build.capabilities.contracts,
            [&](const std::string& text) { return contract_of(text).name == wanted.name; });
        if (supplied == build.capabilities.contracts.end()) {
            run.add({.id = "FB303",
                     .message = build.label() + " does not supply " + declared,
                     .build = build.label()});
            continue;
        }
        const Contract actual = contract_of(*supplied);
        // Two live builds that disagree are wrong even where the bundle does not say a number.
        const auto [expected, first] = arities.try_emplace(
            std::string(wanted.name), wanted.arity.empty() ? actual.arity : wanted.arity);
        if (actual.arity != expected->second) {
            run.add({.id = "FB304",
                     .message = build.label() + " supplies " + *supplied + ", expected " +
                                expected->second + " fields",
                     .build = build.label()});
        }
    }
}

void check_build(Run& run, const Build& build) {
    const content::Manifest& manifest = run.bundle->manifest;
    if (!offers(build.capabilities.content_types, manifest.content_type)) {
        run.add(
            {.id = "FB301",
             .message = build.label() + " does not load content of type " + manifest.content_type,
             .build = build.label()});
    }
    for (const std::string& capability : manifest.capabilities) {
        if (offers(build.capabilities.capabilities, capability)) continue;
        run.add({.id = "FB302",
                 .message = build.label() + " does not offer " + capability,
                 .build = build.label()});
    }
    std::uint64_t bytes = 0;
    for (const content::ContentFile& file : run.bundle->files) bytes += file.bytes.size();
    if (bytes > build.capabilities.content_bytes_max) {
        run.add({.id = "FB305",
                 .message = std::to_string(bytes) + " bytes of content, " + build.label() +
                            " takes " + std::to_string(build.capabilities.content_bytes_max),
                 .build = build.label()});
    }
}

}  // namespace

StageResult check_contract(Run& run, StageDeadline deadline) {
    StageResult result;
    const Result<ContentImage> nothing = ContentImage::make({});
    if (!nothing) return {.complete = false, .reason = nothing.error().to_string()};
    std::map<std::string, std::string, std::less<>> arities;
    for (const EngineFile& file : run.request().engines) {
        if (run.tools().clock.steady() > deadline) {
            return {.executions = result.executions, .complete = false, .reason = "out of time"};
        }
        Executor executor(run.tools().program, run.profile().sandbox, run.tools().clock);
        OpenRun opened = executor.open(file, *nothing);
        run.record(executor.confinement());
        if (!passes(opened.verdict)) {
            // Says something about the engine or this machine, and nothing about the content.
            result.complete = false;
            result.reason = file.path.string() + ": " + describe(opened.verdict);
            continue;
        }
        run.builds.push_back({.file = file, .capabilities = std::move(opened.capabilities)});
        check_build(run, run.builds.back());
        check_contracts(run, run.builds.back(), arities);
        ++result.executions;
    }
    return result;
}

}  // namespace firebreak::validator
