#include "core/health/report.hpp"

#include <algorithm>
#include <array>
#include <boost/json/serialize.hpp>
#include <limits>
#include <optional>
#include <utility>

#include "core/base/check.hpp"
#include "core/base/errc.hpp"
#include "core/base/utc.hpp"

namespace firebreak::health {
namespace {

constexpr std::int64_t kCounterMax = std::numeric_limits<std::int64_t>::max();

constexpr std::array<std::pair<Kind, std::string_view>, 6> kKinds{{
    {Kind::kActivating, "activating"},
    {Kind::kHealthy, "healthy"},
    {Kind::kHeartbeat, "heartbeat"},
    {Kind::kCrash, "crash"},
    {Kind::kRollback, "rollback"},
    {Kind::kRefused, "refused"},
}};

constexpr std::array<std::string_view, 10> kMembers{
    "device",     "sequence",     "kind", "stream", "counter",
    "to_counter", "engine_build", "time", "detail", "attributes"};

bool printable(char c) {
    return c >= 0x20 && c <= 0x7E;
}

bool is_attribute(std::string_view name) {
    return std::ranges::find(kAttributeNames, name) != kAttributeNames.end();
}

/// At most `bytes_max` of `text`, and what is unprintable in them replaced.
std::string shown(std::string_view text, std::size_t bytes_max) {
    std::string printed(text.substr(0, bytes_max));
    std::ranges::replace_if(
        printed, [](char c) { return !printable(c); }, '?');
    return printed;
}

bool is_name(std::string_view text, std::size_t bytes_max, bool upper_allowed) {
    const auto allowed = [upper_allowed](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
               c == '-' || (upper_allowed && c >= 'A' && c <= 'Z');
    };
    return !text.empty() && text.size() <= bytes_max &&
           std::all_of(text.begin(), text.end(), allowed);
}

std::optional<Kind> kind_named(std::string_view name) {
    for (const auto& [kind, kind_name] : kKinds) {
        if (kind_name == name) return kind;
    }
    return std::nullopt;
}

Result<Instant> parse_time(std::string_view text) {
    if (text.size() == 24) return parse_utc_millis(text);
    const auto seconds = parse_utc(text);
    if (!seconds) return fail(seconds.error());
    return Instant{*seconds};
}

Result<void> only_known_members(const JsonObject& object) {
    for (const auto& member : object.raw()) {
        const std::string_view name{member.key().data(), member.key().size()};
        if (std::find(kMembers.begin(), kMembers.end(), name) == kMembers.end()) {
            // The name came from outside, so it is not repeated.
            return fail(Errc::kMalformed,
                        object.path() + ": has a member that reports do not have");
        }
    }
    return {};
}

Result<void> read_attributes(const JsonObject& object, Report& report) {
    if (!object.has("attributes")) return {};
    const auto attributes = object.object("attributes");
    if (!attributes) return fail(attributes.error());
    const std::string path = object.path_to("attributes");
    if (report.kind != Kind::kActivating) {
        return fail(Errc::kMalformed, path + ": only an activating report has them");
    }
    if (attributes->raw().empty()) return fail(Errc::kMalformed, path + ": must not be empty");
    for (const auto& [name, value] : attributes->raw()) {
        const json::string* text = value.if_string();
        if (!is_attribute(name) || text == nullptr || text->size() > kAttributeBytesMax ||
            !std::ranges::all_of(*text, printable)) {
            return fail(Errc::kMalformed,
                        path +
                            ": must be architecture, hardware, host or os, each with up to 100 "
                            "characters of printable ASCII");
        }
        report.attributes.emplace(name, *text);
    }
    return {};
}

/// device, stream, kind, detail.
Result<void> read_texts(const JsonObject& object, Report& report) {
    const auto device = object.string("device");
    if (!device) return fail(device.error());
    if (!is_name(*device, kDeviceIdBytesMax, true)) {
        return fail(Errc::kMalformed,
                    object.path_to("device") + ": must be 1 to 64 of A-Z a-z 0-9 . _ -");
    }
    const auto stream = object.string("stream");
    if (!stream) return fail(stream.error());
    if (!is_name(*stream, kStreamBytesMax, false)) {
        return fail(Errc::kMalformed,
                    object.path_to("stream") + ": must be 1 to 64 of a-z 0-9 . _ -");
    }
    const auto kind_name = object.string("kind");
    if (!kind_name) return fail(kind_name.error());
    const auto kind = kind_named(*kind_name);
    if (!kind) {
        return fail(Errc::kMalformed,
                    object.path_to("kind") +
                        ": must be activating, healthy, heartbeat, crash, rollback or refused");
    }
    auto detail = object.string("detail");
    if (!detail) return fail(detail.error());
    if (detail->size() > kDetailBytesMax ||
        !std::all_of(detail->begin(), detail->end(), printable)) {
        return fail(Errc::kMalformed, object.path_to("detail") +
                                          ": must be at most 500 characters of printable ASCII");
    }
    report.detail = std::move(*detail);
    report.device = *device;
    report.stream = *stream;
    report.kind = *kind;
    return {};
}

Result<void> read_counters(const JsonObject& object, Report& report) {
    const auto sequence = object.integer("sequence", 1, kCounterMax);
    if (!sequence) return fail(sequence.error());
    const std::int64_t counter_min = report.kind == Kind::kHeartbeat ? 0 : 1;
    const auto counter = object.integer("counter", counter_min, kCounterMax);
    if (!counter) return fail(counter.error());
    const auto to_counter = object.integer("to_counter", 0, kCounterMax);
    if (!to_counter) return fail(to_counter.error());
    if (report.kind != Kind::kRollback && *to_counter != 0) {
        return fail(Errc::kMalformed, object.path_to("to_counter") + ": only a rollback has one");
    }
    report.to_counter = *to_counter;
    report.sequence = *sequence;
    report.counter = *counter;
    return {};
}

Result<void> read_build_and_time(const JsonObject& object, Report& report) {
    const auto build = object.string("engine_build");
    if (!build) return fail(build.error());
    const auto digest = Sha256::from_hex(*build);
    // One spelling for one digest: what is compared as text elsewhere must not have two.
    if (!digest || digest->hex() != *build) {
        return fail(Errc::kMalformed,
                    object.path_to("engine_build") + ": must be 64 lower-case hexadecimal digits");
    }
    const auto time_text = object.string("time");
    if (!time_text) return fail(time_text.error());
    const auto time = parse_time(*time_text);
    if (!time) return fail(time.error().seen_from(object.path_to("time")));
    report.engine_build = *digest;
    report.time = *time;
    return {};
}

}  // namespace

std::string_view name_of(Kind kind) {
    for (const auto& [candidate, name] : kKinds) {
        if (candidate == kind) return name;
    }
    check_failed("a kind of report", __FILE__, __LINE__);
}

std::string serialize_report(const Report& report) {
    FIREBREAK_CHECK(is_name(report.device, kDeviceIdBytesMax, true));
    FIREBREAK_CHECK(is_name(report.stream, kStreamBytesMax, false));
    FIREBREAK_CHECK(report.sequence >= 1 && report.counter >= 0 && report.to_counter >= 0);
    json::object object;
    object["device"] = report.device;
    object["sequence"] = report.sequence;
    object["kind"] = name_of(report.kind);
    object["stream"] = report.stream;
    object["counter"] = report.counter;
    object["to_counter"] = report.to_counter;
    object["engine_build"] = report.engine_build.hex();
    object["time"] = format_utc_millis(report.time);
    object["detail"] = shown(report.detail, kDetailBytesMax);
    if (!report.attributes.empty()) {
        json::object attributes;
        for (const auto& [name, value] : report.attributes) {
            FIREBREAK_CHECK(is_attribute(name));
            attributes[name] = shown(value, kAttributeBytesMax);
        }
        object["attributes"] = std::move(attributes);
    }
    return json::serialize(object);
}

Result<Report> parse_report(std::string_view text) {
    const auto value = parse_json(text, {.bytes_max = kReportBytesMax, .depth_max = 2});
    if (!value) return fail(value.error().seen_from("report"));
    const auto object = JsonObject::of(*value, "report");
    if (!object) return fail(object.error());
    Report report;
    if (auto known = only_known_members(*object); !known) return fail(known.error());
    if (auto read = read_texts(*object, report); !read) return fail(read.error());
    if (auto read = read_attributes(*object, report); !read) return fail(read.error());
    if (auto read = read_counters(*object, report); !read) return fail(read.error());
    if (auto read = read_build_and_time(*object, report); !read) return fail(read.error());
    return report;
}

}  // namespace firebreak::health
