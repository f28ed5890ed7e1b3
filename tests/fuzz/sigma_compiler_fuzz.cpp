// Any bytes as a Sigma rule. Property: it compiles to a program that keeps every rule of the
// format, reads back as itself and can be asked; or there is an error with a reason and one line of
// text. Compiled again it gives the same.

#include <algorithm>
#include <cstdint>

#include "core/base/check.hpp"
#include "sensor/sigma/compiler/compiler.hpp"
#include "sensor/sigma/program/reference.hpp"

namespace {

using namespace firebreak;
using namespace firebreak::sigma;

const std::vector<EventContract>& contracts() {
    static const std::vector<EventContract> one = {
        {.name = "process_creation",
         .version = 1,
         .log_sources = {{.product = "windows", .category = "process_creation", .service = ""}},
         .fields = {{"Image", FieldType::kText},
                    {"CommandLine", FieldType::kText},
                    {"ProcessId", FieldType::kInteger}}}};
    return one;
}

void check_message(const CompileMessage& message) {
    FIREBREAK_CHECK(message.file == "x" && !message.reason.empty() && !message.text.empty());
    FIREBREAK_CHECK(std::ranges::none_of(
        message.text, [](char c) { return static_cast<unsigned char>(c) < 0x20; }));
}

void check_program_of(const Program& program) {
    const Result<Bytes> bytes = write_program(program);
    FIREBREAK_CHECK(bytes.has_value());
    const Result<Program> again = read_program(*bytes);
    FIREBREAK_CHECK(again && *again == program);
    (void)reference_evaluate(program, {});
    (void)reference_evaluate(program,
                             {std::string("C:\\a.exe"), std::string("a -b /c"), std::int64_t{4}});
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size > 16U << 10U) return -1;
    const std::vector<RuleSource> sources = {{"x", text_of({data, size})}};

    const Compiled compiled = compile_against(sources, contracts());

    FIREBREAK_CHECK(compiled.rules_seen == 1 && compiled.rules_compiled <= 1);
    const bool failed =
        std::ranges::any_of(compiled.messages, [](const auto& message) { return message.error; });
    FIREBREAK_CHECK(failed == (compiled.rules_compiled == 0));
    FIREBREAK_CHECK(compiled.programs.size() == compiled.rules_compiled);
    for (const CompileMessage& message : compiled.messages) check_message(message);
    for (const Program& program : compiled.programs) check_program_of(program);
    FIREBREAK_CHECK(compile_against(sources, contracts()).programs == compiled.programs);
    return 0;
}
