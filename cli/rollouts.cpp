#include "cli/rollouts.hpp"

#include <boost/json/serialize.hpp>

#include "cli/table.hpp"
#include "core/content/manifest.hpp"

namespace firebreak::cli {
namespace {

std::string text_or_dash(const JsonObject& object, std::string_view name) {
    const json::value* value = object.find(name);
    if (value == nullptr || value->is_null()) return "-";
    return value->is_string() ? std::string(value->get_string()) : json::serialize(*value);
}

Result<std::string> render_rings(const JsonObject& rollout) {
    const Result<const json::array*> rings = rollout.array("rings");
    if (!rings) return fail(rings.error());
    Table table({"ring", "open", "exposed", "window", "activated", "confirmed", "failed"});
    for (const json::value& element : **rings) {
        const Result<JsonObject> ring = JsonObject::of(element, "ring");
        if (!ring) return fail(ring.error());
        const std::int64_t ppb = ring->integer("threshold_ppb", 0, 1'000'000'000).value_or(0);
        table.add({text_or_dash(*ring, "name"), text_or_dash(*ring, "open"),
                   std::to_string(ppb / 10'000'000) + "%", text_or_dash(*ring, "window"),
                   text_or_dash(*ring, "activated"), text_or_dash(*ring, "confirmed"),
                   text_or_dash(*ring, "failed")});
    }
    return table.render();
}

}  // namespace

Result<std::string> rollout_path(const std::string& name) {
    const std::size_t slash = name.find('/');
    const std::string counter = slash == std::string::npos ? "" : name.substr(slash + 1);
    if (slash == std::string::npos || !content::valid_stream_name(name.substr(0, slash)) ||
        counter.empty() || counter.size() > 18 ||
        counter.find_first_not_of("0123456789") != std::string::npos) {
        return fail(Errc::kBadInput,
                    "'" + name + "': a rollout is named STREAM/COUNTER, for example yara/41");
    }
    return "/v1/rollouts/" + name;
}

Result<Output> list_rollouts(ApiClient& api) {
    Result<json::value> answer = api.call("GET", "/v1/rollouts");
    if (!answer) return fail(answer.error());
    const Result<JsonObject> object = JsonObject::of(*answer, "answer");
    if (!object) return fail(object.error());
    const Result<const json::array*> rollouts = object->array("rollouts");
    if (!rollouts) return fail(rollouts.error());
    Table table({"rollout", "phase", "published", "reason"});
    for (const json::value& element : **rollouts) {
        const Result<JsonObject> rollout = JsonObject::of(element, "rollout");
        if (!rollout) return fail(rollout.error());
        table.add({text_or_dash(*rollout, "stream") + "/" + text_or_dash(*rollout, "counter"),
                   text_or_dash(*rollout, "phase"), text_or_dash(*rollout, "published"),
                   text_or_dash(*rollout, "reason")});
    }
    return Output{.text = table.render(), .data = std::move(*answer)};
}

Result<Output> show_rollout(ApiClient& api, const std::string& name) {
    const Result<std::string> path = rollout_path(name);
    if (!path) return fail(path.error());
    const Result<json::value> answer = api.call("GET", *path);
    if (!answer) return fail(answer.error());
    return render_rollout(*answer);
}

Result<Output> change_rollout(ApiClient& api, const std::string& name, const std::string& action,
                              const std::string& reason) {
    const Result<std::string> path = rollout_path(name);
    if (!path) return fail(path.error());
    const Result<json::value> answer =
        api.call("POST", *path + "/" + action, json::serialize(json::value{{"reason", reason}}));
    if (!answer) return fail(answer.error());
    return render_rollout(*answer);
}

Result<Output> render_rollout(const json::value& value) {
    const Result<JsonObject> rollout = JsonObject::of(value, "rollout");
    if (!rollout) return fail(rollout.error());
    const Result<std::string> rings = render_rings(*rollout);
    if (!rings) return fail(rings.error());
    std::string text = text_or_dash(*rollout, "stream") + "/" + text_or_dash(*rollout, "counter") +
                       ": " + text_or_dash(*rollout, "phase");
    if (const std::string reason = text_or_dash(*rollout, "reason");
        reason != "-" && !reason.empty()) {
        text += " (" + reason + ")";
    }
    text += "\n" + *rings;
    if (const Result<JsonObject> evidence = rollout->object("evidence")) {
        text += "ln E " + text_or_dash(*evidence, "e") + " of " +
                text_or_dash(*evidence, "threshold") + " that halt; failed devices " +
                text_or_dash(*evidence, "failed_devices") + "; at most " +
                text_or_dash(*rollout, "harm_bound") + " can be harmed before a halt\n";
    }
    return Output{.text = std::move(text), .data = value};
}

}  // namespace firebreak::cli
