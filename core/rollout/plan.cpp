#include "core/rollout/plan.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <set>
#include <utility>

#include "core/base/check.hpp"
#include "core/base/errc.hpp"
#include "core/rollout/detail/plan_members.hpp"
#include "core/rollout/detail/strict_object.hpp"

namespace firebreak::rollout {
namespace {

using detail::all_of;
using detail::invalid;
using detail::only_known;
using detail::read_duration;
using detail::read_integer;
using detail::read_name;
using detail::read_number;
using detail::read_text;
using detail::require;

constexpr milliseconds kDurationMax = std::chrono::days{366};
constexpr std::size_t kAxisBytesMax = 64;
constexpr std::size_t kSegmentBytesMax = 256;

constexpr std::array<std::pair<std::string_view, std::int64_t>, 4> kUnits{
    {{"h", 3'600'000}, {"m", 60'000}, {"s", 1'000}, {"ms", 1}}};

Result<void> parse_window(const JsonObject& ring_object, Ring& ring) {
    const auto window = ring_object.object("window");
    if (!window) return invalid(window.error());
    auto read = all_of(
        {only_known(*window, {"start", "max", "max_share"}), require(*window, "start"),
         require(*window, "max"), read_integer(*window, "start", kWindowMax, ring.window_start),
         read_integer(*window, "max", kWindowMax, ring.window_max),
         read_number(*window, "max_share", {.above = 0, .at_most = 1, .zero_allowed = true},
                     ring.window_max_share)});
    if (!read) return invalid(read.error());
    if (ring.window_start > ring.window_max) {
        return invalid(window->path_to("start"), "must not be above max");
    }
    return {};
}

bool is_axis(std::string_view name) {
    const auto allowed = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
    };
    return !name.empty() && name.size() <= kAxisBytesMax && std::ranges::all_of(name, allowed);
}

Result<void> parse_segments(const JsonObject& document, Plan& plan) {
    if (!document.has("segments")) return {};
    const auto segments = document.object("segments");
    if (!segments) return invalid(segments.error());
    auto read =
        all_of({only_known(*segments, {"by", "window_start"}), require(*segments, "by"),
                read_integer(*segments, "window_start", kWindowMax, plan.segments.window_start)});
    if (!read) return invalid(read.error());
    const auto by = segments->strings("by");
    if (!by) return invalid(by.error());
    const std::set<std::string> different(by->begin(), by->end());
    if (by->empty() || by->size() > kSegmentAxesMax || different.size() != by->size() ||
        !std::ranges::all_of(*by, is_axis)) {
        return invalid(segments->path_to("by"),
                       "must be 1 to 4 different names of 1 to 64 of a-z, 0-9, _ and -");
    }
    plan.segments.by = *by;
    return {};
}

/// "os=Windows 11": the value is what comes after the first '='.
Result<std::vector<SegmentName>> parse_ring_segments(const JsonObject& promote) {
    std::vector<SegmentName> names;
    if (!promote.has("segments")) return names;
    const auto texts = promote.strings("segments");
    if (!texts) return invalid(texts.error());
    if (texts->size() > kRingSegmentsMax) {
        return invalid(promote.path_to("segments"), "must be at most 64 segments");
    }
    for (const std::string& text : *texts) {
        const std::size_t equals = text.find('=');
        if (equals == std::string::npos || text.size() - equals - 1 > kSegmentBytesMax) {
            return invalid(
                promote.path_to("segments"),
                "must hold texts such as 'os=Windows 11', the value of 256 bytes at most");
        }
        names.push_back({text.substr(0, equals), text.substr(equals + 1)});
    }
    return names;
}

/// Whether the rings ask for segments that there are.
Result<void> check_ring_segments(const JsonObject& document, const Plan& plan) {
    for (const Ring& ring : plan.rings) {
        for (const SegmentName& name : ring.segments) {
            if (std::ranges::find(plan.segments.by, name.axis) != plan.segments.by.end()) continue;
            return invalid(document.path_to("rings"),
                           "ring " + ring.name +
                               " promotes by a segment of an axis that is not in "
                               "segments.by");
        }
    }
    return {};
}

Result<void> parse_promote(const JsonObject& ring_object, Ring& ring) {
    const auto promote = ring_object.object("promote");
    if (!promote) return invalid(promote.error());
    auto read = all_of(
        {only_known(*promote, {"confirmed_min", "exposure_hours_min", "segments"}),
         require(*promote, "confirmed_min"),
         read_integer(*promote, "confirmed_min", 1'000'000'000, ring.confirmed_min),
         read_number(*promote, "exposure_hours_min",
                     {.above = 0, .at_most = 1e9, .zero_allowed = true}, ring.exposure_hours_min)});
    if (!read) return invalid(read.error());
    auto segments = parse_ring_segments(*promote);
    if (!segments) return fail(segments.error());
    ring.segments = std::move(*segments);
    return {};
}

/// Who must say yes before the ring opens: n, or n of those named.
Result<void> parse_approvals(const JsonObject& ring_object, Ring& ring) {
    if (!ring_object.has("approvals")) return {};
    const auto approvals = ring_object.object("approvals");
    if (!approvals) return invalid(approvals.error());
    auto read = all_of({only_known(*approvals, {"count", "of"}), require(*approvals, "count"),
                        read_integer(*approvals, "count", kApprovalsMax, ring.approvals)});
    if (!read) return invalid(read.error());
    if (!approvals->has("of")) return {};
    const auto names = approvals->strings("of");
    if (!names) return invalid(names.error());
    const std::set<std::string> different(names->begin(), names->end());
    const auto usable = [](const std::string& name) { return !name.empty() && name.size() <= 100; };
    if (different.size() != names->size() || !std::ranges::all_of(*names, usable) ||
        std::ssize(*names) < ring.approvals || names->size() > 100) {
        return invalid(approvals->path_to("of"),
                       "must be names of up to 100 different people, as many as count at least");
    }
    ring.approvers = *names;
    return {};
}

Result<void> read_moment(const JsonObject& object, std::string_view name, LocalMoment& into) {
    const auto text = object.string(name);
    if (!text) return invalid(text.error());
    const auto moment = parse_local_moment(*text);
    if (!moment) return invalid(object.path_to(name), moment.error().context());
    into = *moment;
    return {};
}

Result<Freeze> parse_freeze(const json::value& value, std::string path) {
    const auto object = JsonObject::of(value, std::move(path));
    if (!object) return invalid(object.error());
    Freeze freeze;
    auto read =
        all_of({only_known(*object, {"name", "zone", "from", "until"}), require(*object, "name"),
                require(*object, "zone"), read_text(*object, "name", freeze.name),
                read_text(*object, "zone", freeze.zone), read_moment(*object, "from", freeze.from),
                read_moment(*object, "until", freeze.until)});
    if (!read) return invalid(read.error());
    if (freeze.name.empty() || freeze.name.size() > 200) {
        return invalid(object->path_to("name"), "must have 1 to 200 bytes");
    }
    if (freeze.zone.empty() || freeze.zone.size() > 64) {
        return invalid(object->path_to("zone"), "must have 1 to 64 bytes, such as Europe/Berlin");
    }
    if (freeze.from.weekly != freeze.until.weekly) {
        return invalid(object->path_to("until"), "must be a weekday when from is, or a date");
    }
    const bool empty = freeze.from == freeze.until;
    if (empty || (!freeze.from.weekly && freeze.from.minutes > freeze.until.minutes)) {
        return invalid(object->path_to("until"), "must be after from");
    }
    return freeze;
}

Result<void> parse_freezes(const JsonObject& document, Plan& plan) {
    if (!document.has("freeze")) return {};
    const auto array = document.array("freeze");
    if (!array) return invalid(array.error());
    if ((*array)->size() > kFreezesMax) {
        return invalid(document.path_to("freeze"), "must be at most 64 freezes");
    }
    for (std::size_t i = 0; i < (*array)->size(); ++i) {
        auto freeze =
            parse_freeze((**array)[i], document.path_to("freeze") + "[" + std::to_string(i) + "]");
        if (!freeze) return fail(freeze.error());
        plan.freezes.push_back(std::move(*freeze));
    }
    return {};
}

Result<Ring> parse_ring(const json::value& value, std::string path) {
    const auto object = JsonObject::of(value, std::move(path));
    if (!object) return invalid(object.error());
    const auto name = read_name(*object, "name");
    if (!name) return fail(name.error());
    Ring ring;
    ring.name = *name;
    if (object->has("vendor_own")) {
        const auto vendor_own = object->boolean("vendor_own");
        if (!vendor_own) return invalid(vendor_own.error());
        ring.vendor_own = *vendor_own;
    }
    auto read = all_of({only_known(*object, {"name", "description", "vendor_own", "window",
                                             "bake_floor", "promote", "approvals"}),
                        read_text(*object, "description", ring.description),
                        parse_window(*object, ring), require(*object, "bake_floor"),
                        read_duration(*object, "bake_floor", ring.bake_floor),
                        parse_promote(*object, ring), parse_approvals(*object, ring)});
    if (!read) return invalid(read.error());
    return ring;
}

Result<void> parse_rings(const JsonObject& object, Plan& plan) {
    const auto array = object.array("rings");
    if (!array) return invalid(array.error());
    if ((*array)->empty() || (*array)->size() > kRingsMax) {
        return invalid(object.path_to("rings"), "must be 1 to 32 rings");
    }
    std::set<std::string> names;
    for (std::size_t i = 0; i < (*array)->size(); ++i) {
        const std::string path = object.path_to("rings") + "[" + std::to_string(i) + "]";
        auto ring = parse_ring((**array)[i], path);
        if (!ring) return fail(ring.error());
        if (!names.insert(ring->name).second) {
            return invalid(path + ".name", "is the name of an earlier ring too");
        }
        plan.rings.push_back(std::move(*ring));
    }
    const auto default_ring = read_name(object, "default_ring");
    if (!default_ring) return fail(default_ring.error());
    if (*default_ring != plan.rings.back().name) {
        return invalid(object.path_to("default_ring"),
                       "must be the last ring, the slowest, so that a device that nobody placed is "
                       "never among the first");
    }
    plan.default_ring = *default_ring;
    return {};
}

Result<void> parse_halt(const JsonObject& document, Plan& plan) {
    if (!document.has("halt")) return {};
    const auto halt = document.object("halt");
    if (!halt) return invalid(halt.error());
    auto read =
        all_of({only_known(*halt, {"alpha", "silence_q0", "crash_rate_per_hour", "failures_min",
                                   "tenants_min", "control_silent_share_max"}),
                read_number(*halt, "alpha", {.above = 0, .at_most = 0.1}, plan.alpha),
                read_number(*halt, "silence_q0", {.above = 0, .at_most = 0.2}, plan.silence_q0),
                read_number(*halt, "crash_rate_per_hour", {.above = 0, .at_most = 1},
                            plan.crash_rate_per_hour),
                read_integer(*halt, "failures_min", 1000, plan.failures_min),
                read_integer(*halt, "tenants_min", 100, plan.tenants_min),
                read_number(*halt, "control_silent_share_max", {.above = 0, .at_most = 1},
                            plan.control_silent_share_max)});
    if (!read) return invalid(read.error());
    return {};
}

Result<void> parse_agent(const JsonObject& document, Plan& plan) {
    if (!document.has("agent")) return {};
    const auto agent = document.object("agent");
    if (!agent) return invalid(agent.error());
    auto read = all_of(
        {only_known(*agent, {"confirm_after", "silence_deadline", "heartbeat_every", "poll_every"}),
         read_duration(*agent, "confirm_after", plan.confirm_after),
         read_duration(*agent, "silence_deadline", plan.silence_deadline),
         read_duration(*agent, "heartbeat_every", plan.heartbeat_every),
         read_duration(*agent, "poll_every", plan.poll_every)});
    if (!read) return invalid(read.error());
    if (plan.heartbeat_every <= milliseconds{0}) {
        return invalid(agent->path_to("heartbeat_every"), "must be longer than 0");
    }
    if (plan.poll_every <= milliseconds{0}) {
        return invalid(agent->path_to("poll_every"), "must be longer than 0");
    }
    if (plan.confirm_after >= plan.silence_deadline) {
        return invalid(agent->path_to("confirm_after"),
                       "must be shorter than silence_deadline, or every device counts as silent");
    }
    return {};
}

Result<void> parse_velocity(const JsonObject& document, Plan& plan) {
    if (!document.has("velocity")) return {};
    const auto name = document.string("velocity");
    if (!name) return invalid(name.error());
    const std::optional<Velocity> velocity = velocity_named(*name);
    if (!velocity) {
        return invalid(document.path_to("velocity"), "must be routine, urgent, emergency or lab");
    }
    plan.velocity = *velocity;
    return {};
}

json::object to_json(const Ring& ring) {
    json::object object;
    object["name"] = ring.name;
    if (!ring.description.empty()) object["description"] = ring.description;
    object["vendor_own"] = ring.vendor_own;
    json::object window{{"start", ring.window_start}, {"max", ring.window_max}};
    if (ring.window_max_share > 0) window["max_share"] = ring.window_max_share;
    object["window"] = std::move(window);
    object["bake_floor"] = format_duration(ring.bake_floor);
    json::object promote{{"confirmed_min", ring.confirmed_min},
                         {"exposure_hours_min", ring.exposure_hours_min}};
    if (!ring.segments.empty()) {
        json::array names;
        for (const SegmentName& name : ring.segments) names.emplace_back(text_of(name));
        promote["segments"] = std::move(names);
    }
    object["promote"] = std::move(promote);
    if (ring.approvals > 0) {
        json::object approvals{{"count", ring.approvals}};
        if (!ring.approvers.empty()) {
            approvals["of"] = json::array(ring.approvers.begin(), ring.approvers.end());
        }
        object["approvals"] = std::move(approvals);
    }
    return object;
}

json::object to_json(const Freeze& freeze) {
    return {{"name", freeze.name},
            {"zone", freeze.zone},
            {"from", format_local_moment(freeze.from)},
            {"until", format_local_moment(freeze.until)}};
}

}  // namespace

std::string text_of(const SegmentName& name) {
    return name.axis + "=" + name.value;
}

milliseconds silent_after(const Plan& plan) {
    constexpr int kHeartbeatsMissed = 3;
    return kHeartbeatsMissed * plan.heartbeat_every;
}

milliseconds quiet_after(const Plan& plan) {
    constexpr std::chrono::seconds kLeast{30};
    return std::max<milliseconds>(kLeast, (plan.silence_deadline - plan.confirm_after) / 2);
}

bool is_quiet(const Plan& plan, std::int64_t devices, std::int64_t heard) {
    constexpr double kHeartbeatsExpected = 20;
    const double heartbeats = static_cast<double>(devices) *
                              static_cast<double>(quiet_after(plan).count()) /
                              static_cast<double>(plan.heartbeat_every.count());
    return heard == 0 && heartbeats >= kHeartbeatsExpected;
}

Result<milliseconds> parse_duration(std::string_view text) {
    std::int64_t count = 0;
    const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), count);
    const std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
    const std::string_view digits = text.substr(0, text.size() - unit.size());
    const bool plain = code == std::errc{} && !digits.starts_with('-') &&
                       (digits == "0" || !digits.starts_with('0'));
    for (const auto& [name, milliseconds_each] : kUnits) {
        if (!plain || name != unit) continue;
        if (count > kDurationMax.count() / milliseconds_each) break;
        return milliseconds{count * milliseconds_each};
    }
    return fail(Errc::kMalformed,
                "must be a duration such as 500ms, 60s, 15m or 4h, of at most 366 days");
}

