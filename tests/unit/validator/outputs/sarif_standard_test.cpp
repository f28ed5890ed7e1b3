// The SARIF report under the standard's own schema, which knows far more than what we write.

#include <fstream>
#include <gtest/gtest.h>
#include <iterator>
#include <valijson/adapters/boost_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validator.hpp>

#include "tests/unit/validator/bench_run.hpp"
#include "validator/report/report.hpp"

namespace firebreak::validator {
namespace {

using test::BenchRun;

void fill(Run& run) {
    run.stages.push_back({.name = "replay",
                          .outcome = StageOutcome::kFailed,
                          .reason = "",
                          .executions = 800,
                          .findings = 2});
    run.stages.push_back({.name = "budget",
                          .outcome = StageOutcome::kInconclusive,
                          .reason = "out of time",
                          .executions = 0,
                          .findings = 0});
    run.stage = "replay";
    run.add({.id = "FB701",
             .place = {"rules/a.yar", 12, "needle"},
             .message = "rule needle matches goodware /usr/bin/ls",
             .build = "yara 4.2.3",
             .input = "/usr/bin/ls",
             .evidence = "$a at 0x40",
             .measured = "12 ms",
             .reproducer = "out/1.json",
             .command = "firebreak-validate reproduce out/1.json --engine yara.so"});
    run.add({.id = "FB402", .message = "about no file at all"});
    run.findings.back().waived = "ada, until 2027-01-01T00:00:00Z: ours";
}

class SarifStandard : public ::testing::Test {
protected:
    SarifStandard() {
        std::ifstream file(std::string(FIREBREAK_SOURCE_DIR) +
                           "/tests/data/sarif/sarif-2.1.0.json");
        const std::string text{std::istreambuf_iterator<char>(file),
                               std::istreambuf_iterator<char>()};
        document_ = *parse_json(text, {.bytes_max = text.size()});
        // Of the words that are new since draft 07 it uses none.
        valijson::SchemaParser parser(valijson::SchemaParser::kDraft7);
        parser.populateSchema(valijson::adapters::BoostJsonAdapter(document_), schema_);
    }

    /// As it is written, and read again by whoever reads it.
    bool takes(const json::value& report) {
        const json::value sarif = *parse_json(pretty_json(report));
        valijson::Validator validator;
        return validator.validate(schema_, valijson::adapters::BoostJsonAdapter(sarif), nullptr);
    }

    json::value document_;
    valijson::Schema schema_;
};

TEST_F(SarifStandard, TakesWhatWeWrite) {
    BenchRun empty;
    EXPECT_TRUE(takes(sarif_report(empty.run)));

    BenchRun bench;
    fill(bench.run);
    EXPECT_TRUE(takes(sarif_report(bench.run)));
}

/// The check of the check.
TEST_F(SarifStandard, TakesNothingElse) {
    BenchRun bench;
    fill(bench.run);
    const json::value good = sarif_report(bench.run);
    const auto spoiled = [&](const char* pointer, const char* member, const json::value& value) {
        json::value copy = good;
        copy.at_pointer(pointer).as_object()[member] = value;
        return copy;
    };

    EXPECT_FALSE(takes(spoiled("/runs/0/results/0", "level", "fatal")));
    EXPECT_FALSE(takes(spoiled("/runs/0/results/0", "severity", "error")));
    EXPECT_FALSE(takes(spoiled("/runs/0/results/0", "message", "plain text")));
    EXPECT_FALSE(takes(spoiled("/runs/0/invocations/0", "executionSuccessful", "yes")));
    EXPECT_FALSE(takes(spoiled("/runs/0", "tool", json::object{})));
    EXPECT_FALSE(takes(spoiled("", "version", "2.0.0")));
}

}  // namespace
}  // namespace firebreak::validator
