#include "cli/try.hpp"

#include <chrono>

#include "cli/try_events.hpp"
#include "cli/try_rules.hpp"
#include "sensor/sigma/events/event_reader.hpp"

namespace firebreak::cli {
namespace {

constexpr std::uint64_t kEventFileBytesMax = 256U << 20U;
constexpr std::uint64_t kScannedFileBytesMax = 256U << 20U;
constexpr std::chrono::milliseconds kDeadline(30'000);

/// What a run has found so far.
struct Report {
    std::string text;
    json::array matches;
    json::array skipped;
    std::size_t inputs = 0;
    std::size_t matched = 0;   ///< Inputs with at least one match.
    std::size_t homeless = 0;  ///< Events that no contract is for.
};

struct Input {
    std::string place;
    std::size_t number = 0;
    std::string contract;
};

void add_match(Report& report, const TriedRules& rules, const Input& input,
               const sensor::Match& match) {
    const auto known = rules.rules.find(match.rule);
    const TriedRule rule =
        known == rules.rules.end() ? TriedRule{match.rule, "", 0, ""} : known->second;
    std::string why = match.detail;
    if (why.starts_with(rule.title + ": ")) why.erase(0, rule.title.size() + 2);
    if (why == rule.title) why.clear();
    const std::string written =
        rule.file.empty() ? "" : " (" + rule.file + ":" + std::to_string(rule.line) + ")";
    const std::string level = rule.level.empty() ? "" : " [" + rule.level + "]";
    report.text += input.place + ": " + rule.title + level + written + "\n";
    if (rule.title != match.rule) report.text += "    rule " + match.rule + "\n";
    if (!why.empty()) report.text += "    " + why + "\n";
    json::object data = {{"input", input.place}, {"number", input.number}, {"rule", match.rule},
                         {"title", rule.title},  {"file", rule.file},      {"line", rule.line},
                         {"detail", why}};
    if (!rule.level.empty()) data["level"] = rule.level;
    if (!input.contract.empty()) data["contract"] = input.contract;
    report.matches.push_back(std::move(data));
}

fb_input as_input(const sigma::MappedEvent& event, const std::string& contract) {
    fb_input input{};
    input.struct_size = sizeof input;
    input.kind = FB_INPUT_EVENT;
    input.as.event.contract = {contract.data(), contract.size()};
    input.as.event.fields = event.fields.data();
    input.as.event.field_count = event.fields.size();
    return input;
}

[[nodiscard]] Result<std::vector<sigma::MappedEvent>> map(const TriedEvent& event,
                                                          const sigma::EventContract* contract) {
    if (contract == nullptr) return sigma::map_event(event.value);
    Result<sigma::MappedEvent> mapped = sigma::map_event_as(*contract, event.value);
    if (!mapped) return fail(mapped.error());
    std::vector<sigma::MappedEvent> events;
    events.push_back(std::move(*mapped));
    return events;
}

[[nodiscard]] Result<void> try_event(const TriedRules& rules, const TriedEvent& event,
                                     const sigma::EventContract* contract, Report& report) {
    const Result<std::vector<sigma::MappedEvent>> mapped = map(event, contract);
    if (!mapped) return fail(Errc::kBadInput, event.place + ": " + mapped.error().context());
    ++report.inputs;
    if (mapped->empty()) ++report.homeless;
    bool any = false;
    for (const sigma::MappedEvent& one : *mapped) {
        const std::string id = one.contract->id();
        if (rules.content == nullptr || !rules.contracts.contains(id)) continue;
        const Result<std::vector<sensor::Match>> matches =
            rules.content->evaluate(as_input(one, id), kDeadline);
        if (!matches) return fail(matches.error().seen_from(event.place));
        for (const sensor::Match& match : *matches) {
            add_match(report, rules, {event.place, event.number, id}, match);
        }
        any = any || !matches->empty();
    }
    if (any) ++report.matched;
    return {};
}

[[nodiscard]] Result<void> try_events(const Context& context, const TryOptions& options,
                                      const TriedRules& rules, Report& report) {
    const sigma::EventContract* contract = nullptr;
    if (!options.contract.empty()) {
        contract = sigma::contract_named(options.contract);
        if (contract == nullptr) {
            return fail(Errc::kBadInput, "--contract " + options.contract +
                                             ": there is none of this name; docs/events.md and "
                                             "schemas/events/ have them all");
        }
    }
    std::size_t number = 0;
    for (const std::string& given : options.inputs) {
        const Result<std::vector<std::string>> names = files_below(given);
        if (!names) return fail(names.error());
        for (const std::string& name : *names) {
            const bool wanted =
                name.ends_with(".json") || name.ends_with(".jsonl") || name.ends_with(".ndjson");
            if (name != given && !wanted) continue;
            const Result<Bytes> bytes = context.files.read(name, kEventFileBytesMax);
            if (!bytes) return fail(bytes.error());
            const auto visit = [&](const TriedEvent& event) {
                return try_event(rules, event, contract, report);
            };
            const Result<void> tried = each_event(name, text_of(*bytes), number, visit);
            if (!tried) return tried;
        }
    }
    return {};
}

/// A file that cannot be read is named, and the others still scanned.
[[nodiscard]] Result<void> try_files(const Context& context, const TryOptions& options,
                                     const TriedRules& rules, Report& report) {
    for (const std::string& given : options.inputs) {
        const Result<std::vector<std::string>> names = files_below(given);
        if (!names) return fail(names.error());
        for (const std::string& name : *names) {
            const Result<Bytes> bytes = context.files.read(name, kScannedFileBytesMax);
            if (!bytes) {
                report.text += name + ": not scanned: " + line_of(bytes.error()) + "\n";
                report.skipped.emplace_back(name);
                continue;
            }
            ++report.inputs;
            const Result<std::vector<sensor::Match>> matches =
                rules.content->evaluate(name, *bytes, kDeadline);
            if (!matches) return fail(matches.error().seen_from(name));
            for (const sensor::Match& match : *matches) {
                add_match(report, rules, {name, report.inputs, ""}, match);
            }
            if (!matches->empty()) ++report.matched;
        }
    }
    return {};
}

json::array json_of(const std::vector<sigma::CompileMessage>& messages) {
    json::array list;
    for (const sigma::CompileMessage& message : messages) {
        list.push_back({{"error", message.error},
                        {"file", message.file},
                        {"line", message.line},
                        {"column", message.column},
                        {"reason", message.reason},
                        {"text", message.text}});
    }
    return list;
}

bool meets(Expectation expectation, const Report& report) {
    switch (expectation) {
        case Expectation::kNothing: return true;
        case Expectation::kMatch: return report.inputs > 0 && report.matched == report.inputs;
        case Expectation::kNoMatch: return report.matches.empty();
    }
    return false;
}

std::string counted(std::size_t count, const std::string& one) {
    return std::to_string(count) + " " + one + (count == 1 ? "" : "s");
}

Output output_of(const TryOptions& options, const TriedRules& rules, Report report) {
    Output output;
    for (const sigma::CompileMessage& message : rules.messages) {
        output.text += message.to_string() + "\n";
    }
    const bool met = meets(options.expectation, report);
    output.text += report.text;
    output.text += counted(report.inputs, rules.events ? "event" : "file") + ", " +
                   std::to_string(report.matched) + " matched, by " +
                   counted(rules.rules.size(), "rule");
    if (rules.failed > 0) output.text += "; " + counted(rules.failed, "rule") + " did not compile";
    if (report.homeless > 0) {
        output.text += "; " + counted(report.homeless, "event") +
                       " of no known kind (--contract says what they are)";
    }
    output.text += met ? "\n" : "\nnot as expected\n";
    output.data = {{"inputs", report.inputs},
                   {"matched", report.matched},
                   {"unknown", report.homeless},
                   {"rules", rules.rules.size()},
                   {"rules_failed", rules.failed},
                   {"as_expected", met},
                   {"skipped", std::move(report.skipped)},
                   {"messages", json_of(rules.messages)},
                   {"matches", std::move(report.matches)}};
    output.exit_code = rules.failed > 0 ? 2 : met ? 0 : 1;
    return output;
}

}  // namespace

Result<Output> try_rules(const Context& context, const TryOptions& options) {
    const Result<TriedRules> rules =
        load_rules(context, options.rules, options.engine, options.engine_folder);
    if (!rules) return fail(rules.error());
    if (!rules->events && !options.contract.empty()) {
        return fail(Errc::kBadInput, "--contract is for Sigma rules; these are YARA rules");
    }
    Report report;
    const Result<void> tried = rules->events ? try_events(context, options, *rules, report)
                                             : try_files(context, options, *rules, report);
    if (!tried) return fail(tried.error());
    return output_of(options, *rules, std::move(report));
}

}  // namespace firebreak::cli
