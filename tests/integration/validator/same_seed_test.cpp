// The same seed twice: the same findings, the same counts, the same reproducers, to the byte. The
// whole program with all its stages, once with one worker at a time and once with two: what a run
// finds must not depend on how many processors there are.

#include <map>

#include "core/base/json.hpp"
#include "sensor/sigma/events/supplied_contracts.hpp"
#include "sensor/sigma/program/capabilities.hpp"
#include "tests/integration/validator/judged_bundle.hpp"
#include "tests/integration/validator/real_programs.hpp"

namespace firebreak::validator::test {
namespace {

/// What the report's schema says is of one run alone: when it ended, how long it took, what was
/// measured.
void remove_times(json::value& report) {
    json::object& object = report.as_object();
    object.erase("finished");
    object.erase("measured");
    for (json::value& stage : object.at("stages").as_array()) {
        stage.as_object().erase("milliseconds");
    }
    for (json::value& finding : object.at("findings").as_array()) {
        finding.as_object().erase("measured");
    }
}

class SameSeed : public ::testing::Test {
protected:
    struct Once {
        std::string report;
        json::value value;
        std::map<std::string, std::string> reproducers;
    };

    Once judged(const std::string& folder, const std::string& jobs,
                std::vector<std::string> arguments) {
        programs_.move_to(folder);
        arguments.insert(arguments.end(),
                         {programs_.folder() / "b.fbb", "--json", "--profile", "pr", "--seed", "7",
                          "--patience", "100", "--execs", "600", "--time", "600", "--goodware",
                          programs_.folder() / "goodware", "--jobs", jobs});
        const Said said = programs_.validate(arguments);
        Result<json::value> report = parse_json(said.out);
        EXPECT_TRUE(report) << said.code << said.err;
        Once once;
        if (!report) return once;
        once.value = *report;
        remove_times(*report);
        once.report = pretty_json(*report);
        const std::filesystem::path reproducers = programs_.work() / "firebreak-reproducers";
        if (!std::filesystem::exists(reproducers)) return once;
        for (const auto& entry : std::filesystem::directory_iterator(reproducers)) {
            once.reproducers[entry.path().filename().string()] =
                RealPrograms::text_in(entry.path());
        }
        return once;
    }

    /// @returns the first report.
    json::value expect_same(const Bytes& bundle, const std::vector<std::string>& arguments) {
        programs_.put("b.fbb", text_of(bundle));
        const Once first = judged("first", "1", arguments);
        const Once second = judged("second", "2", arguments);
        EXPECT_EQ(first.report, second.report);
        EXPECT_EQ(first.reproducers, second.reproducers);
        return first.value;
    }

    void add_files() {
        for (int index = 0; index < 12; ++index) {
            programs_.put("goodware/file-" + std::to_string(index),
                          "harmless " + std::to_string(index));
        }
        programs_.put("goodware/victim", "the curtain: ON STAGE");
    }
    void add_events() {
        std::string lines;
        for (int index = 0; index < 12; ++index) {
            lines += R"({"Event":{"System":{"EventID":1,"Channel":"Microsoft-Windows-Sysmon/)"
                     R"(Operational","Provider_Name":"Microsoft-Windows-Sysmon"},"EventData":)"
                     R"({"Image":"C:\\a.exe","CommandLine":"a.exe )" +
                     std::to_string(index) + "\"}}}\n";
        }
        programs_.put("goodware/events.jsonl", lines);
    }

    RealPrograms programs_;
};

std::size_t findings_in(const json::value& report, std::string_view stage) {
    const json::array& findings = report.at("findings").as_array();
    return static_cast<std::size_t>(std::ranges::count_if(
        findings, [&](const json::value& each) { return each.at("stage").as_string() == stage; }));
}

Bytes sigma_bundle(const sigma::Program& program) {
    return pack({{"rules.sigma", to_text(*sigma::write_program(program))}},
                {.stream = "sigma",
                 .content_type = std::string(sigma::kContentType),
                 .contracts = {sigma::contract_of(program.contract, program.arity)},
                 .capabilities = sigma::capabilities_of(program)});
}

sigma::Program one_rule(std::string contract, std::size_t arity, std::uint16_t field) {
    sigma::Program program{.contract = std::move(contract),
                           .arity = static_cast<std::uint16_t>(arity)};
    program.predicates = {{.field = field, .op = sigma::Op::kContains, .text = "museum piece"}};
    program.rules = {{.id = "5f1abf38-one-rule",
                      .title = "One rule",
                      .level = "high",
                      .file = "one.yml",
                      .line = 1,
                      .nodes = {{.predicate = 0}}}};
    return program;
}

TEST_F(SameSeed, AdmitsFileRulesTheSameWay) {
    add_files();

    const json::value report =
        expect_same(pack({{"a.yar", std::string(kGoodRule)}}), {"--engine", yara().path});

    EXPECT_EQ(report.at("verdict"), json::value("admitted")) << pretty_json(report);
}

/// An outage that directed, replay and fuzz all find, a match on goodware, and warnings.
TEST_F(SameSeed, RejectsFileRulesTheSameWay) {
    add_files();
    const std::string rules =
        "rule stage { strings: $a = \"ON STAGE\" condition: $a }\n"
        "rule common { strings: $a = \"harmless 7\" condition: $a }\n"
        "rule short { strings: $a = \"ab\" condition: $a and filesize < 1 }\n"
        "// act scan fail\n";

    const json::value report =
        expect_same(pack({{"a.yar", rules}, {"b.yar", std::string(kGoodRule)}}),
                    {"--engine", std::string(FIREBREAK_ROGUE_DIR) + "/yara-actor.so"});

    EXPECT_EQ(report.at("verdict"), json::value("rejected"));
    for (const char* stage : {"directed", "replay", "fuzz"}) {
        EXPECT_GT(findings_in(report, stage), 0U) << stage << pretty_json(report);
    }
}

TEST_F(SameSeed, AdmitsEventRulesTheSameWay) {
    add_events();
    const std::string contract = "process_creation_windows/v1";
    const auto supplied = sigma::supplied_contracts();
    const auto* const fields =
        &*std::ranges::find(supplied, contract, &sigma::SuppliedContract::contract);

    const json::value report =
        expect_same(sigma_bundle(one_rule(contract, fields->fields.size(), 0)),
                    {"--engine", std::string(FIREBREAK_ENGINE_DIR) + "/sigma.so"});

    EXPECT_EQ(report.at("verdict"), json::value("admitted")) << pretty_json(report);
}

/// The fault of 19 July 2024, with the gates switched off that stand before the others.
TEST_F(SameSeed, RejectsEventRulesTheSameWay) {
    add_events();

    const json::value report =
        expect_same(sigma_bundle(one_rule("ipc_template/v1", 21, 20)),
                    {"--engine", std::string(FIREBREAK_MUSEUM_DIR) + "/sigma-7.11-museum.so",
                     "--skip", "contract", "--skip", "load"});

    EXPECT_EQ(report.at("verdict"), json::value("rejected"));
    for (const char* stage : {"directed", "fuzz"}) {
        EXPECT_GT(findings_in(report, stage), 0U) << stage << pretty_json(report);
    }
}

}  // namespace
}  // namespace firebreak::validator::test
