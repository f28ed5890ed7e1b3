#include "cli/plan.hpp"

#include "core/calendar/calendar.hpp"
#include "core/content/schema.hpp"

namespace firebreak::cli {

Result<rollout::Plan> read_plan(const Context& context, const std::string& path) {
    const Result<Bytes> text = context.files.read(path, content::DocumentLimits{}.bytes_max);
    if (!text) return fail(text.error());
    const Result<content::Document> document = content::read_yaml(path, text_of(*text));
    if (!document) return fail(document.error());
    if (const auto valid = content::require_schema("ring-plan.v1", *document); !valid) {
        return fail(valid.error());
    }
    Result<rollout::Plan> plan = rollout::parse_plan(document->value);
    if (!plan) return fail(plan.error().seen_from(path));
    if (const auto kept = rollout::check_floors(*plan); !kept) {
        return fail(kept.error().seen_from(path));
    }
    if (const auto freeze = calendar::next_freeze(plan->freezes, Instant{}); !freeze) {
        return fail(freeze.error().seen_from(path));
    }
    return plan;
}

Result<Output> check_plan(const Context& context, const std::string& path) {
    const Result<rollout::Plan> plan = read_plan(context, path);
    if (!plan) return fail(plan.error());
    Output output{.text = path + ": valid, plan '" + plan->name + "', velocity " +
                          std::string(rollout::name_of(plan->velocity)) + "\n",
                  .data = {{"valid", true}, {"plan", rollout::to_json(*plan)}}};
    for (const rollout::Ring& ring : plan->rings) {
        output.text += "  " + ring.name + ": window " + std::to_string(ring.window_start) + " to " +
                       std::to_string(ring.window_max) + "\n";
    }
    return output;
}

}  // namespace firebreak::cli
