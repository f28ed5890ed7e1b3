#include "cli/command_line.hpp"

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <boost/json/serialize.hpp>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <memory>

#include "cli/keys.hpp"
#include "cli/pack.hpp"
#include "cli/plan.hpp"
#include "cli/plan_explain.hpp"
#include "cli/program.hpp"
#include "cli/repo.hpp"
#include "cli/sign.hpp"
#include "cli/simulate/simulate.hpp"
#include "cli/try.hpp"
#include "core/base/errc.hpp"
#include "core/base/terminal.hpp"
#include "core/signing/passphrase.hpp"

namespace firebreak::cli {
namespace {

constexpr const char* kExamples = R"(
Examples:
  firebreak keys generate --out approver.key
  firebreak try content/sigma-starter events.jsonl
  firebreak pack content/yara-starter --counter 1 --out yara-1.fbb
  firebreak sign release --current content.json --bundle yara-1.fbb --attestation yara-1.att.json \
      --validator-key validator.pub --plan ring-configs/default.yaml --out next-content.json
  firebreak publish --bundle yara-1.fbb --attestation yara-1.att.json --content next-content.json \
      --plan ring-configs/default.yaml
  firebreak rollout show yara/1
  firebreak fleet explain d-0123456789abcdef0123456789abcdef
  firebreak rollout halt yara/1 --reason "false positives at a customer"
  firebreak drill --release drills --root 1.root.json --state drill-state

Exit codes: 0 done; 1 refused or failed; 2 usage or a bad input file; 3 server not reachable.
The server comes from --server, --ca and --token-file, or from FIREBREAK_SERVER, FIREBREAK_CA and
FIREBREAK_TOKEN_FILE.)";

std::string from_environment(const char* name) {
    const char* value = std::getenv(name);
    return value == nullptr ? "" : value;
}

void add_keys(CLI::App& root, Program& program) {
    CLI::App* keys = root.add_subcommand("keys", "Make and show signing keys");
    keys->require_subcommand(1);
    auto generate = std::make_shared<KeyGenerateOptions>();
    CLI::App* make = keys->add_subcommand("generate", "Make an Ed25519 key file");
    make->add_option("--out", generate->out, "Key file to make")->required();
    make->add_option("--passphrase-file", generate->passphrase_file,
                     "Passphrase on its first line; asked for when absent");
    make->add_flag("--quick", generate->quick, "Cheaper argon2id, for test and demo keys");
    make->callback([&program, generate] {
        program.command = [&program, generate] { return generate_key(program.context, *generate); };
    });
    auto file = std::make_shared<std::string>();
    auto out = std::make_shared<std::string>();
    CLI::App* show = keys->add_subcommand("show", "Show or save the public half of a key");
    show->add_option("KEY", *file, "Key file, or a public key")->required();
    show->add_option("--out", *out, "Save the public key here");
    show->callback([&program, file, out] {
        program.command = [&program, file, out] { return show_key(program.context, *file, *out); };
    });
}

void add_ceremony_role(CLI::App* app, const std::string& name, CeremonyRole& role, int days) {
    role.lifetime_days = days;
    app->add_option("--" + name + "-key", role.public_keys, "Public key of a holder; repeat it")
        ->required();
    app->add_option("--" + name + "-threshold", role.threshold, "How many of them must sign")
        ->required();
    app->add_option("--" + name + "-days", role.lifetime_days, "Lifetime of the first version")
        ->capture_default_str();
}

void add_repo(CLI::App& root, Program& program) {
    CLI::App* repo = root.add_subcommand("repo", "The key ceremony of a new repository");
    repo->require_subcommand(1);
    auto options = std::make_shared<RepoInitOptions>();
    CLI::App* init = repo->add_subcommand("init", "Draft root, targets and content, unsigned");
    init->add_option("--out", options->out, "New folder for the drafts")->required();
    add_ceremony_role(init, "root", options->root, 365);
    add_ceremony_role(init, "targets", options->targets, 180);
    add_ceremony_role(init, "content", options->content, 30);
    init->add_option("--online-key", options->online_key, "firebreakd's public key")->required();
    init->callback([&program, options] {
        program.command = [&program, options] {
            return init_repository(program.context, *options);
        };
    });
    auto folder = std::make_shared<std::string>();
    CLI::App* check = repo->add_subcommand("check", "Say which signatures are still missing");
    check->add_option("FOLDER", *folder, "Folder of the ceremony")->required();
    check->callback([&program, folder] {
        program.command = [&program, folder] { return check_repository(program.context, *folder); };
    });
}

void add_pack(CLI::App& root, Program& program) {
    auto options = std::make_shared<PackOptions>();
    CLI::App* command = root.add_subcommand("pack", "Pack a folder of content into a bundle");
    command->add_option("FOLDER", options->folder, "Folder with a firebreak-pack.yaml")->required();
    command->add_option("--counter", options->counter, "The stream's next counter, from 1")
        ->required()
        ->check(CLI::Range(std::int64_t{1}, std::int64_t{1} << 53));
    command->add_option("--out", options->out, "Bundle to write (.fbb)")->required();
    command->callback([&program, options] {
        program.command = [&program, options] { return pack(program.context, *options); };
    });
}

constexpr const char* kTryExamples = R"(
Examples:
  firebreak try rules/encoded_powershell.yml events.jsonl
  firebreak try content/sigma-starter content/sigma-starter/events/match --expect match
  firebreak try sigma-1.fbb exported.json --json
  firebreak try content/yara-starter /srv/www
  firebreak try my.yml flat.jsonl --contract process_creation_linux

Events: one JSON object a line (.jsonl), or one JSON file with an object or an array of them.
Windows events as EVTX converters and log shippers write them, Sysmon, auditd, cloud and network
logs are known by themselves (docs/events.md).
Exit codes: 0 it ran; 1 not as --expect says; 2 a rule did not compile, or an input is bad.)";

