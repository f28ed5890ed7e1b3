#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>
#include <functional>
#include <string_view>

#include "validator/commands/commands.hpp"
#include "validator/sandbox/worker.hpp"

namespace firebreak::validator {
namespace {

constexpr const char* kExamples = R"(
Examples:
  firebreak-validate yara-7.fbb --engine yara.so --goodware /usr/bin --goodware /usr/lib
  firebreak-validate yara-7.fbb --builds /srv/engines --census census.json \
      --goodware /srv/goodware --previous yara-6.fbb --sarif findings.sarif \
      --attestation yara-7.att.json --key validator.key --passphrase-file /run/secrets/validator
  firebreak-validate verify yara-7.att.json --bundle yara-7.fbb --key validator.pub.json
  firebreak-validate waive waivers.json --key lead.key --finding FB701 --stream yara --rule needle \
      --reason "our own installer" --who ada --expires 2027-01-31T00:00:00Z
  firebreak-validate reproduce firebreak-reproducers/FB502-1a2b3c4d-1.json --engine yara.so
  firebreak-validate engine info yara.so
  firebreak-validate engine check exec:./engine.py --content rules/ --input sample.bin
  firebreak-validate museum
  firebreak-validate engine yara-4.5.so --live /srv/live-bundles --against yara-4.3.so

Give every engine build that is alive in the fleet: the attestation counts for no other.
Exit codes: 0 admitted; 1 rejected; 2 usage, or a file you gave is bad; 3 inconclusive, which is
no pass; 4 could not sign.)";

using Command = std::function<int(const World&)>;

void add_judging(CLI::App& app, JudgeOptions& options) {
    app.add_option("BUNDLE", options.bundle, "The bundle (.fbb) to judge");
    app.add_option("--engine", options.engines,
                   "An engine build alive in the fleet (.so, or exec:PROGRAM); repeatable")
        ->allow_extra_args(false);
    app.add_option("--builds", options.builds,
                   "A folder of engine builds, all of them alive in the fleet; repeatable")
        ->allow_extra_args(false);
    app.add_option("--twin", options.twins,
                   "ENGINE.so=TWIN.so: the same source built with AddressSanitizer; repeatable. In "
                   "--builds, NAME.twin.so is the twin of NAME.so")
        ->allow_extra_args(false);
    app.add_option("--twin-host", options.twin_host,
                   "The firebreak-validate that opens twins; firebreak-validate.asan beside this "
                   "one when absent");
    app.add_option("--census", options.census,
                   "What `firebreak fleet census --json` printed: every build in it must be given");
    app.add_option("--goodware", options.goodware,
                   "A folder of software known to be good; repeatable")
        ->allow_extra_args(false);
    app.add_option("--samples", options.samples,
                   "A folder of files that the rules should match; repeatable")
        ->allow_extra_args(false);
    app.add_option("--update-host", options.update_host,
                   "The host your agents fetch updates from, which no rule may match");
    app.add_option("--cache", options.cache,
                   "A folder, yours alone, in which replay keeps answers for the next run");
    app.add_option("--profile", options.profile, "pr (2 min), gate (6 min) or nightly")
        ->capture_default_str();
    app.add_option("--previous", options.previous, "The last release, to compare with");
    app.add_option("--seed", options.seed, "Number behind every random choice");
    app.add_option("--execs", options.fuzz_executions,
                   "Executions of the fuzz stage, for each build; the profile's when absent");
    app.add_option("--time", options.fuzz_seconds, "Seconds that the fuzz stage may take at most");
    app.add_option("--corpus", options.fuzz_corpus,
                   "Folder where the fuzz stage keeps interesting inputs between runs");
    app.add_option("--patience", options.patience,
                   "On a slow or busy machine: each stage but fuzz has this many times its time")
        ->check(CLI::Range(1U, 1000U))
        ->capture_default_str();
    app.add_option("--jobs", options.jobs, "Workers at a time; one per processor when absent");
    app.add_option("--skip", options.skipped, "Leave a stage out; the run is then inconclusive")
        ->allow_extra_args(false);
    app.add_option("--sarif", options.sarif, "Write the findings as SARIF 2.1.0 to this file");
    app.add_option("--junit", options.junit, "Write the stages and findings as JUnit XML");
    app.add_option("--html", options.html, "Write a report for people, one self-contained page");
    app.add_option("--waivers", options.waivers,
                   "Errors to ship in spite of: a file that `firebreak-validate waive` signed");
    app.add_option("--waiver-key", options.waiver_key, "The public key of who may waive");
    app.add_option("--attestation", options.attestation,
                   "Write a signed attestation of the verdict to this file");
    app.add_option("--key", options.key, "The validator's key file");
    app.add_option("--passphrase-file", options.passphrase_file,
                   "Its passphrase, on the first line; asked for when absent");
    app.add_option("--reproducers", options.reproducers, "Folder for files that replay findings")
        ->capture_default_str();
}

void add_verify(CLI::App& app, VerifyOptions& options, Command& command) {
    CLI::App* verify = app.add_subcommand("verify", "Check an attestation against a bundle");
    verify->add_option("ATTESTATION", options.attestation, "DSSE envelope")->required();
    verify->add_option("--bundle", options.bundle, "The bundle it must be about")->required();
    verify->add_option("--key", options.key, "The validator's public key, or its key file")
        ->required();
    verify->add_flag("--no-waivers", options.no_waivers, "Refuse it when any error was waived");
    verify->add_option("--build", options.builds, "SHA-256 of a build it must name; repeatable")
        ->allow_extra_args(false);
    verify->add_option("--max-age-hours", options.age_hours_max, "Refuse it when it is older");
    verify->callback(
        [&] { command = [&](const World& world) { return verify_attestation(world, options); }; });
}

void add_waive(CLI::App& app, WaiveOptions& options, Command& command) {
    CLI::App* sub = app.add_subcommand(
        "waive", "Sign that an error may be shipped, for a time (docs/formats/waivers.md)");
    sub->add_option("FILE", options.file, "Waiver file; one that is there is added to")->required();
    sub->add_option("--key", options.key, "Key file of who may waive")->required();
    sub->add_option("--passphrase-file", options.passphrase_file,
                    "Its passphrase, on the first line; asked for when absent");
    sub->add_option("--finding", options.waiver.finding, "Id, such as FB701")->required();
    sub->add_option("--stream", options.waiver.stream, "Stream of the bundle")->required();
    sub->add_option("--rule", options.waiver.rule, "Only findings about this rule");
    sub->add_option("--file", options.waiver.file, "Only findings about this content file");
    sub->add_option("--fingerprint", options.waiver.fingerprint, "Only this one finding");
    sub->add_option("--reason", options.waiver.reason, "Why it may be shipped")->required();
    sub->add_option("--who", options.waiver.who, "Who decided it")->required();
    sub->add_option("--expires", options.expires, "YYYY-MM-DDTHH:MM:SSZ, at most 180 days ahead")
        ->required();
    sub->callback([&] { command = [&](const World& world) { return waive(world, options); }; });
}

void add_reproduce(CLI::App& app, ReproduceOptions& options, Command& command) {
    CLI::App* replay = app.add_subcommand("reproduce", "Run one reproducer in the sandbox");
    replay->add_option("FILE", options.file, "What a run wrote into --reproducers")->required();
    replay->add_option("--engine", options.engine, "The engine build to run it in")->required();
    replay->add_option("--twin-host", options.twin_host,
                       "The firebreak-validate that opens an engine with AddressSanitizer");
    replay->callback(
        [&] { command = [&](const World& world) { return reproduce(world, options); }; });
}

void add_engine(CLI::App& app, EngineCheckOptions& options, EngineLiveOptions& live,
                Command& command) {
    CLI::App* engine = app.add_subcommand(
        "engine", "Look at an engine build; with --live: does it take all that is live?");
    engine->require_subcommand(0, 1);
    CLI::Option* name =
        engine->add_option("ENGINE", live.engine, "The new engine build, for --live");
    CLI::Option* folder =
        engine->add_option("--live", live.live, "Folder of the bundles (.fbb) that are live")
            ->needs(name);
    name->needs(folder);
    engine
        ->add_option("--against", live.against,
                     "A build that runs them now: both must load the same rules; repeatable")
        ->allow_extra_args(false)
        ->needs(folder);
    engine->callback([&, engine] {
        if (!engine->get_subcommands().empty()) return;
        command = [&](const World& world) {
            return live.live.empty()
                       ? complain(kExitUsage, "engine: give info, check, or ENGINE --live DIR")
                       : check_engine_live(world, live);
        };
    });
    CLI::App* info = engine->add_subcommand("info", "Print its capability manifest");
    info->add_option("ENGINE", options.engine, "Engine file (.so), or exec:PROGRAM")->required();
    info->callback(
        [&] { command = [&](const World& world) { return show_engine(world, options.engine); }; });
    CLI::App* check =
        engine->add_subcommand("check", "Does it keep the rules of the sensor ABI? 0 yes, 1 no");
    check->add_option("ENGINE", options.engine, "Engine file (.so), or exec:PROGRAM")->required();
    check->add_option(
        "--content", options.content,
        "Content that it loads: a file, a folder or a bundle; built in for yara-source");
    check->add_option("--input", options.input,
                      "A file that this content matches; for event engines an event as JSON");
    check->callback(
        [&] { command = [&](const World& world) { return check_engine(world, options); }; });
}

void add_museum(CLI::App& app, MuseumOptions& options, Command& command) {
    CLI::App* museum = app.add_subcommand(
        "museum", "Play releases that once did harm: is each stopped by the gate expected?");
    museum->add_option("--museum", options.museum,
                       "Folder of exhibits (docs/formats/museum.md); the project's when absent");
    museum
        ->add_option("--engines", options.engines,
                     "Folder to find engines in by name; repeatable; the project's when absent")
        ->allow_extra_args(false);
    museum->add_option("--skip", options.skipped, "Leave a stage out, to see what stands behind it")
        ->allow_extra_args(false);
    museum->callback(
        [&] { command = [&](const World& world) { return show_museum(world, options); }; });
}

int run_command_line(int argc, char** argv) {
    CLI::App app{
        "firebreak-validate: judge a bundle in every live engine build, before any endpoint",
        "firebreak-validate"};
    app.footer(kExamples);
    app.set_version_flag("--version", version_line("firebreak-validate"));
    bool json = false;
    app.add_flag("--json", json, "Print one JSON document instead of text");
    app.require_subcommand(0, 1);
    app.fallthrough();
    JudgeOptions judge;
    VerifyOptions verify;
    WaiveOptions waiver;
    ReproduceOptions replay;
    EngineCheckOptions engine;
    EngineLiveOptions live;
    MuseumOptions museum;
    Command command;
    add_judging(app, judge);
    add_verify(app, verify, command);
    add_waive(app, waiver, command);
    add_reproduce(app, replay, command);
    add_engine(app, engine, live, command);
    add_museum(app, museum, command);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? 0 : kExitUsage;
    }
    PosixFileStore files;
    const SystemClock clock;
    const Terminal terminal(json);
    const World world{files, clock, terminal};
    if (command) return command(world);
    if (judge.bundle.empty()) return complain(kExitUsage, "no BUNDLE; --help has examples");
    if (judge.engines.empty() && judge.builds.empty()) {
        return complain(kExitUsage,
                        "no --engine and no --builds: give every engine build alive in the fleet");
    }
    return judge_bundle(world, judge);
}

}  // namespace
}  // namespace firebreak::validator

int main(int argc, char** argv) {
    using namespace firebreak::validator;
    // Before anything else is set up: a worker has next to nothing in common with the rest.
    if (argc == 2 && std::string_view(argv[1]) == kWorkerCommand) return run_worker();
    try {
        return run_command_line(argc, argv);
    } catch (const std::exception& bug) {
        return complain(kExitInconclusive, std::string("internal error: ") + bug.what());
    }
}
