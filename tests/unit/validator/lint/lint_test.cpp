// The lint stage on content that it must tell apart: each finding once found, and once not.

#include <gtest/gtest.h>

#include "sensor/sigma/compiler/compiler.hpp"
#include "sensor/sigma/program/capabilities.hpp"
#include "tests/unit/validator/bench_run.hpp"
#include "validator/report/report.hpp"
#include "validator/stages/stage.hpp"

namespace firebreak::validator {
namespace {

using Files = std::map<std::string, std::string>;

struct Pack {
    std::string type = "yara-source";
    std::vector<std::string> actions{"report"};
    std::int64_t counter = 2;
};

content::Bundle bundle_of(const Files& files, const Pack& pack) {
    content::Bundle bundle;
    bundle.manifest.stream = "s";
    bundle.manifest.counter = pack.counter;
    bundle.manifest.content_type = pack.type;
    bundle.manifest.actions = pack.actions;
    for (const auto& [name, text] : files) bundle.files.push_back({name, to_bytes(text)});
    return bundle;
}

/// A run of the lint stage alone.
struct Linted {
    explicit Linted(const content::Bundle& now,
                    const std::optional<content::Bundle>& before = std::nullopt) {
        bench.run.bundle = now;
        bench.run.previous = before;
        bench.run.stage = "lint";
        result = check_lint(bench.run, {});
    }

    std::string ids() const {
        std::string text;
        for (const Finding& finding : bench.run.findings) text += finding.id + " ";
        return text;
    }
    const Finding& first() const { return bench.run.findings.at(0); }

