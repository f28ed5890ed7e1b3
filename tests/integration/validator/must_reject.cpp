#include "tests/integration/validator/must_reject.hpp"

#include "core/base/random.hpp"
#include "sensor/sigma/events/supplied_contracts.hpp"
#include "sensor/sigma/program/capabilities.hpp"
#include "validator/profile.hpp"

namespace firebreak::validator::test {
namespace {

using std::chrono::milliseconds;
using Files = std::map<std::string, std::string>;
using Maker = std::function<RunRequest(const Bench&)>;

/// A function, because gtest asks for the cases before main().
Files good_files() {
    return {{"a.yar", std::string(kGoodRule)}};
}

EngineFile actor() {
    return rogue("yara-actor");
}
EngineFile museum_engine() {
    return engine_at(std::string(FIREBREAK_MUSEUM_DIR) + "/sigma-7.11-museum.so");
}

// ---- structure, contract -------------------------------------------------------------------

// What makes a bundle runs when its test does: gtest asks for the list again and again.

template <class MakeBytes>
Maker bundle(MakeBytes make) {
    return [make](const Bench& bench) { return bench.request(make()); };
}

Maker claiming(PackOptions options) {
    return bundle([options] { return pack(good_files(), options); });
}

Bytes cut_off() {
    Bytes bytes = pack(good_files());
    bytes.resize(40);
    return bytes;
}

Bytes of_a_later_format() {
    Bytes bytes = pack(good_files());
    bytes.at(8) = 2;
    return bytes;
}

/// Another digest than the file's in the manifest, which is plain JSON.
Bytes with_wrong_digest() {
    Bytes bytes = pack(good_files());
    const std::size_t at = text_of(bytes).find(R"("sha256": ")") + 11;
    bytes.at(at) = bytes.at(at) == '0' ? '1' : '0';
    return bytes;
}

/// Ten thousand times smaller than what is in it.
Bytes bomb() {
    content::Manifest manifest;
    manifest.stream = "yara";
    manifest.counter = 7;
    manifest.content_type = "yara-source";
    return *content::pack_bundle(manifest, {{"a.yar", Bytes(8U << 20U, ' ')}},
                                 {.ratio_max = UINT64_MAX});
}

Maker after(PackOptions previous) {
    return [previous = std::move(previous)](const Bench& bench) {
        RunRequest request = bench.request(pack(good_files()));
        request.previous = pack(good_files(), previous);
        return request;
    };
}

sigma::Program program_of(std::string contract, std::uint16_t arity, std::uint16_t field) {
    sigma::Program program{.contract = std::move(contract), .arity = arity};
    program.predicates = {{.field = field, .op = sigma::Op::kContains, .text = "museum"}};
    program.rules = {{.id = "5f1abf38-one-rule",
                      .title = "One rule",
                      .level = "high",
                      .file = "one.yml",
                      .line = 1,
                      .nodes = {{.predicate = 0}}}};
    return program;
}

sigma::Program with_rules(sigma::Program program, std::size_t count) {
    const sigma::Rule one = program.rules.front();
    program.rules.clear();
    for (std::size_t index = 0; index < count; ++index) {
        program.rules.push_back(one);
        program.rules.back().id += std::to_string(10'000 + index);
    }
    return program;
}

/// More than the museum's engine takes, and nothing that compresses.
sigma::Program large_program() {
    sigma::Program program = with_rules(program_of("ipc_template/v1", 20, 3), 20);
    SeededRandom random(1);
    program.predicates.clear();
    for (sigma::Rule& rule : program.rules) {
        std::string text;
        while (text.size() < 60'000) text += static_cast<char>('A' + random.below(26));
        rule.nodes.front().predicate = static_cast<std::uint32_t>(program.predicates.size());
        program.predicates.push_back({.field = 3, .op = sigma::Op::kContains, .text = text});
    }
    return program;
}

/// The museum's interpreter takes a number for no value.
sigma::Program about_presence() {
    sigma::Program program = program_of("ipc_template/v1", 20, 3);
    program.predicates = {{.field = 3, .op = sigma::Op::kPresent}};
    return program;
}

enum class Claims { kTrue, kNone };

template <class MakeProgram>
Maker program(MakeProgram make, Claims claims = Claims::kTrue, std::int64_t counter = 7) {
    return [make, claims, counter](const Bench& bench) {
        const sigma::Program program = make();
        PackOptions options{.stream = "sigma",
                            .counter = counter,
                            .content_type = std::string(sigma::kContentType)};
        if (claims == Claims::kTrue) {
            options.contracts = {sigma::contract_of(program.contract, program.arity)};
            options.capabilities = sigma::capabilities_of(program);
        }
        RunRequest request =
            bench.request(pack({{"rules.fbr", to_text(*sigma::write_program(program))}}, options));
        request.engines = {museum_engine()};
        return request;
    };
}

/// Field `field`, from 0, of a contract that the engine says has 20.
Maker reads(std::uint16_t arity, std::uint16_t field, Claims claims = Claims::kTrue) {
    return program([=] { return program_of("ipc_template/v1", arity, field); }, claims);
}

// ---- load, replay, budget ------------------------------------------------------------------

Profile quick() {
    Profile figures = profile(ProfileName::kGate);
    figures.sandbox.load = {.cpu = milliseconds(500), .wall = milliseconds(60'000)};
    figures.sandbox.evaluate = figures.sandbox.load;
    figures.cost.amplified_cpu_max = milliseconds(100);
    return figures;
}

Profile small() {
    Profile figures = profile(ProfileName::kGate);
    figures.sandbox.memory_bytes_max = 128U << 20U;
    return figures;
}

/// Short only where time is what runs out: on a slow machine other calls take long, too.
Profile figures_for(std::string_view direction) {
    if (direction.ends_with("hog")) return small();
    if (direction.ends_with("spin") || direction.ends_with("hang")) return quick();
    return profile(ProfileName::kGate);
}

/// Rules with stage directions for the actor (tests/support/actor).
Bytes directed(const std::string& direction) {
    return pack({{"a.yar", std::string(kGoodRule) + "// act " + direction + "\n"}});
}

/// With a rule that looks for what the actor waits for: the fuzzer has its inputs from the rules.
Maker fuzzes(const std::string& direction) {
    return [direction](const Bench& bench) {
        RunRequest request = bench.request(
            pack({{"a.yar", "rule stage { strings: $a = \"ON STAGE\" condition: $a }\n// act " +
                                direction + "\n"}}));
        request.engines = {actor()};
        request.figures = figures_for(direction);
        request.figures->fuzz = {.executions = 256, .neighbours = 24};
        return request;
    };
}

Maker acts(const std::string& direction) {
    return [direction](const Bench& bench) {
        RunRequest request = bench.request(directed(direction));
        request.engines = {actor()};
        request.figures = figures_for(direction);
        if (direction.starts_with("scan")) bench.add_goodware("zz-victim", "ON STAGE");
        return request;
    };
}

/// Rules that lint judges as text: no engine runs.
Maker text(const std::string& rules, std::vector<std::string> actions = {}) {
    return bundle([=] { return pack({{"a.yar", rules}}, {.actions = actions}); });
}

Maker text_after(std::function<std::string()> previous, std::function<std::string()> now) {
    return [=](const Bench& bench) {
        RunRequest request = bench.request(pack({{"a.yar", now()}}));
        request.previous = pack({{"a.yar", previous()}}, {.counter = 6});
        return request;
    };
}

/// `count` rules that differ, each in its own line.
std::string many_rules(int count) {
    std::string rules;
    for (int index = 0; index < count; ++index) {
        const std::string number = std::to_string(10'000 + index);
        rules += "rule r" + number + " { strings: $a = \"quite a narrow text, number " + number +
                 "\" condition: $a }\n";
    }
    return rules;
}

sigma::Program blank_program() {
    sigma::Program program = program_of("ipc_template/v1", 20, 3);
    program.predicates.push_back({.field = 4, .op = sigma::Op::kContains});
    program.rules.front().nodes = {
        {.predicate = 0}, {.predicate = 1}, {.kind = sigma::Node::Kind::kAll, .children = {0, 1}}};
    return program;
}

Maker may_kill_a_part_of_the_system() {
    return [](const Bench& bench) {
        const std::string_view name = "process_creation_windows/v1";
        const auto contracts = sigma::supplied_contracts();
        const auto* const contract =
            &*std::ranges::find(contracts, name, &sigma::SuppliedContract::contract);
        const auto image =
            std::ranges::find(contract->fields, "Image", &sigma::SuppliedField::name);
        sigma::Program program =
            program_of(std::string(name), static_cast<std::uint16_t>(contract->fields.size()),
                       static_cast<std::uint16_t>(image - contract->fields.begin()));
        program.predicates.front().op = sigma::Op::kEndsWith;
        program.predicates.front().text = "\\svchost.exe";
        return bench.request(
            pack({{"a.fbr", to_text(*sigma::write_program(program))}},
                 {.content_type = std::string(sigma::kContentType), .actions = {"kill"}}));
    };
}

/// Two files with a rule of one id each; the contracts differ, so the engine would not mind.
Maker one_id_twice() {
    return [](const Bench& bench) {
        const auto file = [](const char* contract) {
            return to_text(*sigma::write_program(program_of(contract, 20, 3)));
        };
        RunRequest request = bench.request(
            pack({{"a.fbr", file("ipc_template/v1")}, {"b.fbr", file("pipe_template/v1")}},
                 {.stream = "sigma", .content_type = std::string(sigma::kContentType)}));
        request.engines = {museum_engine()};
        return request;
    };
}

/// The same id, for another rule on other fields.
Maker id_used_again() {
    return [](const Bench& bench) {
        sigma::Program other = program_of("ipc_template/v1", 20, 7);
        other.predicates.front().text = "something else";
        other.rules.front().title = "Another rule";
        const PackOptions now{.stream = "sigma", .content_type = std::string(sigma::kContentType)};
        PackOptions before = now;
        before.counter = 6;
        const auto file = [](const sigma::Program& program) {
            return to_text(*sigma::write_program(program));
        };
        RunRequest request =
            bench.request(pack({{"a.fbr", file(program_of("ipc_template/v1", 20, 3))}}, now));
        request.previous = pack({{"a.fbr", file(other)}}, before);
        request.engines = {museum_engine()};
        return request;
    };
}

/// The act comes on when the rule's own string does.
Maker acts_on_sample(const std::string& direction) {
    return [direction](const Bench& bench) {
        RunRequest request = bench.request(
            pack({{"a.yar", "rule victim { strings: $a = \"ON STAGE\" condition: $a }\n// act " +
                                direction + "\n"}}));
        request.engines = {actor()};
        request.figures = figures_for(direction);
        return request;
    };
}

/// In the actor and its sanitizer twin.
Maker acts_in_twin(const std::string& direction) {
    return [direction](const Bench& bench) {
        RunRequest request = bench.request(directed(direction));
        request.engines = {actor()};
        request.twins = {{actor().sha256, rogue("yara-actor.twin")}};
        return request;
    };
}

Maker counts_differ() {
    return [](const Bench& bench) {
        RunRequest request = bench.request(directed("load count"));
        request.engines = {yara(), actor()};
        return request;
    };
}

Maker rules(Files files) {
    return [files = std::move(files)](const Bench& bench) {
        bench.add_goodware("zz-victim", "a file with a needle in it");
        return bench.request(pack(files));
    };
}

Maker costs(CostCaps cost) {
    return [cost](const Bench& bench) {
        RunRequest request = bench.request(directed("load burn 200"));
        request.engines = {actor()};
        request.figures = profile(ProfileName::kGate);
        request.figures->cost = cost;
        return request;
    };
}

Maker slower_than_before() {
    return [](const Bench& bench) {
        RunRequest request = bench.request(directed("scan burn 20"));
        request.previous =
            pack({{"a.yar", std::string(kGoodRule) + "// act scan burn 2\n"}}, {.counter = 6});
        request.engines = {actor()};
        request.goodware.clear();  // The stage makes inputs of its own then, and few.
        return request;
    };
}

}  // namespace

std::string stage_of_finding(std::string_view id) {
    static const std::map<std::string, std::string, std::less<>> kStages{
        {"1", "structure"}, {"2", "schema"},   {"3", "contract"}, {"4", "lint"},
        {"5", "load"},      {"6", "directed"}, {"7", "replay"},   {"8", "amplify"},
        {"9", "budget"},    {"10", "fuzz"},    {"11", "robust"}};
    return kStages.at(std::string(id.substr(2, id.size() - 4)));
}

std::vector<MustReject> must_reject_cases() {
    const CostCaps cost = profile(ProfileName::kGate).cost;
    return {
        {"FB101", bundle(cut_off)},
        {"FB102", bundle(bomb)},
        {"FB103", bundle(with_wrong_digest)},
        {"FB104", bundle(of_a_later_format)},
        {"FB105", after({.counter = 7})},
        {"FB106", after({.stream = "other", .counter = 6})},
        {"FB301", claiming({.content_type = "suricata-rules"})},
        {"FB302", claiming({.capabilities = {"yara.module.magic"}})},
        {"FB303", claiming({.contracts = {"process_creation/v1"}})},
        {"FB304", reads(21, 20)},
        {"FB304", reads(21, 3)},
        {"FB305", program(large_program)},
        {"FB306", reads(20, 3, Claims::kNone)},
        {"FB307", program([] { return with_rules(program_of("ipc_template/v1", 20, 3), 1001); })},
        {"FB308", program([] { return program_of("ipc_template/v1", 20, 3); }, Claims::kTrue,
                          2'201'010'001)},
        {"FB401", text("rule everything { condition: filesize > 0 }")},
        {"FB403", program(blank_program)},
        {"FB405", text("rule slow { strings: $a = /evil.*.*=/ condition: $a }")},
        {"FB406", text("rule wide { strings: $a = \"evil\" condition: $a }", {"delete"})},
        {"FB407", may_kill_a_part_of_the_system()},
        {"FB408", text(std::string(kGoodRule), {"stop-sensor"})},
        {"FB409", text("rule acts { meta: action = \"isolate\" strings: $a = \"quite a narrow "
                       "text\" condition: $a }",
                       {"report"})},
        {"FB410", one_id_twice()},
        {"FB412", id_used_again()},
        {"FB414", text_after([] { return many_rules(1000); }, [] { return many_rules(2100); })},
        {"FB415", text_after([] { return many_rules(40); }, [] { return many_rules(3); })},
        {"FB501", rules({{"a.yar", "rule broken { condition: $nowhere }"}})},
        {"FB502", acts("load segfault")},
        {"FB503", acts("load spin")},
        {"FB504", acts("load hog")},
        {"FB505", acts("load socket")},
        {"FB506", acts("load exit")},
        {"FB507", counts_differ()},
        {"FB508", acts("scan silent")},
        {"FB510", acts("load empty")},
        {"FB511", rules({{"a.yar",
                          "rule innocent { condition: false }\n"
                          "global rule nothing_is_negative { condition: filesize < 0 }\n"
                          "rule last { condition: false }\n"}})},
        {"FB512", acts_in_twin("load overread")},
        {"FB513", acts_in_twin("load twin-refuses")},
        {"FB601", acts_on_sample("scan segfault")},
        {"FB602", acts_on_sample("scan spin")},
        {"FB603", acts_on_sample("scan hog")},
        {"FB604", acts_on_sample("scan socket")},
        {"FB605", acts_on_sample("scan fail")},
        {"FB606", program(about_presence)},
        {"FB701", rules({{"a.yar", "rule needle { strings: $a = \"a needle\" condition: $a }"}})},
        {"FB702", acts("scan segfault")},
        {"FB703", acts("scan spin")},
        {"FB704", acts("scan hog")},
        {"FB705", acts("scan socket")},
        {"FB706", acts("scan fail")},
        {"FB707",
         rules({{"a.yar", "rule own { strings: $a = \"of Firebreak's own\" condition: $a }"}})},
        {"FB801", rules({{"a.yar", std::string(kQuadraticRule)}})},
        {"FB802", acts_on_sample("scan spin")},
        {"FB803", acts_on_sample("scan hog")},
        {"FB804", acts_on_sample("scan segfault")},
        {"FB901", costs({milliseconds(100), cost.memory_bytes_max, 0})},
        {"FB902", costs({cost.load_cpu_max, 1, 0})},
        {"FB903", costs({cost.load_cpu_max, cost.memory_bytes_max, 1e12})},
        {"FB905", slower_than_before()},
        {"FB1001", fuzzes("scan segfault")},
        {"FB1002", fuzzes("scan spin")},
        {"FB1003", fuzzes("scan hog")},
        {"FB1004", fuzzes("scan socket")},
        {"FB1005", fuzzes("scan fail")},
        {"FB1006", fuzzes("scan leak")},
        {"FB1007", fuzzes("load brittle")},
        {"FB1008", fuzzes("scan tire")},
        {"FB1101", acts("load brittle")},
        {"FB1102", acts("load sulk")},
        {"FB1103", acts("load frail")},
        {"FB1104", acts("load leak")},
        {"FB1105", acts("load stuck")},
    };
}

}  // namespace firebreak::validator::test
