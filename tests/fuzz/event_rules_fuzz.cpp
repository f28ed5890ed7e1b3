// Any text as what an engine says its rules about events ask, as it comes out of a worker that has
// seen content. Properties: what reads keeps the promises of a rule file; events can be made for
// its rules, and each is what it is said to be, by the reference evaluator.

#include <cstdint>

#include "core/base/check.hpp"
#include "core/base/json.hpp"
#include "sensor/sigma/program/reference.hpp"
#include "validator/generate/event_document.hpp"
#include "validator/generate/event_rules.hpp"
#include "validator/generate/event_solver.hpp"
#include "validator/stages/coverage.hpp"

namespace {

using namespace firebreak;
using namespace firebreak::validator;

// So that a run is short.
constexpr std::size_t kRulesMax = 4;
constexpr std::size_t kNodesMax = 64;
constexpr std::uint16_t kArityMax = 64;
constexpr std::size_t kEventsMax = 16;

void make_events(const sigma::Program& program) {
    EventSolver solver(program, 7);
    for (std::size_t index = 0; index < std::min(program.rules.size(), kRulesMax); ++index) {
        const sigma::Rule& rule = program.rules[index];
        if (rule.nodes.size() > kNodesMax) continue;
        for (const DirectedEvent& event : solver.events_for(rule, kEventsMax)) {
            const bool matches = sigma::reference_matches(program, rule, event.values);
            FIREBREAK_CHECK(event.matches == matches);
            FIREBREAK_CHECK(!event_document(program.contract, event.values, program.arity).empty());
        }
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const Result<json::value> description =
        parse_json(text_of({data, size}), {.bytes_max = 1U << 16U});
    if (!description) return 0;
    const Result<std::vector<sigma::Program>> programs = read_event_rules(*description);
    if (!programs) return 0;
    for (const UsedField& used : used_fields(*programs)) FIREBREAK_CHECK(!used.name().empty());
    for (const sigma::Program& program : *programs) {
        FIREBREAK_CHECK(sigma::check_program(program));
        if (program.arity <= kArityMax) make_events(program);
    }
    return 0;
}