/// The engines of this installation are beside its programs: bin/firebreak, lib/engines.
std::string own_engine_folder() {
    std::error_code unknown;
    const std::filesystem::path self = std::filesystem::read_symlink("/proc/self/exe", unknown);
    const std::filesystem::path beside = self.parent_path().parent_path() / "lib";
    const std::filesystem::path packaged = beside / "firebreak/engines";
    return (std::filesystem::exists(packaged, unknown) ? packaged : beside / "engines").string();
}

void add_try(CLI::App& root, Program& program) {
    auto options = std::make_shared<TryOptions>();
    options->engine_folder = own_engine_folder();
    CLI::App* command =
        root.add_subcommand("try", "Show what rules would match in events or files");
    command->footer(kTryExamples);
    command->add_option("RULES", options->rules, "Sigma or YARA rules: a file, folder or bundle")
        ->required();
    command->add_option("INPUTS", options->inputs, "Events (Sigma), or files and folders (YARA)")
        ->required();
    command->add_option("--engine", options->engine, "Engine to run instead of this build's own");
    command->add_option("--contract", options->contract,
                        "Take each event for one of this contract, field by field");
    const std::map<std::string, Expectation> expectations = {{"match", Expectation::kMatch},
                                                             {"no-match", Expectation::kNoMatch}};
    command
        ->add_option_function<std::string>(
            "--expect",
            [options, expectations](const std::string& word) {
                options->expectation = expectations.at(word);
            },
            "Exit 1 unless every input matches (match) or none does (no-match)")
        ->check(CLI::IsMember({"match", "no-match"}))
        ->type_name("match|no-match");
    command->callback([&program, options] {
        program.command = [&program, options] { return try_rules(program.context, *options); };
    });
}

/// As they are given: the attestations in the order of the bundles.
struct EvidenceOptions {
    std::vector<std::string> bundles;
    std::vector<std::string> attestations;
    std::string validator_key;

