#include "validator/report/reproducer.hpp"

#include <algorithm>

#include "core/base/encoding.hpp"
#include "core/base/errc.hpp"
#include "core/base/json.hpp"

namespace firebreak::validator {
namespace {

constexpr std::string_view kFormat = "firebreak-reproducer/1";
constexpr std::int64_t kSignalMax = 64;

json::object blob(std::string_view name, ByteView bytes) {
    return {{"name", name}, {"base64", base64_encode(bytes)}};
}

Result<content::ContentFile> read_blob(const JsonObject& object) {
    Result<std::string> name = object.string("name");
    if (!name) return fail(name.error());
    const Result<std::string> text = object.string("base64");
    if (!text) return fail(text.error());
    Result<Bytes> bytes = base64_decode(*text);
    if (!bytes) return fail(bytes.error().seen_from(object.path_to("base64")));
    return content::ContentFile{*std::move(name), *std::move(bytes)};
}

Result<void> read_header(const JsonObject& object, Reproducer& reproducer) {
    const Result<std::string> format = object.string("format");
    if (!format) return fail(format.error());
    if (*format != kFormat) {
        return fail(Errc::kUnsupported, object.path_to("format") + ": not " + std::string(kFormat));
    }
    const Result<std::string> finding = object.string("finding");
    if (!finding) return fail(finding.error());
    reproducer.finding = *finding;
    const Result<std::string> engine = object.string("engine");
    if (!engine) return fail(engine.error());
    const Result<Sha256> digest = Sha256::from_hex(*engine);
    if (!digest) return fail(digest.error().seen_from(object.path_to("engine")));
    reproducer.engine = *digest;
    const Result<std::string> expected = object.string("expected");
    if (!expected) return fail(expected.error());
    const Result<Outcome> outcome = outcome_of(*expected);
    if (!outcome) return fail(outcome.error().seen_from(object.path_to("expected")));
    reproducer.expected = *outcome;
    const Result<std::string> rule = object.string("expected_rule");
    if (!rule) return fail(rule.error());
    reproducer.expected_rule = *rule;
    return {};
}

/// What only some reproducers have.
Result<void> read_options(const JsonObject& object, Reproducer& reproducer) {
    if (object.has("grows")) {
        const Result<bool> grows = object.boolean("grows");
        if (!grows) return fail(grows.error());
        reproducer.grows = *grows;
    }
    if (object.has("signal")) {
        const Result<std::int64_t> signal = object.integer("signal", 1, kSignalMax);
        if (!signal) return fail(signal.error());
        reproducer.expected_signal = static_cast<std::int32_t>(*signal);
    }
    if (object.has("missed_rule")) {
        Result<std::string> rule = object.string("missed_rule");
        if (!rule) return fail(rule.error());
        reproducer.missed_rule = *std::move(rule);
    }
    return {};
}

Result<void> read_files(const JsonObject& object, Reproducer& reproducer) {
    const Result<const json::array*> files = object.array("files");
    if (!files) return fail(files.error());
    for (const json::value& element : **files) {
        const Result<JsonObject> file = JsonObject::of(element, object.path_to("files"));
        if (!file) return fail(file.error());
        Result<content::ContentFile> read = read_blob(*file);
        if (!read) return fail(read.error());
        reproducer.files.push_back(*std::move(read));
    }
    return {};
}

constexpr std::int64_t kCpuMsMax = 3'600'000;
constexpr std::int64_t kMemoryBytesMax = std::int64_t{1} << 50U;

json::object cost_of(const Reproducer& reproducer) {
    json::array smaller;
    for (const Bytes& input : reproducer.cost->smaller) {
        smaller.push_back(blob(reproducer.input_name, input));
    }
    return {{"cpu_ms_max", reproducer.cost->cpu_max.count()},
            {"memory_bytes_max", reproducer.cost->memory_bytes_max},
            {"smaller", std::move(smaller)}};
}

Result<ReproducedCost> read_cost(const JsonObject& object) {
    const auto cpu = object.integer("cpu_ms_max", 1, kCpuMsMax);
    if (!cpu) return fail(cpu.error());
    const auto memory = object.integer("memory_bytes_max", 1, kMemoryBytesMax);
    if (!memory) return fail(memory.error());
    ReproducedCost cost{.cpu_max = std::chrono::milliseconds{*cpu},
                        .memory_bytes_max = static_cast<std::uint64_t>(*memory)};
    const Result<const json::array*> smaller = object.array("smaller");
    if (!smaller) return fail(smaller.error());
    if ((*smaller)->size() > ReproducedCost::kSmallerMax) {
        return fail(Errc::kTooLarge, object.path_to("smaller"));
    }
    for (const json::value& element : **smaller) {
        const Result<JsonObject> input = JsonObject::of(element, object.path_to("smaller"));
        if (!input) return fail(input.error());
        Result<content::ContentFile> read = read_blob(*input);
        if (!read) return fail(read.error());
        cost.smaller.push_back(std::move(read->bytes));
    }
    return cost;
}

}  // namespace

bool shows(const Reproducer& reproducer, const EvaluateRun& run, bool costs) {
    // How it ends is another matter: it may be stopped here, and there not.
    if (reproducer.cost) return costs;
    if (run.verdict.outcome != reproducer.expected || costs != reproducer.grows) return false;
    if (reproducer.expected_signal != 0 && run.verdict.detail != reproducer.expected_signal) {
        return false;
    }
    const auto matched = [&run](const std::string& rule) {
        return std::ranges::find(run.matches, rule, &sensor::Match::rule) != run.matches.end();
    };
    if (!reproducer.missed_rule.empty() && matched(reproducer.missed_rule)) return false;
    return reproducer.expected_rule.empty() || matched(reproducer.expected_rule);
}

Bytes serialize(const Reproducer& reproducer) {
    json::array files;
    for (const content::ContentFile& file : reproducer.files) {
        files.push_back(blob(file.name, file.bytes));
    }
    json::object document{
        {"format", kFormat},
        {"finding", reproducer.finding},
        {"engine", reproducer.engine.hex()},
        {"expected", to_string(reproducer.expected)},
        {"expected_rule", reproducer.expected_rule},
        {"files", std::move(files)},
    };
    if (reproducer.grows) document["grows"] = true;
    if (reproducer.expected_signal != 0) document["signal"] = reproducer.expected_signal;
    if (!reproducer.missed_rule.empty()) document["missed_rule"] = reproducer.missed_rule;
    if (reproducer.cost) document["cost"] = cost_of(reproducer);
    if (reproducer.evaluates) document["input"] = blob(reproducer.input_name, reproducer.input);
    return to_bytes(pretty_json(document));
}

Result<Reproducer> parse_reproducer(ByteView bytes) {
    const Result<json::value> document =
        parse_json(text_of(bytes), {.bytes_max = kReproducerBytesMax, .depth_max = 8});
    if (!document) return fail(document.error());
    const Result<JsonObject> object = JsonObject::of(*document, "reproducer");
    if (!object) return fail(object.error());
    Reproducer reproducer;
    if (const Result<void> header = read_header(*object, reproducer); !header) {
        return fail(header.error());
    }
    if (const Result<void> files = read_files(*object, reproducer); !files) {
        return fail(files.error());
    }
    if (const Result<void> options = read_options(*object, reproducer); !options) {
        return fail(options.error());
    }
    if (object->has("cost")) {
        const Result<JsonObject> member = object->object("cost");
        if (!member) return fail(member.error());
        Result<ReproducedCost> cost = read_cost(*member);
        if (!cost) return fail(cost.error());
        if (!object->has("input")) {
            return fail(Errc::kMalformed, object->path_to("cost") + ": of no input");
        }
        reproducer.cost = *std::move(cost);
    }
    if (!object->has("input")) return reproducer;
    const Result<JsonObject> input = object->object("input");
    if (!input) return fail(input.error());
    Result<content::ContentFile> read = read_blob(*input);
    if (!read) return fail(read.error());
    reproducer.evaluates = true;
    reproducer.input_name = std::move(read->name);
    reproducer.input = std::move(read->bytes);
    return reproducer;
}

}  // namespace firebreak::validator
