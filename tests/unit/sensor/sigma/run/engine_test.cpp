// sigma.so and the museum's build, through the host, as validator and agent drive them.

#include "sensor/host/engine.hpp"

#include <unistd.h>

#include <boost/json/serialize.hpp>
#include <cstring>
#include <gtest/gtest.h>
#include <span>
#include <sys/mman.h>

#include "core/base/errc.hpp"
#include "sensor/sigma/program/capabilities.hpp"
#include "tests/unit/sensor/sigma/program/sample_program.hpp"
#include "tests/unit/sensor/sigma/run/fields.hpp"

namespace firebreak::sigma {
namespace {

using namespace test;
using sensor::Engine;
using sensor::LoadedContent;
using std::chrono::milliseconds;

constexpr std::string_view kProcesses = "process_creation_windows/v1";
constexpr const char* kSigma = FIREBREAK_ENGINE_DIR "/sigma.so";
constexpr const char* kMuseum = FIREBREAK_MUSEUM_DIR "/sigma-7.11-museum.so";

std::unique_ptr<Engine> open_engine(const char* path) {
    Result<std::unique_ptr<Engine>> engine = Engine::open(path, nullptr);
    if (!engine) ADD_FAILURE() << engine.error().to_string();
    return engine ? std::move(*engine) : nullptr;
}

/// A program for a real contract: its first field contains "evil".
Program process_program(std::string contract = std::string(kProcesses)) {
    return one_rule_each({text_predicate(Op::kContains, "evil")}, std::move(contract));
}

Result<std::unique_ptr<LoadedContent>> load(Engine& engine, const std::vector<Bytes>& files,
                                            std::vector<sensor::Diagnostic>& diagnostics,
                                            const sensor::LoadLimits& limits = {}) {
    std::vector<sensor::SourceFile> sources;
    for (const Bytes& bytes : files) sources.push_back({"rules.sigma", bytes});
    return engine.load(sources, limits, diagnostics);
}

Result<std::unique_ptr<LoadedContent>> load(Engine& engine, const Program& program) {
    std::vector<sensor::Diagnostic> diagnostics;
    return load(engine, {*write_program(program)}, diagnostics);
}

Result<std::vector<sensor::Match>> play(LoadedContent& content, std::string_view contract,
                                        std::span<const fb_field> fields) {
    fb_input input{};
    input.struct_size = sizeof input;
    input.kind = FB_INPUT_EVENT;
    input.as.event = {{contract.data(), contract.size()}, fields.data(), fields.size()};
    return content.evaluate(input, milliseconds(1000));
}

std::vector<fb_field> process_fields(const Engine& engine, std::string_view first) {
    const auto inputs = engine.inputs(kProcesses);
    std::vector<fb_field> fields(inputs->at("fields").as_array().size());
    fields[0] = text_field(first);
    return fields;
}

TEST(SigmaEngine, SaysWhatItsCodeCanDo) {
    const auto engine = open_engine(kSigma);
    const auto& capabilities = engine->capabilities();

    EXPECT_EQ(capabilities.name, "sigma");
    EXPECT_EQ(capabilities.content_types, (std::vector<std::string>{"sigma-binary"}));
    for (const std::string& needed : capabilities_of(sample_program())) {
        EXPECT_NE(std::ranges::find(capabilities.capabilities, needed),
                  capabilities.capabilities.end())
            << needed;
    }
    const auto inputs = engine->inputs(kProcesses);
    ASSERT_TRUE(inputs);
    const std::string contract = contract_of(kProcesses, inputs->at("fields").as_array().size());
    EXPECT_NE(std::ranges::find(capabilities.contracts, contract), capabilities.contracts.end());
    EXPECT_EQ(engine->inputs("ipc_template/v1").error(), Errc::kNotFound);
}

TEST(SigmaEngine, MatchesAndSaysWhy) {
    const auto engine = open_engine(kSigma);
    const auto content = load(*engine, process_program());
    ASSERT_TRUE(content) << content.error().to_string();

    const std::vector<fb_field> fields = process_fields(*engine, "so EVIL\n");
    const auto matches = play(**content, kProcesses, fields);

    ASSERT_TRUE(matches) << matches.error().to_string();
    ASSERT_EQ(matches->size(), 1U);
    EXPECT_EQ(matches->front().rule, rule_id(0));
    EXPECT_EQ(matches->front().detail, "Rule 0: EventID=\"so EVIL\xEF\xBF\xBD\"");
    EXPECT_TRUE((*content)->reset());
    EXPECT_EQ(play(**content, kProcesses, process_fields(*engine, "good"))->size(), 0U);
}

TEST(SigmaEngine, QuotesNoMoreOfAValueThanFitsOnALine) {
    const auto engine = open_engine(kSigma);
    const auto content = load(*engine, process_program());
    ASSERT_TRUE(content) << content.error().to_string();
    const auto detail_of = [&](const std::string& value) {
        const auto matches = play(**content, kProcesses, process_fields(*engine, value));
        return matches && matches->size() == 1 ? matches->front().detail : "no match";
    };
    const std::string letters(196, 'x');

    EXPECT_EQ(detail_of("evil" + letters), "Rule 0: EventID=\"evil" + letters + "\"");
    EXPECT_EQ(detail_of("evil" + letters + "x"), "Rule 0: EventID=\"evil" + letters + "…\"");
    EXPECT_EQ(detail_of("evil\t" + letters.substr(3) + "é"),
              "Rule 0: EventID=\"evil\uFFFD" + letters.substr(3) + "…\"");
    EXPECT_EQ(detail_of("évil\x7F~ evil\x80z"), "Rule 0: EventID=\"évil\uFFFD~ evil\uFFFDz\"");
}

TEST(SigmaEngine, DescribesItsRules) {
    const auto engine = open_engine(kSigma);
    Program program = sample_program();
    program.contract = kProcesses;
    const auto content = load(*engine, program);
    ASSERT_TRUE(content) << content.error().to_string();

    const auto described = (*content)->describe();

    ASSERT_TRUE(described) << described.error().to_string();
    EXPECT_EQ(described->at("rules").as_array().size(), program.rules.size());
    const json::value& file = described->at("programs").as_array().at(0);
    EXPECT_EQ(file.at("predicates").as_array().size(), program.predicates.size());
    EXPECT_EQ(file.at("predicates").as_array().at(2).at("op").as_string(), "equals");
}

/// A rule of three criteria on three fields: what each event makes it ask.
TEST(SigmaEngine, MeasuresWhatItsRulesRead) {
    const auto engine = open_engine(kSigma);
    Program program{.contract = std::string(kProcesses), .arity = kArity};
    program.predicates = {text_predicate(Op::kContains, "evil", 0),
                          text_predicate(Op::kEndsWith, ".exe", 1),
                          {.field = 2, .op = Op::kIntegerEquals, .integer = 7}};
    program.rules = {rule_of(0, {leaf(0), leaf(1), leaf(2), all_of({0, 1, 2})})};
    const auto content = load(*engine, program);
    ASSERT_TRUE(content);
    std::vector<fb_field> fields = process_fields(*engine, "evil");
    fields[1] = text_field("a.exe");
    const auto read = [&](const char* position_and_op) {
        const Result<json::value> coverage = (*content)->coverage();
        if (!coverage) return std::string("none");
        const std::string text = json::serialize(*coverage);
        const std::size_t at = text.find(position_and_op);
        return at == std::string::npos ? "" : text.substr(text.find("\"met", at), 26);
    };

    EXPECT_FALSE((*content)->coverage());  // Nothing is being measured.
    ASSERT_TRUE((*content)->start_coverage());
    EXPECT_EQ((*content)->coverage()->at("rules").as_array().size(), 0U);
    ASSERT_TRUE(play(**content, kProcesses, fields));  // Not 7: the integer is asked, and missed.
    EXPECT_EQ(read("\"position\":1,\"op\":\"ends-with\""), "\"met\":true,\"missed\":false}");
    EXPECT_EQ(read("\"position\":2,\"op\":\"integer-equals\""), "\"met\":false,\"missed\":true}");
    EXPECT_EQ(read("\"position\":0"), "");  // Dearer than the one that said no: never asked.
    fields[2] = {FB_FIELD_INTEGER, 0, 7, nullptr, 0};
    EXPECT_EQ(play(**content, kProcesses, fields)->size(), 1U);
    EXPECT_EQ(read("\"position\":0"), "\"met\":true,\"missed\":false}");
    fields[0] = text_field("good");  // The index rules it out; the measure asks all the same.
    EXPECT_EQ(play(**content, kProcesses, fields)->size(), 0U);
    EXPECT_EQ(read("\"position\":0"), "\"met\":true,\"missed\":true}]");

    ASSERT_TRUE((*content)->start_coverage());
    EXPECT_EQ((*content)->coverage()->at("rules").as_array().size(), 0U);
}

TEST(SigmaEngine, RefusesRulesWrittenAgainstMoreFieldsThanItSupplies) {
    const auto engine = open_engine(kSigma);
    const std::size_t supplied = engine->inputs(kProcesses)->at("fields").as_array().size();
    Program program = process_program();
    program.arity = static_cast<std::uint16_t>(supplied + 1);
    std::vector<sensor::Diagnostic> diagnostics;

    const auto content = load(*engine, {*write_program(program)}, diagnostics);

    ASSERT_FALSE(content);
    ASSERT_EQ(diagnostics.size(), 1U);
    EXPECT_EQ(diagnostics[0].file, "rules.sigma");
    EXPECT_NE(diagnostics[0].message.find(std::to_string(supplied + 1)), std::string::npos);

    program.arity = static_cast<std::uint16_t>(supplied);
    EXPECT_TRUE(load(*engine, program));
}

TEST(SigmaEngine, RefusesWhatItCannotLoadWhole) {
    const auto engine = open_engine(kSigma);
    const Bytes good = *write_program(process_program());
    Bytes cut = good;
    cut.pop_back();
    Program other = process_program();
    other.predicates[0] = text_predicate(Op::kRegex, "(a");
    std::vector<sensor::Diagnostic> said;
    EXPECT_FALSE(load(*engine, {good, cut}, said));
    EXPECT_FALSE(load(*engine, {*write_program(process_program("unknown/v1"))}, said));
    EXPECT_FALSE(load(*engine, {*write_program(other)}, said));
    EXPECT_FALSE(load(*engine, {good, good}, said));  // One id, two rules.
    EXPECT_FALSE(load(*engine, {good}, said, {.rules_max = 0}));
    EXPECT_FALSE(load(*engine, {good}, said, {.memory_bytes_max = 10'000}));
    EXPECT_GE(said.size(), 4U);
    EXPECT_TRUE(load(*engine, {good}, said));
}

TEST(SigmaEngine, RefusesEventsThatAreNotWhatTheRulesExpect) {
    const auto engine = open_engine(kSigma);
    const auto content = load(*engine, process_program());
    const std::vector<fb_field> fields = process_fields(*engine, "evil");

    EXPECT_FALSE(play(**content, kProcesses, std::span(fields).first(kArity - 1)));
    EXPECT_FALSE(play(**content, "unknown/v1", fields));
    std::vector<fb_field> odd = fields;
    odd[3].type = 99;
    EXPECT_FALSE(play(**content, kProcesses, odd));
    EXPECT_FALSE((*content)->evaluate("file", bytes_of("evil"), milliseconds(1000)));
    EXPECT_FALSE(play(**content, kProcesses, process_fields(*engine, std::string(1U << 21U, 'a'))));
    EXPECT_EQ(play(**content, kProcesses, fields)->size(), 1U);  // Nothing stayed behind.
}

TEST(SigmaEngine, KeepsTwoContentsApart) {
    const auto engine = open_engine(kSigma);
    const auto first = load(*engine, process_program());
    Program other = process_program();
    other.predicates[0].text = "good";
    const auto second = load(*engine, other);
    const std::vector<fb_field> fields = process_fields(*engine, "good");

    EXPECT_EQ(play(**first, kProcesses, fields)->size(), 0U);
    EXPECT_EQ(play(**second, kProcesses, fields)->size(), 1U);
}

/// `count` absent fields, right before a page that may not be touched.
class GuardedFields {
public:
    explicit GuardedFields(std::size_t count)
        : page_(static_cast<std::size_t>(::sysconf(_SC_PAGESIZE))), count_(count) {
        memory_ =
            ::mmap(nullptr, 2 * page_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        (void)::mprotect(static_cast<char*>(memory_) + page_, page_, PROT_NONE);
    }
    ~GuardedFields() { (void)::munmap(memory_, 2 * page_); }
    GuardedFields(const GuardedFields&) = delete;
    GuardedFields& operator=(const GuardedFields&) = delete;

    std::span<const fb_field> fields() const {
        const void* end = static_cast<const char*>(memory_) + page_;
        return {static_cast<const fb_field*>(end) - count_, count_};
    }

private:
    std::size_t page_;
    std::size_t count_;
    void* memory_;
};

/// What was shipped on 19 July 2024: a rule about the 21st field.
Program july_rules() {
    Program program = one_rule_each({text_predicate(Op::kEquals, "museum", 20)}, "ipc_template/v1");
    program.arity = 21;
    return program;
}

TEST(Museum, SaysTwentyAndLoadsTwentyOne) {
    const auto engine = open_engine(kMuseum);
    EXPECT_EQ(engine->capabilities().contracts, (std::vector<std::string>{"ipc_template/v1:20"}));
    EXPECT_EQ(engine->inputs("ipc_template/v1")->at("fields").as_array().size(), 20U);
    EXPECT_TRUE(load(*engine, july_rules()));
}

using MuseumDeathTest = testing::Test;

TEST(MuseumDeathTest, ReadsTheFieldThatIsNotThere) {
    const auto engine = open_engine(kMuseum);
    const auto content = load(*engine, july_rules());
    ASSERT_TRUE(content);
    const GuardedFields twenty(20);
    // By SIGSEGV, or under AddressSanitizer by its report of that.
    EXPECT_DEATH((void)play(**content, "ipc_template/v1", twenty.fields()), "");
}

TEST(SigmaEngine, RefusesTheRulesOfJuly2024) {
    const auto engine = open_engine(kSigma);
    EXPECT_FALSE(load(*engine, july_rules()));
    Program here = july_rules();
    here.contract = kProcesses;
    const std::size_t supplied = engine->inputs(kProcesses)->at("fields").as_array().size();
    here.arity = static_cast<std::uint16_t>(supplied + 1);
    here.predicates[0].field = static_cast<std::uint16_t>(supplied);
    EXPECT_FALSE(load(*engine, here));
}

}  // namespace
}  // namespace firebreak::sigma