    Result<std::vector<Evidence>> pairs() const {
        if (bundles.size() != attestations.size()) {
            return fail(Errc::kBadInput, "--attestation: one for each --bundle, in the same order");
        }
        std::vector<Evidence> all;
        for (std::size_t i = 0; i < bundles.size(); ++i) {
            all.push_back({bundles[i], attestations[i], validator_key});
        }
        return all;
    }
};

CLI::Option* add_evidence(CLI::App* app, EvidenceOptions& evidence) {
    CLI::Option* bundle = app->add_option("--bundle", evidence.bundles,
                                          "The packed bundle; of drills, all that are signed now");
    app->add_option("--attestation", evidence.attestations, "The validator's attestation of each")
        ->needs(bundle);
    app->add_option("--validator-key", evidence.validator_key, "The validator's public key")
        ->needs(bundle);
    return bundle;
}

void add_sign(CLI::App& root, Program& program) {
    CLI::App* sign = root.add_subcommand("sign", "Draft and sign metadata with offline keys");
    sign->require_subcommand(1);
    auto release = std::make_shared<SignReleaseOptions>();
    CLI::App* draft = sign->add_subcommand("release", "Draft the content metadata of a release");
    draft->add_option("--current", release->current, "Newest content metadata")->required();
    auto given = std::make_shared<EvidenceOptions>();
    add_evidence(draft, *given)->required();
    draft->get_option("--attestation")->required();
    draft->get_option("--validator-key")->required();
    draft->add_option("--plan", release->plan, "Ring plan; its rings are the ceiling")->required();
    draft->add_option("--not-before", release->not_before, "YYYY-MM-DDTHH:MM:SSZ; now by default");
    draft->add_option("--floor", release->floor, "Lowest counter that may still run");
    draft->add_option("--days", release->lifetime_days, "Lifetime")->capture_default_str();
    draft->add_option("--out", release->out, "Draft to write")->required();
    draft->callback([&program, release, given] {
        program.command = [&program, release, given]() -> Result<Output> {
            Result<std::vector<Evidence>> evidence = given->pairs();
            if (!evidence) return fail(evidence.error());
            release->evidence = std::move(*evidence);
            return draft_release(program.context, *release);
        };
    });

    auto options = std::make_shared<SignAddOptions>();
    auto evidence = std::make_shared<EvidenceOptions>();
    CLI::App* add = sign->add_subcommand("add", "Add your signature to a metadata file");
    add->add_option("FILE", options->file, "Metadata, rewritten in place")->required();
    add->add_option("--key", options->key, "Your key file")->required();
    add->add_option("--passphrase-file", options->passphrase_file, "Asked for when absent");
    add_evidence(add, *evidence);
    add->callback([&program, options, evidence] {
        program.command = [&program, options, evidence]() -> Result<Output> {
            Result<std::vector<Evidence>> pairs = evidence->pairs();
            if (!pairs) return fail(pairs.error());
            options->evidence = std::move(*pairs);
            return add_signature(program.context, *options);
        };
    });
}

void add_plan(CLI::App& root, Program& program) {
    auto plan = std::make_shared<std::string>();
    CLI::App* plans = root.add_subcommand("plan", "Ring plans");
    plans->require_subcommand(1);
    CLI::App* check = plans->add_subcommand("check", "Check a ring plan");
    check->add_option("PLAN", *plan, "Plan file (YAML)")->required();
    check->callback([&program, plan] {
        program.command = [&program, plan] { return check_plan(program.context, *plan); };
    });
    auto options = std::make_shared<ExplainPlanOptions>();
    CLI::App* explain =
        plans->add_subcommand("explain", "Say in words and numbers what a ring plan will do");
    explain->add_option("PLAN", options->plan, "Plan file (YAML)")->required();
    explain->add_option("--fleet", options->fleet,
                        "Fleet, such as examples/fleets/ten-thousand.yaml: when, and how many");
    explain->callback([&program, options] {
        program.command = [&program, options] { return explain_plan(program.context, *options); };
    });
}

