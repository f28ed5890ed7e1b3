#pragma once

#include <gtest/gtest.h>
#include <string>
#include <vector>

#include "sensor/sigma/compiler/compiler.hpp"
#include "sensor/sigma/program/reference.hpp"

namespace firebreak::sigma {

/// A contract for tests: three texts and two numbers.
inline const std::vector<EventContract>& test_contracts() {
    static const std::vector<EventContract> contracts = {
        {.name = "process_test",
         .version = 1,
         .log_sources = {{.product = "windows", .category = "process_creation", .service = ""}},
         .fields = {{"Image", FieldType::kText},
                    {"CommandLine", FieldType::kText},
                    {"ParentImage", FieldType::kText},
                    {"ProcessId", FieldType::kInteger},
                    {"SourceIp", FieldType::kText}}},
        {.name = "dns_test",
         .version = 2,
         .log_sources = {{.product = "windows", .category = "dns_query", .service = ""}},
         .fields = {{"QueryName", FieldType::kText}}}};
    return contracts;
}

/// A rule whose line 8 is where `detection`, without indentation, begins.
inline std::string rule_text(const std::string& detection,
                             const std::string& id = "0f5ae11a-57b4-4a5b-9bd2-5d1b4d5f9f00") {
    std::string text = "title: A test\nid: " + id +
                       "\nlevel: low\nlogsource:\n  product: windows\n"
                       "  category: process_creation\ndetection:\n  ";
    for (const char c : detection) {
        text += c;
        if (c == '\n') text += "  ";
    }
    return text + "\n";
}

inline Compiled compile_text(const std::string& text) {
    return compile_against({{"rules/a.yml", text}}, test_contracts());
}

/// The program of a rule that must compile.
inline Program program_of(const std::string& detection) {
    Compiled compiled = compile_text(rule_text(detection));
    for (const CompileMessage& message : compiled.messages) {
        EXPECT_FALSE(message.error) << message.to_string();
    }
    EXPECT_EQ(compiled.programs.size(), 1U) << detection;
    return compiled.programs.empty() ? Program{} : std::move(compiled.programs.front());
}

/// The one predicate of a selection with one item.
inline Predicate predicate_of(const std::string& item) {
    const Program program = program_of("sel:\n  " + item + "\ncondition: sel");
    EXPECT_EQ(program.predicates.size(), 1U) << item;
    return program.predicates.empty() ? Predicate{} : program.predicates.front();
}

/// The first error of a rule that must not compile; nothing of it may be in a program.
inline CompileMessage refusal_of(const std::string& text) {
    const Compiled compiled = compile_text(text);
    EXPECT_TRUE(compiled.programs.empty());
    EXPECT_EQ(compiled.rules_compiled, 0U);
    for (const CompileMessage& message : compiled.messages) {
        if (message.error) return message;
    }
    ADD_FAILURE() << "no error in\n" << text;
    return {};
}

inline CompileMessage refused_item(const std::string& item) {
    return refusal_of(rule_text("sel:\n  " + item + "\ncondition: sel"));
}

/// What of an event matters to a test; the rest is absent.
struct TestEvent {
    ReferenceValue image{}, command_line{}, parent{}, process_id{}, source_ip{};

    ReferenceEvent fields() const { return {image, command_line, parent, process_id, source_ip}; }
};

/// Whether the rule with this detection matches the event.
inline bool matches(const std::string& detection, const TestEvent& event) {
    const Program program = program_of(detection);
    return !program.rules.empty() &&
           reference_matches(program, program.rules.front(), event.fields());
}

/// The same for one item of a selection.
inline bool item_matches(const std::string& item, const TestEvent& event) {
    return matches("sel:\n  " + item + "\ncondition: sel", event);
}

}  // namespace firebreak::sigma
