// SigmaHQ's rules, when they are there: how many compile, and why the others do not.

#include "tests/unit/sensor/sigma/compiler/corpus.hpp"

#include <algorithm>
#include <gtest/gtest.h>
#include <iostream>
#include <map>
#include <set>

#include "core/base/json.hpp"
#include "sensor/sigma/events/event_reader.hpp"
#include "sensor/sigma/program/reference.hpp"
#include "sensor/sigma/run/rule_set.hpp"
#include "tests/unit/sensor/sigma/run/fields.hpp"

namespace firebreak::sigma {
namespace {

namespace fs = std::filesystem;

/// The rules without a contract, and those that have one and do not compile.
struct Failures {
    std::set<std::string> without_contract;
    std::map<std::string, std::set<std::string>> by_reason;
    std::set<std::string> files;
};

Failures failures_of(const Compiled& compiled) {
    Failures failures;
    for (const CompileMessage& message : compiled.messages) {
        if (!message.error) continue;
        if (message.reason == "no-contract") {
            failures.without_contract.insert(message.file);
        } else {
            failures.by_reason[message.reason].insert(message.to_string());
            failures.files.insert(message.file);
        }
    }
    return failures;
}

TEST(SigmaCorpus, CompilesAsMuchAsPromised) {
    const fs::path folder = corpora() / "sigma";
    if (!fs::is_directory(folder)) GTEST_SKIP() << folder << " is not there";
    const Corpus corpus = read_corpus(folder);

    const Compiled compiled = compile(corpus.sources());

    const Failures failures = failures_of(compiled);
    const std::size_t covered = compiled.rules_seen - failures.without_contract.size();
    std::cout << compiled.rules_seen << " rules, " << covered << " with a contract, "
              << compiled.rules_compiled << " compiled, in " << compiled.programs.size()
              << " programs\n";
    for (const auto& [reason, messages] : failures.by_reason) {
        std::cout << "  " << reason << ": " << messages.size() << "\n";
        for (const std::string& message : messages) std::cout << "    " << message << "\n";
    }
    EXPECT_GE(static_cast<double>(compiled.rules_compiled), 0.99 * static_cast<double>(covered));
    EXPECT_GE(static_cast<double>(covered), 0.90 * static_cast<double>(compiled.rules_seen));
    for (const Program& program : compiled.programs) {
        const Result<void> good = check_program(program);
        EXPECT_TRUE(good) << program.contract << ": " << good.error().to_string();
    }
}

TEST(SigmaCorpus, GivesTheSameProgramsWhateverTheOrder) {
    const fs::path folder = corpora() / "sigma";
    if (!fs::is_directory(folder)) GTEST_SKIP() << folder << " is not there";
    const Corpus corpus = read_corpus(folder / "linux");
    std::vector<RuleSource> sources = corpus.sources();

    const Compiled forward = compile(sources);
    std::ranges::reverse(sources);
    const Compiled backward = compile(sources);

    EXPECT_GT(forward.programs.size(), 0U);
    EXPECT_EQ(forward.programs, backward.programs);
}

/// The rules of the contract that match, by what the interpreter says of the packed bytes.
std::set<std::string> matched(const std::vector<Program>& programs, const MappedEvent& event) {
    std::set<std::string> ids;
    for (const Program& program : programs) {
        if (program.contract != event.contract->id()) continue;
        const Result<Bytes> bytes = write_program(program);
        Result<Program> loaded = read_program(*bytes);
        Result<RuleSet> rules = RuleSet::make(std::move(*loaded));
        EXPECT_TRUE(rules) << rules.error().to_string();
        Event taken(event.fields.size(), 16U << 20U);
        EXPECT_EQ(taken.take(event.fields), FB_OK);
        Budget budget(std::chrono::hours(1), &std::chrono::steady_clock::now);
        const auto on_match = [&ids](const RuleMatch& match) {
            ids.insert(match.rule.id);
            return true;
        };
        EXPECT_EQ(rules->evaluate(taken, budget, on_match), FB_OK);
    }
    return ids;
}

bool rule_matches(const std::vector<Program>& programs, const std::string& id,
                  const json::value& event) {
    const Result<std::vector<MappedEvent>> mapped = map_event(event);
    EXPECT_TRUE(mapped) << id;
    return mapped && std::ranges::any_of(*mapped, [&](const MappedEvent& one) {
               return matched(programs, one).contains(id);
           });
}

/// The events of a file: one, or several one after the other.
std::vector<json::value> events_in(std::string_view text) {
    std::vector<json::value> events;
    while (!text.empty()) {
        std::size_t failed_at = 0;
        Result<json::value> event = parse_json(text, {}, failed_at);
        const std::string_view one = event ? text : text.substr(0, failed_at);
        if (!event) event = parse_json(one);
        EXPECT_TRUE(event) << event.error().to_string();
        if (!event || one.empty()) return events;
        events.push_back(std::move(*event));
        text.remove_prefix(one.size());
    }
    return events;
}

TEST(SigmaCorpus, MatchesEveryEventWithItsRule) {
    const fs::path events = corpora() / "sigma-events";
    if (!fs::is_directory(events)) GTEST_SKIP() << events << " is not there";
    const Corpus corpus = read_corpus(corpora() / "sigma");
    std::vector<RuleSource> wanted;
    for (const RuleSource& source : corpus.sources()) {
        const std::size_t at = source.text.find("\nid: ");
        if (at == std::string_view::npos) continue;
        const std::string id(source.text.substr(at + 5, 36));
        if (fs::exists(events / (id + ".json"))) wanted.push_back(source);
    }
    const Compiled compiled = compile(wanted);

    std::size_t count = 0;
    for (const fs::directory_entry& entry : fs::directory_iterator(events)) {
        if (entry.path().extension() != ".json") continue;
        const std::string id = entry.path().stem().string();
        const std::vector<json::value> recorded = events_in(read_text(entry.path()));
        EXPECT_TRUE(std::ranges::any_of(recorded, [&](const json::value& event) {
            return rule_matches(compiled.programs, id, event);
        })) << entry.path();
        ++count;
    }
    std::cout << count << " events\n";
    EXPECT_GT(count, 0U);
}

/// What a mapped event holds, as the reference takes it.
ReferenceEvent reference_event(const MappedEvent& event) {
    ReferenceEvent values;
    for (const fb_field& field : event.fields) {
        switch (field.type) {
            case FB_FIELD_ABSENT: values.emplace_back(); break;
            case FB_FIELD_INTEGER: values.emplace_back(field.integer); break;
            case FB_FIELD_BOOLEAN: values.emplace_back(field.integer != 0); break;
            default:
                values.emplace_back(
                    std::string(reinterpret_cast<const char*>(field.data), field.length));
        }
    }
    return values;
}

/// The events in the files of `folder` that are of `contract`.
std::vector<ReferenceEvent> events_of(const fs::path& folder, const std::string& contract) {
    std::vector<ReferenceEvent> events;
    for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
        if (entry.path().extension() != ".json") continue;
        for (const json::value& event : events_in(read_text(entry.path()))) {
            const Result<std::vector<MappedEvent>> mapped = map_event(event);
            EXPECT_TRUE(mapped) << entry.path();
            if (!mapped) continue;
            for (const MappedEvent& one : *mapped) {
                if (one.contract->id() == contract) events.push_back(reference_event(one));
            }
        }
    }
    return events;
}

TEST(SigmaCorpus, IsAnsweredAsTheReferenceAnswers) {
    const fs::path folder = corpora() / "sigma-events";
    if (!fs::is_directory(folder)) GTEST_SKIP() << folder << " is not there";
    const Corpus corpus = read_corpus(corpora() / "sigma" / "windows" / "process_creation");
    const Compiled compiled = compile(corpus.sources());
    ASSERT_EQ(compiled.programs.size(), 1U);
    const Program& program = compiled.programs[0];
    Result<RuleSet> rules = RuleSet::make(program);
    ASSERT_TRUE(rules);

    std::size_t matches = 0;
    for (const ReferenceEvent& event : events_of(folder, program.contract)) {
        const std::vector<std::string> expected = reference_evaluate(program, event);
        EXPECT_EQ(test::run_rules(*rules, event), expected);
        matches += expected.size();
    }
    std::cout << matches << " matches\n";
    EXPECT_GT(matches, 50U);
}

}  // namespace
}  // namespace firebreak::sigma
