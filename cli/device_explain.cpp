#include "cli/device_explain.hpp"

#include <array>
#include <boost/json/serialize.hpp>
#include <cstdio>
#include <functional>
#include <map>

#include "cli/fleet.hpp"
#include "cli/rollouts.hpp"
#include "core/content/manifest.hpp"

namespace firebreak::cli {
namespace {

/// A member as text; "-" for one that is null or not there.
std::string text_of(const JsonObject& object, std::string_view name) {
    const json::value* value = object.find(name);
    if (value == nullptr || value->is_null()) return "-";
    return value->is_string() ? std::string(value->get_string()) : json::serialize(*value);
}

/// The member of the object `name` of `object`; "-" where that is null.
std::string text_in(const JsonObject& object, std::string_view name, std::string_view member) {
    const Result<JsonObject> inner = object.object(name);
    return inner ? text_of(*inner, member) : "-";
}

/// Parts per billion as a percentage: one in 8.5 million devices shows.
std::string percent(const std::string& ppb) {
    double number = 0;
    if (std::sscanf(ppb.c_str(), "%lf", &number) != 1) return "-";
    std::array<char, 32> text{};
    (void)std::snprintf(text.data(), text.size(), "%.4g%%", number / 1e7);
    return text.data();
}

/// What is said of one standing, and whether it is one of waiting.
struct Words {
    bool waits = false;
    std::function<std::string(const JsonObject&)> say;
};

std::string place_in(const JsonObject& standing) {
    return "its place in the ring is " + percent(text_of(standing, "bucket_ppb"));
}

std::string reason_of(const JsonObject& standing) {
    const std::string reason = text_of(standing, "reason");
    return reason.empty() || reason == "-" ? "" : " (" + reason + ")";
}

std::string when(const JsonObject& standing, std::string_view member) {
    return text_in(standing, "exposure", member);
}

std::string say_above_threshold(const JsonObject& it) {
    return "not its turn yet: " + place_in(it) + ", and " +
           percent(text_in(it, "ring", "threshold_ppb")) + " of the ring are exposed. About " +
           text_of(it, "ahead") + " of its " + text_in(it, "ring", "active") +
           " devices come before it; more are exposed as those confirm";
}

std::string say_above_ceiling(const JsonObject& it) {
    return place_in(it) + ", and the offline keys allow " +
           percent(text_in(it, "ring", "ceiling_ppb")) + " of it for now";
}

std::string say_window_full(const JsonObject& it) {
    return "its turn has come, but the window is full: " + text_in(it, "ring", "filled") + " of " +
           text_in(it, "ring", "window") +
           " places of its ring are taken. It is let in when one of those is confirmed";
}

std::string say_segment_window_full(const JsonObject& it) {
    std::string words = "its turn has come, but few of its kind are let in at first:";
    const Result<const json::array*> segments = it.array("segments");
    if (!segments) return words;
    for (const json::value& element : **segments) {
        const Result<JsonObject> segment = JsonObject::of(element, "segment");
        if (!segment) continue;
        words += " " + text_of(*segment, "filled") + " of " + text_of(*segment, "window") +
                 " places of " + text_of(*segment, "segment") + " are taken;";
    }
    return words + " it is let in when there is one in each";
}

std::string say_ring_closed(const JsonObject& it) {
    const std::string ring = "its ring, " + text_in(it, "ring", "position") + " of " +
                             text_in(it, "ring", "of") + ", is not open";
    const Result<JsonObject> front = it.object("waits_for");
    if (!front) return ring + ", nor is any other";
    const Result<std::string> gates = gate_lines(*front);
    return ring + ". Ring " + text_of(*front, "ring") +
           " is open furthest; the next opens when all of these hold:\n" + gates.value_or("");
}

std::string say_forgiven(const JsonObject& it) {
    return std::string(
               "it failed, and was forgiven when the rollout was resumed: it may try "
               "again ") +
           (text_of(it, "may_activate") == "true" ? "now"
                                                  : "when it is its turn and there is room");
}

const Words* words_for(const std::string& state) {
    static const std::map<std::string, Words, std::less<>> kWords{
        {"revoked",
         {false,
          [](const JsonObject&) {
              return "the device was revoked: its reports are refused, and it is let in nowhere";
          }}},
        {"halted",
         {false,
          [](const JsonObject&) {
              return "the rollout was halted before it was this one's turn";
          }}},
        {"ring-not-in-plan",
         {false,
          [](const JsonObject&) {
              return "the plan of this release does not have its ring: it will never be offered it";
          }}},
        {"build-not-listed",
         {false,
          [](const JsonObject&) {
              return "the release was not validated in its engine build: it will not install it";
          }}},
        {"not-started", {true, [](const JsonObject&) { return "the rollout has not begun"; }}},
        {"held",
         {true,
          [](const JsonObject&) {
              return "nobody new is let in until people resume the rollout, or halt it";
          }}},
        {"ring-closed", {true, say_ring_closed}},
        {"above-threshold", {true, say_above_threshold}},
        {"above-ceiling", {true, say_above_ceiling}},
        {"window-full", {true, say_window_full}},
        {"segment-window-full", {true, say_segment_window_full}},
        {"may-activate",
         {false,
          [](const JsonObject&) { return "it may have it now, and will at its next poll"; }}},
        {"pending",
         {false,
          [](const JsonObject& it) {
              return "let in at " + when(it, "activated") + " and pending: it has until " +
                     when(it, "deadline") + " to say that it is well";
          }}},
        {"confirmed",
         {false,
          [](const JsonObject& it) {
              return "runs it, confirmed healthy at " + when(it, "resolved");
          }}},
        {"failed",
         {false,
          [](const JsonObject& it) {
              return "failed at " + when(it, "resolved") +
                     ": it crashed, rolled back or refused it";
          }}},
        {"silent",
         {false,
          [](const JsonObject& it) {
              return "let in at " + when(it, "activated") + " and silent since: not one word by " +
                     when(it, "deadline") + " counts as a failure, until it says that it is well";
          }}},
        {"forgiven", {false, say_forgiven}}};
    const auto found = kWords.find(state);
    return found == kWords.end() ? nullptr : &found->second;
}

/// What put the device into its ring.
std::string placed_words(const JsonObject& device) {
    const std::string by = text_in(device, "placed", "by");
    const std::string name = text_in(device, "placed", "name");
    if (by == "device") return "as a rule for this device says";
    if (by == "tag") return "as the rule for tag " + name + " says";
    if (by == "tenant") return "as the rule for tenant " + name + " says";
    if (by == "default") return "the slowest when it enrolled, as no rule places it elsewhere";
    return "as its enrolment token " + text_in(device, "placed", "token") + " says";
}

Result<std::string> render_standing(const json::value& value) {
    const Result<JsonObject> standing = JsonObject::of(value, "rollout");
    if (!standing) return fail(standing.error());
    const Result<std::string> state = standing->string("state");
    if (!state) return fail(state.error());
    const std::string stream = text_of(*standing, "stream");
    const std::string running = text_of(*standing, "running");
    std::string text = "\n" + stream + "/" + text_of(*standing, "counter") + " is " +
                       text_of(*standing, "phase") + reason_of(*standing) + "; the device runs " +
                       (running == "-" ? "nothing of " + stream : stream + "/" + running) + ".\n";
    const Words* words = words_for(*state);
    // A server that is newer than this program may know more states.
    std::string said = "  " + *state + (words == nullptr ? "" : ": " + words->say(*standing));
    text += said + (said.ends_with('\n') ? "" : ".\n");
    if (words == nullptr || !words->waits) return text;
    const std::string earliest = text_of(*standing, "not_before");
    return text + (earliest == "-" ? "  Nobody can say when that will be.\n"
                                   : "  Not before " + earliest + ", as far as is known now.\n");
}

}  // namespace

Result<Output> render_device(const json::value& answer) {
    const Result<JsonObject> device = JsonObject::of(answer, "answer");
    if (!device) return fail(device.error());
    const Result<const json::array*> rollouts = device->array("rollouts");
    if (!rollouts) return fail(rollouts.error());
    std::string text = text_of(*device, "device") + " of tenant " + text_of(*device, "tenant") +
                       " is in ring " + text_of(*device, "ring") + ", " + placed_words(*device) +
                       "; last heard of at " + text_of(*device, "last_seen") + ".\n";
    if ((*rollouts)->empty()) text += "Nothing was released yet.\n";
    for (const json::value& rollout : **rollouts) {
        const Result<std::string> standing = render_standing(rollout);
        if (!standing) return fail(standing.error());
        text += *standing;
    }
    return Output{.text = std::move(text), .data = answer};
}

Result<Output> explain_device(ApiClient& api, const std::string& device,
                              const std::string& stream) {
    const Result<std::string> id = plain(device, "device id");
    if (!id) return fail(id.error());
    if (!stream.empty() && !content::valid_stream_name(stream)) {
        return fail(Errc::kBadInput, "'" + stream + "' is no stream name");
    }
    const Result<json::value> answer = api.call(
        "GET", "/v1/fleet/" + *id + "/explain" + (stream.empty() ? "" : "?stream=" + stream));
    if (!answer) return fail(answer.error());
    return render_device(*answer);
}

}  // namespace firebreak::cli
