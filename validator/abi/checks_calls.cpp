// What an engine says of itself and of content: versions, manifest, inputs, loading, describing,
// answering.

#include <algorithm>
#include <limits>
#include <set>

#include "core/base/errc.hpp"
#include "sensor/host/answers.hpp"
#include "validator/abi/bench.hpp"

namespace firebreak::validator {
namespace {

/// rules[].name of a description, or what is wrong with it.
Result<std::set<std::string>> rule_names(const std::string& text) {
    const Result<json::value> value = parse_json(text, {.bytes_max = 256U << 20U, .depth_max = 16});
    if (!value) return fail(value.error());
    const Result<JsonObject> description = JsonObject::of(*value, "description");
    if (!description) return fail(description.error());
    const json::value* rules = value->as_object().if_contains("rules");
    std::set<std::string> names;
    if (rules == nullptr || !rules->is_array()) {
        return fail(std::make_error_code(std::errc::invalid_argument), "no array \"rules\"");
    }
    for (const json::value& rule : rules->get_array()) {
        const json::value* name =
            rule.is_object() ? rule.get_object().if_contains("name") : nullptr;
        if (name == nullptr || !name->is_string() || name->get_string().empty()) {
            return fail(std::make_error_code(std::errc::invalid_argument), "a rule without a name");
        }
        if (!names.insert(std::string(name->get_string())).second) {
            return fail(std::make_error_code(std::errc::invalid_argument),
                        "two rules named " + std::string(name->get_string()));
        }
    }
    return names;
}

std::string rule_of(const std::string& match) {
    return match.substr(0, match.find('\t'));
}

/// The answer to a question about inputs is JSON that names the type and lists `fields` fields.
std::optional<std::string> fault_in_inputs(const std::string& text, std::string_view type,
                                           std::optional<std::size_t> fields) {
    const Result<json::value> value = parse_json(text, {.bytes_max = 1U << 20U});
    if (!value) return value.error().context();
    const json::object* object = value->if_object();
    const json::value* name = object != nullptr ? object->if_contains("type") : nullptr;
    const json::value* list = object != nullptr ? object->if_contains("fields") : nullptr;
    if (name == nullptr || !name->is_string() || name->get_string() != type) {
        return "\"type\" is not what was asked for";
    }
    if (list == nullptr || !list->is_array()) return std::string("no array \"fields\"");
    const std::size_t count = list->get_array().size();
    if (!fields || count == *fields) return std::nullopt;
    return "supplies " + std::to_string(count) + " fields, and its manifest says " +
           std::to_string(*fields);
}

/// Damaged forms of good content.
std::vector<Bytes> damaged(ByteView good) {
    std::vector<Bytes> forms;
    for (std::size_t tenth = 0; tenth < 10; ++tenth) {
        const std::size_t cut = good.size() * tenth / 10;
        forms.emplace_back(good.begin(), good.begin() + static_cast<std::ptrdiff_t>(cut));
    }
    for (std::size_t i = 1; i <= 8; ++i) {
        Bytes flipped(good.begin(), good.end());
        if (flipped.empty()) break;
        flipped[(flipped.size() - 1) * i / 8] ^= 0xA5U;
        forms.push_back(std::move(flipped));
    }
    return forms;
}

Bytes no_content() {
    Bytes bytes(4096);
    for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::uint8_t>(i * 167);
    return bytes;
}

std::optional<std::string> fault_in_refusal(const RawLoad& load, const std::string& what) {
    if (load.status == FB_OK) return "loads " + what;
    if (load.status < FB_OK || load.status > FB_INTERNAL) {
        return "answers " + what + " with " + status_text(load.status) + ", which no header names";
    }
    if (load.content != nullptr) return "refuses " + what + " and leaves a content";
    return std::nullopt;
}

}  // namespace

CheckResult check_version(CheckBench& bench) {
    for (const std::uint32_t version : {0U, std::numeric_limits<std::uint32_t>::max()}) {
        const Result<bool> speaks = bench.calls().speaks(version);
        if (!speaks) return CheckResult::broken(speaks.error().context());
        if (*speaks) {
            return CheckResult::broken("says that it speaks version " + std::to_string(version));
        }
    }
    const Result<bool> ours = bench.calls().speaks(FB_SENSOR_ABI_VERSION);
    if (!ours || !*ours) return CheckResult::broken("no longer speaks the version it spoke before");
    return CheckResult::kept();
}

CheckResult check_info(CheckBench& bench) {
    const std::optional<std::string> first = bench.text_of_info();
    for (int i = 0; i < 3; ++i) {
        if (!first || bench.text_of_info() != first) {
            return CheckResult::broken("info() does not write the same text each time");
        }
    }
    return CheckResult::kept();
}

CheckResult check_inputs(CheckBench& bench) {
    fb_status status = FB_OK;
    const auto look = [&](std::string_view type, std::optional<std::size_t> fields) {
        const std::optional<std::string> text = bench.text_of_inputs(type, status);
        if (!text) return std::optional<std::string>("answers with " + status_text(status));
        return fault_in_inputs(*text, type, fields);
    };
    if (bench.takes("file")) {
        if (const auto fault = look("file", std::nullopt)) {
            return CheckResult::broken("inputs(\"file\"): " + *fault);
        }
    }
    for (const auto& [contract, fields] : bench.contracts()) {
        if (const auto fault = look(contract, fields)) {
            return CheckResult::broken("inputs(\"" + contract + "\"): " + *fault);
        }
    }
    for (const std::string_view unknown : {"", "no-such-input/v1", "FILE"}) {
        bench.text_of_inputs(unknown, status);
        if (status != FB_REFUSED) {
            return CheckResult::broken("inputs() of a type that it cannot know: " +
                                       status_text(status));
        }
    }
    return CheckResult::kept();
}

CheckResult check_load(CheckBench& bench) {
    if (bench.material().files.empty()) {
        return CheckResult::not_possible("no content of a type it takes: give --content");
    }
    std::vector<sensor::Diagnostic> said;
    const auto content = bench.engine().load(bench.material().files, {}, said);
    if (!content) return CheckResult::broken(content.error().context());
    if ((*content)->rule_count() == 0) return CheckResult::broken("loads, and has no rule");
    return CheckResult::kept(std::to_string((*content)->rule_count()) + " rules");
}

CheckResult check_describe(CheckBench& bench) {
    const RawLoad load = bench.load();
    const std::optional<std::string> text = bench.text_of_description(load.content);
    if (!text) return CheckResult::broken("describe() does not write one text");
    const Result<std::set<std::string>> names = rule_names(*text);
    if (!names) return CheckResult::broken(names.error().context());
    if (bench.text_of_description(load.content) != text) {
        return CheckResult::broken("describe() does not write the same text each time");
    }
    const RawEvaluation hit = bench.evaluate(load.content, bench.sample());
    for (const std::string& match : hit.matches) {
        if (!names->contains(rule_of(match))) {
            return CheckResult::broken("reports a rule that it does not describe: " +
                                       sensor::printable(rule_of(match), 100));
        }
    }
    return CheckResult::kept(std::to_string(names->size()) + " rules");
}

CheckResult check_coverage(CheckBench& bench) {
    const RawLoad load = bench.load();
    fb_status early = FB_OK;
    const std::optional<std::string> nothing = bench.text_of_coverage(load.content, early);
    std::vector<fb_input> inputs = bench.inputs();
    inputs.push_back(bench.sample());
    std::vector<RawEvaluation> plain;
    for (const fb_input& input : inputs) plain.push_back(bench.evaluate(load.content, input));

    const Result<fb_status> started = bench.calls().coverage(load.content, nullptr);
    if (!started && started.error() == Errc::kUnsupported) {
        return CheckResult::not_applicable(started.error().context());
    }
    if (!started || *started != FB_OK) return CheckResult::broken("coverage() does not begin");
    if (nothing || early == FB_OK) {
        return CheckResult::broken("writes a coverage before any was to be measured");
    }
    for (std::size_t i = 0; i < inputs.size(); ++i) {
        if (bench.evaluate(load.content, inputs[i]) != plain[i]) {
            return CheckResult::broken("gives other results while it measures");
        }
    }
    fb_status status = FB_INTERNAL;
    const std::optional<std::string> text = bench.text_of_coverage(load.content, status);
    if (!text) return CheckResult::broken("coverage() does not write one text");
    const std::optional<std::string> described = bench.text_of_description(load.content);
    const auto known = rule_names(described.value_or(""));
    const auto covered = rule_names(*text);
    if (!covered) return CheckResult::broken("coverage: " + covered.error().context());
    if (!known || !std::ranges::includes(*known, *covered)) {
        return CheckResult::broken("covers a rule that it does not describe");
    }
    return CheckResult::kept(std::to_string(covered->size()) + " rules asked");
}

CheckResult check_evaluate(CheckBench& bench) {
    std::vector<sensor::Diagnostic> said;
    const auto content = bench.engine().load(bench.material().files, {}, said);
    if (!content) return CheckResult::broken(content.error().context());
    std::vector<fb_input> inputs = bench.inputs();
    inputs.push_back(bench.sample());
    for (const fb_input& input : inputs) {
        const auto matches = (*content)->evaluate(input, std::chrono::seconds(10));
        if (!matches) return CheckResult::broken(matches.error().context());
    }
    // Beneath the host, which makes names printable: a name is text, and a line.
    const RawLoad load = bench.load();
    const RawEvaluation raw = bench.evaluate(load.content, bench.sample());
    for (const std::string& match : raw.matches) {
        const std::string rule = rule_of(match);
        if (sensor::printable(rule, rule.size()) != rule) {
            return CheckResult::broken("a rule's name that cannot be printed: " +
                                       sensor::printable(rule, 100));
        }
    }
    return CheckResult::kept(std::to_string(inputs.size()) + " inputs");
}

CheckResult check_whole(CheckBench& bench) {
    const std::vector<sensor::SourceFile>& good = bench.material().files;
    const Bytes rubbish = no_content();
    std::vector<sensor::SourceFile> files = good;
    files.push_back({.name = "zz-damaged", .bytes = rubbish});
    if (const auto fault = fault_in_refusal(bench.load(files), "content with a damaged file")) {
        return CheckResult::broken(*fault);
    }
    if (const auto fault = fault_in_refusal(
            bench.load({{.name = good.front().name, .bytes = rubbish}}), "4 KiB of rubbish")) {
        return CheckResult::broken(*fault);
    }
    // What is cut or flipped may be valid content by chance: refused, or loaded whole.
    for (const Bytes& form : damaged(good.front().bytes)) {
        const RawLoad load = bench.load({{.name = good.front().name, .bytes = form}});
        if (load.status == FB_OK && load.content != nullptr && load.errors == 0) {
            bench.unload(load.content);
        } else if (const auto fault = fault_in_refusal(load, "cut or flipped content")) {
            return CheckResult::broken(*fault);
        }
    }
    if (bench.load().status != FB_OK) {
        return CheckResult::broken("no longer loads good content after damaged content");
    }
    return CheckResult::kept();
}

}  // namespace firebreak::validator
