// firebreakd: the server. Reads its command line; the commands are in server/commands/.

#include <sodium.h>

#include <CLI/CLI.hpp>
#include <iostream>
#include <sys/stat.h>

#include "core/base/terminal.hpp"
#include "server/commands/commands.hpp"

namespace firebreak::server {
namespace {

constexpr const char* kFooter = R"(Examples:
  firebreakd config check --config firebreakd.yaml
  firebreakd init  --config firebreakd.yaml --root 1.root.json --targets 1.targets.json \
                   --content 1.content.json
  firebreakd token create --config firebreakd.yaml --name alice --role release-manager --expires 30d
  firebreakd serve --config firebreakd.yaml

Exit codes:
  0  done; for `serve`: told to stop
  1  failed
  2  wrong usage, or a configuration that is wrong
  3  cannot start: port taken, key, disk, or another server on the state folder)";

struct Options {
    std::string config;
    bool json = false;
    InitOptions init;
    std::string port_file;
    TokenCreateOptions token;
    std::string token_id;
};

int report(const Outcome& outcome, const Terminal& terminal) {
    if (!outcome) {
        std::cerr << "firebreakd: " << outcome.error().error.to_string() << "\n";
        return static_cast<int>(outcome.error().code);
    }
    std::cout << (terminal.json() ? pretty_json(outcome->data) : outcome->text) << std::flush;
    return static_cast<int>(std::cout ? ExitCode::kDone : ExitCode::kFailed);
}

using Command = std::function<Outcome(const Config&)>;

/// Adds `--config` and `--json`, and remembers what to run.
CLI::App* add_command(CLI::App& parent, const char* name, const char* about, Options& options,
                      std::pair<Command*, Command> runs) {
    CLI::App* command = parent.add_subcommand(name, about);
    command->add_option("--config", options.config, "Configuration file (YAML)")->required();
    command->add_flag("--json", options.json, "Answer in JSON");
    command->callback([runs] { *runs.first = runs.second; });
    return command;
}

void describe_server_commands(CLI::App& app, Options& options, Command& chosen) {
    CLI::App* init_command =
        add_command(app, "init", "Make the state folder from a key ceremony", options,
                    {&chosen, [&](const Config& config) { return init(config, options.init); }});
    init_command->add_option("--root", options.init.root, "Signed root metadata")->required();
    init_command->add_option("--targets", options.init.targets, "Signed targets metadata")
        ->required();
    init_command->add_option("--content", options.init.content, "Signed content metadata")
        ->required();

    const auto run_server = [&](const Config& config) {
        ServeOptions serve_options;
        if (!options.port_file.empty()) serve_options.port_file = options.port_file;
        return serve(config, serve_options);
    };
    CLI::App* serve_command =
        add_command(app, "serve", "Serve until SIGTERM or SIGINT", options, {&chosen, run_server});
    serve_command->add_option("--port-file", options.port_file,
                              "Write the port here once it is open (for listen.port 0)");

    CLI::App* config = app.add_subcommand("config", "The configuration");
    config->require_subcommand(1);
    const auto check = [](const Config&) -> Outcome {
        return Output{"the configuration is valid\n", json::object{{"valid", true}}};
    };
    add_command(*config, "check", "Say whether it is valid", options, {&chosen, check});
}

void describe_token_commands(CLI::App& app, Options& options, Command& chosen) {
    CLI::App* token = app.add_subcommand("token", "API tokens, also beside a running server");
    token->require_subcommand(1);
    CLI::App* create = add_command(
        *token, "create", "Make a token; it is shown once", options,
        {&chosen, [&](const Config& config) { return create_token(config, options.token); }});
    create->add_option("--name", options.token.name, "Whose it is")->required();
    create
        ->add_option("--role", options.token.role,
                     "viewer, author, approver, release-manager, administrator or driller")
        ->required();
    create->add_option("--expires", options.token.expires, "After how long: 12h, 30d");
    add_command(*token, "list", "Tokens, without their secrets", options,
                {&chosen, [](const Config& config) { return list_tokens(config); }});
    CLI::App* revoke = add_command(
        *token, "revoke", "Takes effect at once", options,
        {&chosen, [&](const Config& config) { return revoke_token(config, options.token_id); }});
    revoke->add_option("id", options.token_id, "The token's id")->required();
}

int run(int argc, char** argv) {
    CLI::App app{"Firebreak's server: stages content through rings, and stops what goes wrong."};
    app.name("firebreakd");
    app.set_version_flag("--version", version_line("firebreakd"));
    app.footer(kFooter);
    app.require_subcommand(1);
    Options options;
    Command chosen;
    describe_server_commands(app, options, chosen);
    describe_token_commands(app, options, chosen);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? static_cast<int>(ExitCode::kDone)
                                    : static_cast<int>(ExitCode::kBadInput);
    }
    const Terminal terminal(options.json);
    const PosixFileStore files;
    const Result<Config> config = read_config(files, options.config);
    if (!config) return report(end_with(ExitCode::kBadInput, config.error()), terminal);
    return report(chosen(*config), terminal);
}

}  // namespace
}  // namespace firebreak::server

int main(int argc, char** argv) {
    // What the database and its journals hold is for the owner alone.
    ::umask(077);
    if (::sodium_init() < 0) {
        std::cerr << "firebreakd: libsodium does not initialise\n";
        return 3;
    }
    try {
        return firebreak::server::run(argc, argv);
    } catch (const std::exception& error) {
        std::cerr << "firebreakd: internal error: " << error.what() << "\n";
        return 1;
    }
}
