#include "cli/rollouts.hpp"

#include <algorithm>
#include <array>
#include <boost/json/serialize.hpp>
#include <cmath>
#include <cstdio>

#include "cli/table.hpp"
#include "core/content/manifest.hpp"

namespace firebreak::cli {
namespace {

std::string text_or_dash(const JsonObject& object, std::string_view name) {
    const json::value* value = object.find(name);
    if (value == nullptr || value->is_null()) return "-";
    return value->is_string() ? std::string(value->get_string()) : json::serialize(*value);
}

/// "yara/41".
std::string name_in(const JsonObject& rollout) {
    return text_or_dash(rollout, "stream") + "/" + text_or_dash(rollout, "counter");
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

double number_in(const JsonObject& object, std::string_view name) {
    const json::value* value = object.find(name);
    return value != nullptr && value->is_number() ? value->to_number<double>() : 0;
}

std::string whole(double number) {
    return std::to_string(std::llround(number));
}

/// E as a power of ten, as people compare it with 1 / alpha.
std::string power_of_ten(double log_e) {
    std::array<char, 32> text{};
    (void)std::snprintf(text.data(), text.size(), "10^%.1f", log_e / std::log(10.0));
    return text.data();
}

/// What a gate waits for, in words.
std::string words_of(const JsonObject& gate) {
    const std::string kind = text_or_dash(gate, "gate");
    const double have = number_in(gate, "have");
    const double need = number_in(gate, "need");
    const std::string by = text_or_dash(gate, "opens_at");
    if (kind == "exposed") {
        return "all of the ring is exposed: " + whole(have / 10'000'000) + "% so far";
    }
    if (kind == "baked") {
        return "its bake is over: " + (by == "-" ? "begins when all is exposed" : "at " + by);
    }
    if (kind == "resolved") {
        return "no device is pending: " + whole(have) + " are" +
               (by == "-" ? "" : ", waited for until " + by);
    }
    if (kind == "confirmed") return "confirmed: " + whole(have) + " of " + whole(need);
    if (kind == "hours") return "device-hours: " + whole(have) + " of " + whole(need);
    if (kind == "evidence") {
        return "E of the ring, and of the segments, is below 1: " + power_of_ten(have) + " now";
    }
    if (kind == "heard") {
        return "no more lost after they confirmed than of the others: " + whole(have) + ", " +
               whole(std::max(0.0, std::floor(need))) + " at most";
    }
    if (kind == "represented") {
        return "segments that the plan wants to see confirm: " + whole(have) + " of " + whole(need);
    }
    if (kind == "approved") {
        return "people approved the next ring: " + whole(have) + " of " + whole(need);
    }
    if (kind == "thawed") {
        return by == "-" ? "no freeze is on" : "no freeze is on: this one lasts until " + by;
    }
    return kind;
}

Result<std::string> render_gates(const JsonObject& rollout) {
    const Result<const json::array*> gates = rollout.array("gates");
    if (!gates) return fail(gates.error());
    std::string text;
    for (const json::value& element : **gates) {
        const Result<JsonObject> gate = JsonObject::of(element, "gate");
        if (!gate) return fail(gate.error());
        const bool open = text_or_dash(*gate, "open") == "true";
        text += (open ? "  [x] " : "  [ ] ") + words_of(*gate) + "\n";
    }
    return text;
}

Result<std::string> render_window(const JsonObject& rollout) {
    const Result<JsonObject> window = rollout.object("window");
    if (!window) return fail(window.error());
    if (window->raw().empty()) return "No ring is open yet.\n";
    std::string text = "Ring " + text_or_dash(*window, "ring") +
                       " is open furthest. Window: " + text_or_dash(*window, "filled") + " of " +
                       text_or_dash(*window, "size") + " places are taken, " +
                       text_or_dash(*window, "room") + " devices may activate now.\n";
    const Result<JsonObject> evidence = rollout.object("evidence");
    if (!evidence) return fail(evidence.error());
    text += "It halts at E = " + power_of_ten(number_in(*evidence, "threshold")) + "; E is " +
            power_of_ten(number_in(*evidence, "e")) + " (crashes " +
            power_of_ten(number_in(*evidence, "e_crash")) + ", silence " +
            power_of_ten(number_in(*evidence, "e_silence")) + ", against the control: crashes " +
            power_of_ten(number_in(*evidence, "e_control")) + ", losses " +
            power_of_ten(number_in(*evidence, "e_losses")) + "). From here " +
            text_or_dash(*window, "failures_to_halt") + " failures would halt it; at most " +
            text_or_dash(rollout, "harm_bound") + " devices can be harmed before.\n";
    return text;
}

/// The segments that count, if the plan has any.
Result<std::string> render_segments(const JsonObject& rollout) {
    const Result<const json::array*> segments = rollout.array("segments");
    if (!segments) return fail(segments.error());
    if ((*segments)->empty()) return std::string();
    Table table({"segment", "activated", "confirmed", "failed", "window", "E"});
    for (const json::value& element : **segments) {
        const Result<JsonObject> segment = JsonObject::of(element, "segment");
        if (!segment) return fail(segment.error());
        const bool suspected = text_or_dash(*segment, "e") != "-";
        table.add({text_or_dash(*segment, "segment"), text_or_dash(*segment, "activated"),
                   text_or_dash(*segment, "confirmed"), text_or_dash(*segment, "failed"),
                   text_or_dash(*segment, "filled") + " of " + text_or_dash(*segment, "window"),
                   suspected ? power_of_ten(number_in(*segment, "e")) : "-"});
    }
    return "Segments, those first that say most against it:\n" + table.render();
}

/// Who approved, what is asked for, and what is frozen next.
std::string words_of_people(const JsonObject& rollout) {
    std::string text;
    const Result<JsonObject> people = rollout.object("people");
    if (!people) return text;
    if (const auto approved = people->strings("approved_by"); approved && !approved->empty()) {
        text += "The next ring was approved by";
        for (const std::string& person : *approved) text += " " + person;
        text += ".\n";
    }
    if (const auto rings = people->strings("overridden"); rings && !rings->empty()) {
        text += "Two people passed over what ring " + rings->back() +
                " waits for, but for exposure, approvals, E and lost devices.\n";
    }
    if (const Result<JsonObject> asked = people->object("override_asked")) {
        text += text_or_dash(*asked, "person") + " asks to pass over what ring " +
                text_or_dash(*asked, "ring") + " waits for: " + text_or_dash(*asked, "reason") +
                "\nAnother person grants it until " + text_or_dash(*asked, "until") +
                ": firebreak rollout grant\n";
    }
    if (const Result<JsonObject> freeze = people->object("freeze")) {
        text += "Freeze '" + text_or_dash(*freeze, "name") + "' from " +
                text_or_dash(*freeze, "from") + " until " + text_or_dash(*freeze, "until") + ".\n";
    }
    return text;
}

/// Who asked to go on with what the evidence held; nothing when nobody did.
std::optional<JsonObject> resume_asked_in(const JsonObject& rollout) {
    const Result<JsonObject> people = rollout.object("people");
    if (!people) return std::nullopt;
    const Result<JsonObject> asked = people->object("resume_asked");
    if (!asked) return std::nullopt;
    return *asked;
}

/// The phase in a list of many, where nobody asks for more.
std::string phase_in_words(const JsonObject& rollout) {
    std::string phase = text_or_dash(rollout, "phase");
    if (text_or_dash(rollout, "held_by") != "controller") return phase;
    phase += " by the evidence";
    if (const auto asked = resume_asked_in(rollout)) {
        phase += "; " + text_or_dash(*asked, "person") + " asked to go on";
    }
    return phase;
}

/// Who can go on with what is held, and how.
std::string words_of_hold(const JsonObject& rollout) {
    if (text_or_dash(rollout, "phase") != "held") return "";
    const std::string command =
        "firebreak rollout resume " + name_in(rollout) + " --reason \"...\"\n";
    if (text_or_dash(rollout, "held_by") != "controller") {
        return "A person decides, to halt it or to go on: " + command;
    }
    const auto asked = resume_asked_in(rollout);
    std::string text = "Held by the evidence";
    if (asked) {
        text += "; " + text_or_dash(*asked, "person") + " asked to go on at " +
                text_or_dash(*asked, "at") + ": " + text_or_dash(*asked, "reason");
    }
    text += ".\n";
    if (const Result<JsonObject> evidence = rollout.object("evidence")) {
        text += "Who goes on passes over " + text_or_dash(*evidence, "failed_devices") +
                " devices that failed, of " + text_or_dash(*evidence, "failed_tenants") +
                " tenants, and " + text_or_dash(*evidence, "lost_devices") +
                " that fell silent later; E is " + power_of_ten(number_in(*evidence, "e")) + ".\n";
    }
    if (!asked) return text + "One person halts it, two go on; each of the two: " + command;
    return text + "A second person, until " + text_or_dash(*asked, "until") + ": " + command;
}

Result<json::value> ask_for_rollout(ApiClient& api, const std::string& name) {
    const Result<std::string> path = rollout_path(name);
    if (!path) return fail(path.error());
    return api.call("GET", *path);
}

}  // namespace

Result<rollout::RolloutId> rollout_named(const std::string& name) {
    const std::size_t slash = name.find('/');
    const std::string counter = slash == std::string::npos ? "" : name.substr(slash + 1);
    if (slash == std::string::npos || !content::valid_stream_name(name.substr(0, slash)) ||
        counter.empty() || counter.size() > 18 ||
        counter.find_first_not_of("0123456789") != std::string::npos) {
        return fail(Errc::kBadInput,
                    "'" + name + "': a rollout is named STREAM/COUNTER, for example yara/41");
    }
    return rollout::RolloutId{name.substr(0, slash), std::stoll(counter)};
}

Result<std::string> rollout_path(const std::string& name) {
    const Result<rollout::RolloutId> id = rollout_named(name);
    if (!id) return fail(id.error());
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
        table.add({name_in(*rollout), phase_in_words(*rollout), text_or_dash(*rollout, "published"),
                   text_or_dash(*rollout, "reason")});
    }
    return Output{.text = table.render(), .data = std::move(*answer)};
}

Result<Output> show_rollout(ApiClient& api, const std::string& name) {
    const Result<json::value> answer = ask_for_rollout(api, name);
    if (!answer) return fail(answer.error());
    return render_rollout(*answer);
}

Result<Output> explain_rollout(ApiClient& api, const std::string& name) {
    const Result<json::value> answer = ask_for_rollout(api, name);
    if (!answer) return fail(answer.error());
    return render_explanation(*answer);
}

Result<Output> change_rollout(ApiClient& api, const std::string& name, const RolloutOrder& order) {
    const Result<std::string> path = rollout_path(name);
    if (!path) return fail(path.error());
    json::object body{{"reason", order.reason}};
    if (!order.ring.empty()) body["ring"] = order.ring;
    const Result<json::value> answer =
        api.call("POST", *path + "/" + order.action, json::serialize(body));
    if (!answer) return fail(answer.error());
    return render_rollout(*answer);
}

Result<Output> render_rollout(const json::value& value) {
    const Result<JsonObject> rollout = JsonObject::of(value, "rollout");
    if (!rollout) return fail(rollout.error());
    const Result<std::string> rings = render_rings(*rollout);
    if (!rings) return fail(rings.error());
    std::string text = name_in(*rollout) + ": " + text_or_dash(*rollout, "phase");
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
    text += words_of_hold(*rollout);
    return Output{.text = std::move(text), .data = value};
}

Result<Output> render_explanation(const json::value& value) {
    const Result<JsonObject> rollout = JsonObject::of(value, "rollout");
    if (!rollout) return fail(rollout.error());
    const std::string phase = text_or_dash(*rollout, "phase");
    std::string text = name_in(*rollout) + " is " + phase + ".\n";
    if (const std::string reason = text_or_dash(*rollout, "reason");
        reason != "-" && !reason.empty()) {
        text += "Reason: " + reason + "\n";
    }
    if (phase == "rolling" || phase == "held" || phase == "complete") {
        const Result<std::string> window = render_window(*rollout);
        if (!window) return fail(window.error());
        text += *window;
    }
    const Result<std::string> segments = render_segments(*rollout);
    if (!segments) return fail(segments.error());
    text += *segments;
    const Result<std::string> gates = render_gates(*rollout);
    if (!gates) return fail(gates.error());
    if (!gates->empty()) text += "The next ring opens when all of these hold:\n" + *gates;
    text += words_of_people(*rollout);
    text += words_of_hold(*rollout);
    if (phase == "halted") text += "A halt is final. Publish a higher counter.\n";
    return Output{.text = std::move(text), .data = value};
}

Result<std::string> gate_lines(const JsonObject& object) {
    return render_gates(object);
}

}  // namespace firebreak::cli
