#include <algorithm>
#include <charconv>
#include <utility>

#include "validator/stages/needs.hpp"
#include "validator/stages/stage.hpp"

namespace firebreak::validator {
namespace {

/// No person reads more of the same.
constexpr std::size_t kPlacesShown = 10;

bool offers(const std::vector<std::string>& offered, std::string_view wanted) {
    return std::ranges::find(offered, wanted) != offered.end();
}

/// How many fields `build` says it supplies for `contract`; empty: it does not know it.
std::optional<std::uint16_t> supplied(const Build& build, std::string_view contract) {
    for (const std::string& text : build.capabilities.contracts) {
        const std::size_t colon = text.rfind(':');
        if (colon == std::string::npos || std::string_view(text).substr(0, colon) != contract) {
            continue;
        }
        std::uint16_t fields = 0;
        std::from_chars(text.data() + colon + 1, text.data() + text.size(), fields);
        return fields;
    }
    return std::nullopt;
}

/// The judgement of one build.
class BuildContract {
public:
    BuildContract(Run& run, const Build& build, const ContentNeeds& needs)
        : run_(run), build_(build), needs_(needs) {}

    void check() {
        const content::Manifest& manifest = run_.bundle->manifest;
        if (!offers(build_.capabilities.content_types, manifest.content_type)) {
            add("FB301",
                build_.label() + " does not load content of type " + manifest.content_type);
        }
        for (const std::string& capability : needs_.capabilities) {
            if (offers(build_.capabilities.capabilities, capability)) continue;
            add("FB302", build_.label() + " does not offer " + capability);
        }
        if (needs_.bytes > build_.capabilities.content_bytes_max) {
            add("FB305", std::to_string(needs_.bytes) + " bytes of content, " + build_.label() +
                             " takes " + std::to_string(build_.capabilities.content_bytes_max));
        }
        if (needs_.rules > build_.capabilities.rules_max) {
            add("FB307", std::to_string(needs_.rules) + " rules, " + build_.label() + " takes " +
                             std::to_string(build_.capabilities.rules_max));
        }
        if (run_.bundle->manifest.counter > build_.capabilities.counter_max) {
            add("FB308", "counter " + std::to_string(run_.bundle->manifest.counter) + ", " +
                             build_.label() + " has room for " +
                             std::to_string(build_.capabilities.counter_max));
        }
        for (const auto& [contract, need] : needs_.contracts) check_contract(contract, need);
    }

private:
    void check_contract(const std::string& contract, const ContractNeed& need) {
        const std::optional<std::uint16_t> fields = supplied(build_, contract);
        if (!fields) {
            add("FB303", build_.label() + " does not supply " + contract);
            return;
        }
        if (need.arity == 0 || *fields == need.arity) return;
        const std::string mismatch = build_.label() + " supplies " + std::to_string(*fields) +
                                     " fields of " + contract + ", which has " +
                                     std::to_string(need.arity);
        if (need.fields_read <= *fields) {
            add("FB304", mismatch);
            return;
        }
        std::size_t shown = 0;
        for (const Place& place : need.furthest) {
            if (++shown > kPlacesShown) break;
            add("FB304",
                mismatch + "; rule " + place.rule + " reads field " +
                    std::to_string(need.fields_read),
                place);
        }
    }

    void add(const char* id, std::string message, Place place = {}) {
        run_.add({.id = id,
                  .place = std::move(place),
                  .message = std::move(message),
                  .build = build_.label()});
    }

    Run& run_;
    const Build& build_;
    const ContentNeeds& needs_;
};

/// Live builds that disagree about a contract: one of them is wrong, whatever the content says.
void compare_builds(Run& run, const ContentNeeds& needs) {
    for (const auto& [contract, need] : needs.contracts) {
        if (need.arity != 0) continue;  // Each has been compared with the content.
        std::optional<std::uint16_t> first;
        for (const Build& build : run.builds) {
            const std::optional<std::uint16_t> fields = supplied(build, contract);
            if (!first) first = fields;
            if (!fields || fields == first) continue;
            run.add({.id = "FB304",
                     .message = build.label() + " supplies " + std::to_string(*fields) +
                                " fields of " + contract + ", another live build " +
                                std::to_string(*first),
                     .build = build.label()});
        }
    }
}

/// Builds of the census that nobody gave: what they would say is not known.
void look_for_the_absent(const Run& run, StageResult& result) {
    for (const Sha256& alive : run.request().alive) {
        if (std::ranges::find(run.request().engines, alive, &EngineFile::sha256) !=
            run.request().engines.end()) {
            continue;
        }
        result.complete = false;
        result.reason = "the build " + alive.hex() +
                        " is alive in the census, and is none of the engines given";
    }
}

}  // namespace

void open_builds(Run& run) {
    if (std::exchange(run.builds_opened, true)) return;
    const Result<ContentImage> nothing = ContentImage::make({});
    for (const EngineFile& file : run.request().engines) {
        if (!nothing) {
            run.unopened.push_back(file.path.string() + ": " + nothing.error().to_string());
            continue;
        }
        Executor executor(run.program_for(file), run.profile().sandbox, run.tools().clock);
        OpenRun opened = executor.open(file, *nothing);
        run.record(executor.confinement());
        if (passes(opened.verdict)) {
            run.builds.push_back({.file = file, .capabilities = std::move(opened.capabilities)});
        } else {
            run.unopened.push_back(file.path.string() + ": " + describe(opened.verdict));
        }
    }
}

StageResult check_contract(Run& run, StageDeadline /*deadline*/) {
    StageResult result;
    const ContentNeeds needs = needs_of(*run.bundle);
    for (const std::string& what : needs.unclaimed) {
        run.add({.id = "FB306", .message = "the manifest does not name the " + what});
    }
    open_builds(run);
    for (const Build& build : run.builds) {
        BuildContract(run, build, needs).check();
        ++result.executions;
    }
    compare_builds(run, needs);
    look_for_the_absent(run, result);
    if (!run.unopened.empty()) {
        // Says something about the engine or this machine, and nothing about the content.
        result.complete = false;
        result.reason = run.unopened.front();
    }
    return result;
}

}  // namespace firebreak::validator