std::string format_duration(milliseconds duration) {
    FIREBREAK_CHECK(duration >= milliseconds{0} && duration <= kDurationMax);
    if (duration == milliseconds{0}) return "0s";
    for (const auto& [name, milliseconds_each] : kUnits) {
        if (duration.count() % milliseconds_each != 0) continue;
        return std::to_string(duration.count() / milliseconds_each) + std::string(name);
    }
    check_failed("a unit of 1 ms divides every duration", __FILE__, __LINE__);
}

Result<Plan> parse_plan(const json::value& document) {
    const auto object = JsonObject::of(document, "plan");
    if (!object) return invalid(object.error());
    const auto name = read_name(*object, "name");
    if (!name) return fail(name.error());
    Plan plan;
    plan.name = *name;
    auto read =
        all_of({only_known(*object, {"name", "description", "default_ring", "rings", "halt",
                                     "agent", "freeze", "velocity", "segments"}),
                read_text(*object, "description", plan.description), parse_rings(*object, plan),
                parse_halt(*object, plan), parse_agent(*object, plan), parse_freezes(*object, plan),
                parse_velocity(*object, plan), parse_segments(*object, plan)});
    if (!read) return invalid(read.error());
    if (auto known = check_ring_segments(*object, plan); !known) return fail(known.error());
    return plan;
}