void add_simulate(CLI::App& root, Program& program) {
    auto options = std::make_shared<SimulateOptions>();
    CLI::App* app = root.add_subcommand("simulate", "Roll a release out to a modelled fleet");
    app->add_option("--plan", options->plan, "Ring plan")->required();
    app->add_option("--fleet", options->fleet, "Fleet, such as examples/fleets/ten-thousand.yaml")
        ->required();
    app->add_option("--incident", options->incident,
                    "Incident, such as examples/incidents/boot-loop.yaml")
        ->required();
    app->add_option("--runs", options->runs, "How often")
        ->check(CLI::Range(1, 1'000'000))
        ->capture_default_str();
    app->add_option("--seed", options->seed, "Of the first run; each next is one more")
        ->capture_default_str();
    app->add_option("--hours", options->hours, "Simulated time, at most")
        ->check(CLI::Range(1, 24 * 366))
        ->capture_default_str();
    app->add_option("--threads", options->threads, "0: one for each core")->capture_default_str();
    app->add_option("--chart", options->chart,
                    "Draw the run with the median harm into this file, .svg or .html");
    app->callback([&program, options] {
        program.command = [&program, options] {
            const bool terminal = isatty(STDERR_FILENO) == 1;
            const auto began = program.context.clock.steady();
            auto drawn = began;
            const auto progress = [&, terminal](const Progress& so_far) {
                if (!terminal) return;
                const auto now = program.context.clock.steady();
                const bool last = so_far.done == so_far.runs;
                // Ten times a second is enough for an eye, and costs a terminal nothing.
                if (!last && now - drawn < std::chrono::milliseconds{100}) return;
                drawn = now;
                const double seconds = std::chrono::duration<double>(now - began).count();
                const std::string text = last ? "" : progress_text(so_far, seconds);
                (void)std::fprintf(stderr, "\r\x1b[K%s", text.c_str());
            };
            return simulate(program.context, *options, progress);
        };
    });
}

int print(const Terminal& terminal, const Result<Output>& output) {
    if (!output) {
        const std::string line = line_of(output.error());
        if (terminal.json()) {
            const json::value data = {{"error", line}};
            (void)std::printf("%s\n", json::serialize(data).c_str());
        }
        (void)std::fprintf(stderr, "firebreak: %s\n", line.c_str());
        return exit_code_of(output.error());
    }
    const std::string text = terminal.json() ? json::serialize(output->data) + "\n" : output->text;
    (void)std::fwrite(text.data(), 1, text.size(), stdout);
    // A script that reads us must not take a cut-off answer for a whole one.
    if (std::fflush(stdout) != 0) {
        (void)std::fprintf(stderr, "firebreak: cannot write to standard output\n");
        return 1;
    }
    return output->exit_code;
}

}  // namespace

int run_command_line(int argc, char** argv) {
    PosixFileStore files;
    const SystemClock clock;
    SystemRandom random;
    bool json = false;
    CLI::App app{"firebreak: pack, sign, publish and watch detection content", "firebreak"};
    app.footer(kExamples);
    app.set_version_flag("--version", version_line("firebreak"));
    app.add_flag("--json", json, "Print one JSON document instead of text");
    app.require_subcommand(1);
    app.fallthrough();

    const auto passphrase = [&files](const std::string& file,
                                     std::string_view prompt) -> Result<SecretBytes> {
        return signing::obtain_passphrase(files, file, prompt);
    };
    const Context context{files, clock, random, passphrase};
    Program program(context);
    program.connection = {.server = from_environment("FIREBREAK_SERVER"),
                          .ca = from_environment("FIREBREAK_CA"),
                          .token_file = from_environment("FIREBREAK_TOKEN_FILE")};
    for (const auto add :
         {&add_keys, &add_repo, &add_pack, &add_try, &add_plan, &add_simulate, &add_sign,
          &add_release, &add_drill, &add_rollout, &add_fleet, &add_token, &add_log}) {
        add(app, program);
    }
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? 0 : 2;
    }
    return print(Terminal(json), program.command());
}

}  // namespace firebreak::cli