    test::BenchRun bench;
    StageResult result;
};

std::string yara(const std::string& text, const std::vector<std::string>& actions = {"report"}) {
    return Linted(bundle_of({{"a.yar", text}}, {.actions = actions})).ids();
}

/// A Sigma rule over `log source`, whose detection is given as flow mappings.
std::string sigma_rule(const std::string& detection,
                       const std::string& category = "process_creation",
                       const std::string& title = "A test", char id = '0') {
    return "title: " + title + "\nid: 0f5ae11a-57b4-4a5b-9bd2-5d1b4d5f9f0" + id +
           "\nlogsource: {product: windows, category: " + category + "}\ndetection: " + detection +
           "\n";
}

content::Bundle sigma_bundle(const std::vector<std::string>& rules, Pack pack = {}) {
    std::vector<sigma::RuleSource> sources;
    for (const std::string& rule : rules) sources.push_back({"rules/a.yml", rule});
    const sigma::Compiled compiled = sigma::compile(sources);
    for (const auto& message : compiled.messages) {
        EXPECT_FALSE(message.error) << message.to_string();
    }
    Files files;
    for (const sigma::Program& program : compiled.programs) {
        const Result<Bytes> bytes = sigma::write_program(program);
        EXPECT_TRUE(bytes);
        files[program.contract.substr(0, program.contract.find('/')) + ".fbr"] = to_text(*bytes);
    }
    pack.type = std::string(sigma::kContentType);
    return bundle_of(files, pack);
}

std::string sigma(const std::string& detection, const std::string& category = "process_creation",
                  const std::vector<std::string>& actions = {"report"}) {
    return Linted(sigma_bundle({sigma_rule(detection, category)}, {.actions = actions})).ids();
}

constexpr std::string_view kNarrow =
    "rule narrow { strings: $a = \"a narrow text\" condition: $a }\n";

// ---- FB401, FB402 -------------------------------------------------------------------------------

TEST(Lint, FindsNothingInAnOrdinaryRule) {
    EXPECT_EQ(yara(std::string(kNarrow)), "");
    EXPECT_EQ(sigma("{s: {Image|endswith: '\\mimikatz.exe'}, condition: s}"), "");
}

TEST(Lint, SeesYaraRulesThatMatchEveryFile) {
    EXPECT_EQ(yara("rule r { condition: true }"), "FB401 ");
    EXPECT_EQ(yara("rule r { condition: filesize > 0 }"), "FB401 ");
    EXPECT_EQ(yara("rule r { strings: $a = \"/\" $b = \"e\" condition: any of them }"), "FB401 ");
    EXPECT_EQ(yara("rule r { strings: $a = \"long enough\" condition: not $a }"), "FB401 ");
    EXPECT_EQ(yara("rule r { strings: $a = { ?? 4D ?? } condition: $a }"), "FB401 ");
    EXPECT_EQ(yara("rule r { strings: $a = /.*/ condition: $a }"), "FB401 ");
}

TEST(Lint, WarnsOfRulesThatRestOnLittle) {
    EXPECT_EQ(yara("rule r { strings: $a = \"MZ\" condition: $a at 0 }"), "FB402 ");
    EXPECT_EQ(yara("rule r { condition: uint16(0) == 0x5A4D }"), "FB402 ");
    EXPECT_EQ(sigma("{s: {Image|endswith: '/ld'}, condition: s}"), "FB402 ");
}

TEST(Lint, LeavesAloneWhatOnlyOtherRulesName) {
    EXPECT_EQ(yara("private rule is_pe { condition: uint16(0) == 0x5A4D }\n"
                   "rule r { strings: $a = \"evil\" condition: is_pe and $a }"),
              "");
}

TEST(Lint, CountsWhatTheGlobalRulesOfAFileDemand) {
    EXPECT_EQ(yara("global private rule g { strings: $a = \"at least this\" condition: $a }\n"
                   "rule r { condition: filesize < 1MB }"),
              "");
}

TEST(Lint, SeesSelectionsThatMatchEveryEvent) {
    EXPECT_EQ(sigma("{s: {CommandLine: '*'}, condition: s}"), "FB401 ");
    EXPECT_EQ(sigma("{s: {CommandLine|re: '.*'}, condition: s}"), "FB401 ");
    EXPECT_EQ(sigma("{s: {CommandLine|contains: '/'}, condition: s}"), "FB401 ");
    EXPECT_EQ(sigma("{s: {Image|startswith: '/'}, condition: s}"), "FB401 ");
    EXPECT_EQ(sigma("{f: {Image|endswith: '\\svchost.exe'}, condition: not f}"), "FB401 ");
    EXPECT_EQ(sigma("{s: {Image|exists: true}, f: {Image: 'x'}, condition: s and not f}"),
              "FB401 ");
    EXPECT_EQ(sigma("{s: {Image: 'evil.exe'}, t: {Image: '*'}, condition: s or t}"), "FB401 ");
}

/// "All but" is a choice where events are rare: real rules make it.
TEST(Lint, OnlyWarnsOfExclusionsWhereEventsAreRare) {
    EXPECT_EQ(sigma("{s: {ContextInfo: '*'}, f: {ContextInfo|contains: 'powershell.exe'},"
                    " condition: s and not f}",
                    "ps_module"),
              "FB402 ");
    EXPECT_EQ(sigma("{s: {ContextInfo: '*'}, condition: s}", "ps_module"), "FB401 ");
}

// ---- FB403, FB404 -------------------------------------------------------------------------------

TEST(Lint, SeesCriteriaThatCompareWithNothing) {
    sigma::Program program;
    program.contract = "process_creation_windows/v1";
    program.arity = 28;
    program.predicates = {{.field = 1, .op = sigma::Op::kContains},
                          {.field = 2, .op = sigma::Op::kEquals, .text = "mimikatz.exe"}};
    sigma::Rule rule{.id = "0f5ae11a-57b4-4a5b-9bd2-5d1b4d5f9f00", .title = " ", .file = "a.yml"};
    rule.nodes = {
        {.predicate = 0}, {.predicate = 1}, {.kind = sigma::Node::Kind::kAll, .children = {0, 1}}};
    program.rules = {rule};
    const Result<Bytes> bytes = sigma::write_program(program);
    ASSERT_TRUE(bytes) << bytes.error().to_string();

    const Linted linted(bundle_of({{"p.fbr", to_text(*bytes)}}, {.type = "sigma-binary"}));

    EXPECT_EQ(linted.ids(), "FB403 FB404 ");
    EXPECT_EQ(linted.first().place.rule, rule.id);
    // An empty field is something to look for; an empty text inside one is not.
    EXPECT_EQ(sigma("{s: {ParentImage: ''}, condition: s}"), "");
}

TEST(Lint, TakesABlankActionForOneThatNobodyDeclared) {
    EXPECT_EQ(
        yara("rule r { meta: action = \"\" strings: $a = \"quite a narrow text\" condition: $a }",
             {"report"}),
        "FB404 FB409 ");
}

TEST(Lint, SeesMetasWithNothingInThem) {
    EXPECT_EQ(yara("rule r { meta: severity = \" \" count = 3 strings: $a = \"narrow\""
                   " condition: $a }"),
              "FB404 ");
}

// ---- FB405, FB417 -------------------------------------------------------------------------------

TEST(Lint, SeesRegularExpressionsThatBacktrack) {
    const Linted linted(bundle_of(
        {{"a.yar", "rule r {\n strings:\n  $a = /evil.*.*=/\n condition: $a }"}}, Pack{}));

    EXPECT_EQ(linted.ids(), "FB405 ");
    EXPECT_EQ(linted.first().place.line, 3U);
    EXPECT_EQ(linted.first().evidence, "evil.*.*=");
    EXPECT_EQ(yara("rule r { strings: $a = \"evil\" condition: $a and pe.x matches /(a+)+b/ }"),
              "FB405 ");
    EXPECT_EQ(sigma("{s: {CommandLine|re: 'evil.*(?:.*=.*)'}, condition: s}"), "FB405 ");
    EXPECT_EQ(sigma("{s: {CommandLine|re: 'evil(?:.*\\)){1,}.*'}, condition: s}"), "FB417 ");
    EXPECT_EQ(sigma("{s: {CommandLine|re: 'evil.*foo.*=bar'}, condition: s}"), "");
}

// ---- FB406 to FB409 -----------------------------------------------------------------------------

TEST(Lint, WantsMoreOfARuleThatDestroys) {
    const std::string six = "rule r { strings: $a = \"sixsix\" condition: $a }";
    EXPECT_EQ(yara(six, {"quarantine"}), "FB406 ");
    EXPECT_EQ(yara(six, {"report"}), "");
    EXPECT_EQ(yara(std::string(kNarrow), {"quarantine", "report"}), "");
    EXPECT_EQ(
        sigma("{s: {TargetFilename|endswith: '.lnk'}, condition: s}", "file_event", {"delete"}),
        "FB406 ");
}

/// 13 January 2023: a rule that knew the Start menu's shortcuts only by where they were.
TEST(Lint, RefusesToDestroyWhatIsKnownOnlyByASystemPlace) {
    const std::string place =
        "{s: {TargetFilename|contains: '\\Start Menu\\Programs\\'}, condition: s}";
    EXPECT_EQ(sigma(place, "file_event", {"delete"}), "FB407 ");
    EXPECT_EQ(sigma(place, "file_event", {"alert"}), "");
    EXPECT_EQ(
        sigma("{s: {Image|endswith: '\\svchost.exe'}, condition: s}", "process_creation", {"kill"}),
        "FB407 ");
    EXPECT_EQ(sigma("{s: {Image|endswith: '\\svchost.exe', CommandLine|contains: 'evil-service'},"
                    " condition: s}",
                    "process_creation", {"kill"}),
              "");
}

TEST(Lint, RefusesKillSwitches) {
    EXPECT_EQ(yara(std::string(kNarrow), {"stop-sensor"}), "FB408 ");
    EXPECT_EQ(yara(std::string(kNarrow), {"kill-switch"}), "FB408 ");
    EXPECT_EQ(yara(std::string(kNarrow), {"stop-process"}), "");
    EXPECT_EQ(yara("global rule off { condition: false }\n" + std::string(kNarrow)), "FB408 ");
    EXPECT_EQ(
        yara("global private rule small { condition: filesize < 1MB }\n" + std::string(kNarrow)),
        "");
}

TEST(Lint, HoldsRulesToTheActionsOfTheManifest) {
    const std::string rule =
        "rule r { meta: action = \"quarantine\" strings: $a = \"a narrow text\" condition: $a }";
    EXPECT_EQ(yara(rule, {"report"}), "FB409 ");
    EXPECT_EQ(yara(rule, {"quarantine", "report"}), "");
}

// ---- FB410, FB411 -------------------------------------------------------------------------------

TEST(Lint, SeesIdsAndRulesThatAreThereTwice) {
    const std::string other = "rule narrow { strings: $a = \"another text\" condition: $a }";
    const Linted ids(bundle_of({{"a.yar", std::string(kNarrow)}, {"b.yar", other}}, Pack{}));
    EXPECT_EQ(ids.ids(), "FB410 ");
    EXPECT_EQ(ids.first().place.file, "b.yar");
    EXPECT_EQ(
        yara(std::string(kNarrow) + "rule copy { strings: $a = \"a narrow text\" condition: $a }"),
        "FB411 ");
    EXPECT_EQ(yara(std::string(kNarrow) +
                   "rule more { strings: $a = \"a narrow text\" condition: #a > 2 }"),
              "");
}

// ---- against the last release -------------------------------------------------------------------

std::string compared(const content::Bundle& now, content::Bundle before) {
    before.manifest.counter = 1;
    return Linted(now, before).ids();
}

TEST(Lint, SeesAnIdThatStandsForAnotherRule) {
    const auto rule = [](const std::string& text, const std::string& title) {
        return sigma_bundle({sigma_rule("{s: {Image|endswith: '" + text + "'}, condition: s}",
                                        "process_creation", title)});
    };
    const content::Bundle before = rule("\\mimikatz.exe", "Credential theft");

    EXPECT_EQ(compared(rule("\\psexec.exe", "Remote execution"), before), "FB412 ");
    EXPECT_EQ(compared(rule("\\psexec.exe", "Credential theft"), before), "FB413 ");
    EXPECT_EQ(compared(rule("\\mimikatz.exe", "Stealing credentials"), before), "");
    EXPECT_EQ(compared(sigma_bundle({sigma_rule("{s: {Image|endswith: '\\mimikatz.exe'},"
                                                " condition: s}",
                                                "image_load", "Loading")}),
                       before),
              "FB412 FB416 ");
}

TEST(Lint, SeesAFileThatDoubled) {
    const std::string half(40'000, ' ');
    const auto file = [&](const std::string& text) {
        return bundle_of({{"a.yar", std::string(kNarrow) + text}}, Pack{});
    };
    EXPECT_EQ(compared(file(half + half + std::string(100, ' ')), file(half)), "FB414 ");
    EXPECT_EQ(compared(file(half + half.substr(200)), file(half)), "");
    EXPECT_EQ(compared(file(std::string(2'000, ' ')), file("")), "");
}

TEST(Lint, SeesAStreamOfWhichNothingIsLeft) {
    const auto rules = [](int count) {
        std::string text;
        for (int index = 0; index < count; ++index) {
            const std::string number = std::to_string(index);
            text += "rule r" + number + " { strings: $a = \"narrow text " + number +
                    "\" condition: $a }\n";
        }
        return text;
    };
    const content::Bundle before = bundle_of({{"a.yar", rules(30)}}, Pack{});
    const auto left = [&](const std::string& text) {
        return compared(bundle_of({{"a.yar", text}}, Pack{}), before);
    };
    EXPECT_EQ(left("// withdrawn"), "FB415 ");
    EXPECT_EQ(left(std::string(kNarrow)), "FB415 ");
    EXPECT_EQ(left(rules(15)), "");
    EXPECT_EQ(compared(bundle_of({{"a.yar", "// none"}}, Pack{}),
                       bundle_of({{"a.yar", std::string(kNarrow)}}, Pack{})),
              "FB415 ");
}

TEST(Lint, SeesAStreamOfAnotherTypeShrinkToNothing) {
    const Pack unknown{.type = "acme-rules"};
    const content::Bundle before = bundle_of({{"a", std::string(100'000, 'x')}}, unknown);

    EXPECT_EQ(compared(bundle_of({{"a", "x"}}, unknown), before), "FB415 ");
    EXPECT_EQ(compared(bundle_of({{"a", std::string(50'000, 'x')}}, unknown), before), "");
}

TEST(Lint, ListsWhatIsUsedForTheFirstTime) {
    const content::Bundle before = bundle_of({{"a.yar", std::string(kNarrow)}}, Pack{});
    const std::string wide = "rule w { strings: $a = \"another text\" wide condition: $a }";
    const content::Bundle now =
        bundle_of({{"a.yar", "import \"pe\"\n" + std::string(kNarrow) + wide}}, Pack{});

    const Linted linted(now, before);

    EXPECT_EQ(linted.ids(), "FB416 ");
    const std::vector<content::AttestedUse>& novelty = linted.bench.run.novelty;
    ASSERT_EQ(novelty.size(), 2U);
    EXPECT_EQ(novelty[0].field, "module.pe");
    EXPECT_EQ(novelty[1].field, "string.text");
    EXPECT_EQ(novelty[1].op, "wide");
    EXPECT_EQ(novelty[1].action, "report");
    EXPECT_EQ(attestation_of(linted.bench.run).novelty.size(), 2U);
}

TEST(Lint, CountsANewActionAsAFirstUse) {
    const Files files{{"a.yar", std::string(kNarrow)}};

    EXPECT_EQ(compared(bundle_of(files, {.actions = {"quarantine"}}), bundle_of(files, Pack{})),
              "FB416 ");
}

TEST(Lint, CallsEverythingNewWithoutALastRelease) {
    const Linted linted(sigma_bundle({sigma_rule("{s: {Image: 'evil.exe'}, condition: s}")}));

    EXPECT_EQ(linted.ids(), "");
    ASSERT_EQ(linted.bench.run.novelty.size(), 1U);
    EXPECT_EQ(linted.bench.run.novelty[0].contract, "process_creation_windows/v1");
    EXPECT_EQ(linted.bench.run.novelty[0].field, "Image");
    EXPECT_EQ(linted.bench.run.novelty[0].op, "equals");
}

// ---- what cannot be read ------------------------------------------------------------------------

TEST(Lint, IsNotCompleteWhereItCannotRead) {
    const Linted broken(bundle_of({{"a.fbr", "no program"}}, {.type = "sigma-binary"}));
    EXPECT_FALSE(broken.result.complete);
    EXPECT_NE(broken.result.reason.find("a.fbr"), std::string::npos);
    const Linted open(bundle_of({{"a.yar", "rule r { strings: $a = \"open"}}, Pack{}));
    EXPECT_FALSE(open.result.complete);
    const Linted unknown(bundle_of({{"a", "anything"}}, {.type = "acme-rules"}));
    EXPECT_TRUE(unknown.result.complete);
    EXPECT_EQ(unknown.bench.run.notes.size(), 1U);
}

}  // namespace
}  // namespace firebreak::validator