json::value to_json(const Plan& plan) {
    json::object object;
    object["name"] = plan.name;
    if (!plan.description.empty()) object["description"] = plan.description;
    object["velocity"] = name_of(plan.velocity);
    object["default_ring"] = plan.default_ring;
    json::array rings;
    for (const Ring& ring : plan.rings) rings.push_back(to_json(ring));
    object["rings"] = std::move(rings);
    object["halt"] = {{"alpha", plan.alpha},
                      {"silence_q0", plan.silence_q0},
                      {"crash_rate_per_hour", plan.crash_rate_per_hour},
                      {"failures_min", plan.failures_min},
                      {"tenants_min", plan.tenants_min},
                      {"control_silent_share_max", plan.control_silent_share_max}};
    object["agent"] = {{"confirm_after", format_duration(plan.confirm_after)},
                       {"silence_deadline", format_duration(plan.silence_deadline)},
                       {"heartbeat_every", format_duration(plan.heartbeat_every)},
                       {"poll_every", format_duration(plan.poll_every)}};
    if (!plan.freezes.empty()) {
        json::array freezes;
        for (const Freeze& freeze : plan.freezes) freezes.push_back(to_json(freeze));
        object["freeze"] = std::move(freezes);
    }
    if (!plan.segments.by.empty()) {
        object["segments"] = {{"by", json::array(plan.segments.by.begin(), plan.segments.by.end())},
                              {"window_start", plan.segments.window_start}};
    }
    return object;
}

}  // namespace firebreak::rollout
