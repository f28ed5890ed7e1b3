#include <algorithm>
#include <array>
#include <limits>

#include "core/base/utc.hpp"
#include "core/trust/detail/malformed.hpp"
#include "core/trust/ring_rule.hpp"

namespace firebreak::trust {
namespace {

using detail::malformed;

constexpr std::int64_t kCounterMax = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t kSecondsMax = 30LL * 24 * 60 * 60;
constexpr std::size_t kPointerBytesMax = 64U << 10U;
constexpr std::array<std::string_view, 5> kStates{"closed", "rolling", "held", "halted",
                                                  "complete"};

Result<Sha256> digest_of(const JsonObject& object, std::string_view name) {
    const Result<std::string> hex = object.string(name);
    if (!hex) return malformed(hex.error());
    const Result<Sha256> digest = Sha256::from_hex(*hex);
    if (!digest) return malformed(digest.error().seen_from(object.path_to(name)));
    return *digest;
}

Result<std::int64_t> integer_of(const JsonObject& object, std::string_view name, std::int64_t min,
                                std::int64_t max) {
    const Result<std::int64_t> number = object.integer(name, min, max);
    if (!number) return malformed(number.error());
    return *number;
}

Result<std::map<std::string, RingShare>> parse_rings(const JsonObject& pointer) {
    const Result<JsonObject> rings = pointer.object("rings");
    if (!rings) return malformed(rings.error());
    std::map<std::string, RingShare> shares;
    for (const auto& [name, value] : rings->raw()) {
        const std::string path = rings->path() + "[" + std::to_string(shares.size()) + "]";
        const Result<JsonObject> ring = JsonObject::of(value, path);
        if (!ring) return malformed(ring.error());
        const Result<std::int64_t> threshold = integer_of(*ring, "threshold_ppb", 0, kPpbAll);
        if (!threshold) return fail(threshold.error());
        Result<std::string> state = ring->string("state");
        if (!state) return malformed(state.error());
        if (std::ranges::find(kStates, *state) == kStates.end()) {
            return malformed(ring->path_to("state") + ": is not a state of a ring");
        }
        shares.emplace(name, RingShare{*threshold, std::move(*state)});
    }
    return shares;
}

Result<std::optional<Recall>> parse_recall(const JsonObject& pointer) {
    if (!pointer.has("recall")) return std::nullopt;
    const Result<JsonObject> object = pointer.object("recall");
    if (!object) return malformed(object.error());
    const Result<std::int64_t> counter = integer_of(*object, "counter", 1, kCounterMax);
    if (!counter) return fail(counter.error());
    const Result<std::int64_t> to_counter =
        integer_of(*object, "to_counter", 0, *counter - 1);  // Back, never forward.
    if (!to_counter) return fail(to_counter.error());
    return Recall{*counter, *to_counter};
}

Result<std::vector<std::int64_t>> parse_recalled(const JsonObject& pointer) {
    std::vector<std::int64_t> recalled;
    if (!pointer.has("recalled")) return recalled;
    const Result<const json::array*> elements = pointer.array("recalled");
    if (!elements) return malformed(elements.error());
    const std::string path = pointer.path_to("recalled");
    if ((*elements)->size() > kRecalledMax) {
        return fail(Errc::kMalformed, path + ": too many");
    }
    for (const json::value& element : **elements) {
        const std::int64_t* counter = element.if_int64();
        if (counter == nullptr || *counter < 1) {
            return fail(Errc::kMalformed, path + ": must be counters");
        }
        recalled.push_back(*counter);
    }
    return recalled;
}

Result<void> parse_seconds(const JsonObject& object, std::string_view name, std::int64_t& seconds) {
    const Result<std::int64_t> found = integer_of(object, name, 1, kSecondsMax);
    if (!found) return fail(found.error());
    seconds = *found;
    return {};
}

Result<CeilingStep> parse_step(const JsonObject& object) {
    Result<std::string> ring = object.string("ring");
    if (!ring) return malformed(ring.error());
    const Result<std::string> date = object.string("not_before");
    if (!date) return malformed(date.error());
    const Result<std::chrono::sys_seconds> not_before = parse_utc(*date);
    if (!not_before) return malformed(not_before.error().seen_from(object.path_to("not_before")));
    const Result<std::int64_t> max_ppb = integer_of(object, "max_ppb", 0, kPpbAll);
    if (!max_ppb) return fail(max_ppb.error());
    return CeilingStep{std::move(*ring), *not_before, *max_ppb};
}

Result<std::vector<CeilingStep>> parse_ceiling(const JsonObject& terms) {
    const Result<const json::array*> elements = terms.array("ceiling");
    if (!elements) return malformed(elements.error());
    std::vector<CeilingStep> ceiling;
    for (const json::value& element : **elements) {
        const std::string path =
            terms.path_to("ceiling") + "[" + std::to_string(ceiling.size()) + "]";
        const Result<JsonObject> object = JsonObject::of(element, path);
        if (!object) return malformed(object.error());
        Result<CeilingStep> step = parse_step(*object);
        if (!step) return fail(step.error());
        ceiling.push_back(std::move(*step));
    }
    return ceiling;
}

Result<std::vector<Sha256>> parse_builds(const JsonObject& terms) {
    const Result<std::vector<std::string>> texts = terms.strings("builds");
    if (!texts) return malformed(texts.error());
    std::vector<Sha256> builds;
    for (const std::string& text : *texts) {
        const Result<Sha256> build = Sha256::from_hex(text);
        if (!build) return malformed(build.error().seen_from(terms.path_to("builds")));
        builds.push_back(*build);
    }
    return builds;
}

}  // namespace

std::string ring_pointer_path(std::string_view stream) {
    return "rings/" + std::string(stream) + ".json";
}

std::string content_path(std::string_view stream, std::int64_t counter) {
    return "content/" + std::string(stream) + "/" + std::to_string(counter) + ".fbb";
}

Result<RingPointer> parse_ring_pointer(ByteView bytes) {
    const Result<json::value> document =
        parse_json(text_of(bytes), {.bytes_max = kPointerBytesMax, .depth_max = 8});
    if (!document) return malformed(document.error().seen_from("pointer"));
    const Result<JsonObject> object = JsonObject::of(*document, "pointer");
    if (!object) return malformed(object.error());

    RingPointer pointer;
    Result<std::string> stream = object->string("stream");
    if (!stream) return malformed(stream.error());
    pointer.stream = std::move(*stream);
    Result<std::string> path = object->string("content_path");
    if (!path) return malformed(path.error());
    pointer.content_path = std::move(*path);
    const Result<Sha256> digest = digest_of(*object, "sha256");
    if (!digest) return fail(digest.error());
    pointer.sha256 = *digest;
    const Result<std::int64_t> counter = integer_of(*object, "counter", 1, kCounterMax);
    if (!counter) return fail(counter.error());
    pointer.counter = *counter;
    Result<std::map<std::string, RingShare>> rings = parse_rings(*object);
    if (!rings) return fail(rings.error());
    pointer.rings = std::move(*rings);
    const Result<std::optional<Recall>> recall = parse_recall(*object);
    if (!recall) return fail(recall.error());
    pointer.recall = *recall;
    Result<std::vector<std::int64_t>> recalled = parse_recalled(*object);
    if (!recalled) return fail(recalled.error());
    pointer.recalled = std::move(*recalled);

    auto read = parse_seconds(*object, "poll_seconds", pointer.poll_seconds);
    if (read) read = parse_seconds(*object, "confirm_seconds", pointer.confirm_seconds);
    if (read) read = parse_seconds(*object, "heartbeat_seconds", pointer.heartbeat_seconds);
    if (!read) return fail(read.error());
    return pointer;
}

json::value to_json(const RingPointer& pointer) {
    json::object rings;
    for (const auto& [name, share] : pointer.rings) {
        rings[name] = json::object{{"threshold_ppb", share.threshold_ppb}, {"state", share.state}};
    }
    json::object object{{"stream", pointer.stream},
                        {"content_path", pointer.content_path},
                        {"sha256", pointer.sha256.hex()},
                        {"counter", pointer.counter},
                        {"rings", std::move(rings)},
                        {"poll_seconds", pointer.poll_seconds},
                        {"confirm_seconds", pointer.confirm_seconds},
                        {"heartbeat_seconds", pointer.heartbeat_seconds}};
    if (pointer.recall) {
        object["recall"] = json::object{{"counter", pointer.recall->counter},
                                        {"to_counter", pointer.recall->to_counter}};
    }
    if (!pointer.recalled.empty()) {
        object["recalled"] = json::array(pointer.recalled.begin(), pointer.recalled.end());
    }
    return object;
}

Result<ContentTerms> parse_content_terms(const json::object& custom) {
    const json::value value(custom);
    const Result<JsonObject> object = JsonObject::of(value, "custom");
    if (!object) return malformed(object.error());
    ContentTerms terms;
    const Result<std::int64_t> counter = integer_of(*object, "counter", 1, kCounterMax);
    if (!counter) return fail(counter.error());
    terms.counter = *counter;
    Result<std::vector<Sha256>> builds = parse_builds(*object);
    if (!builds) return fail(builds.error());
    terms.builds = std::move(*builds);
    const Result<Sha256> attestation = digest_of(*object, "attestation");
    if (!attestation) return fail(attestation.error());
    terms.attestation = *attestation;
    Result<std::vector<CeilingStep>> ceiling = parse_ceiling(*object);
    if (!ceiling) return fail(ceiling.error());
    terms.ceiling = std::move(*ceiling);
    const Result<std::int64_t> floor = integer_of(*object, "floor", 0, kCounterMax);
    if (!floor) return fail(floor.error());
    terms.floor = *floor;
    return terms;
}

json::object to_json(const ContentTerms& terms) {
    json::array builds;
    for (const Sha256& build : terms.builds) builds.emplace_back(build.hex());
    json::array ceiling;
    for (const CeilingStep& step : terms.ceiling) {
        ceiling.push_back(json::object{{"ring", step.ring},
                                       {"not_before", format_utc(step.not_before)},
                                       {"max_ppb", step.max_ppb}});
    }
    return {{"counter", terms.counter},
            {"builds", std::move(builds)},
            {"attestation", terms.attestation.hex()},
            {"ceiling", std::move(ceiling)},
            {"floor", terms.floor}};
}

}  // namespace firebreak::trust
