// firebreak-agent: keeps one endpoint's sensor on content that the endpoint was allowed and has
// lived with.

#include <CLI/CLI.hpp>
#include <iostream>

#include "client/agent_process.hpp"
#include "client/bounded_lines.hpp"
#include "client/config.hpp"
#include "client/status.hpp"
#include "client/trial.hpp"
#include "core/base/check.hpp"
#include "core/base/errc.hpp"
#include "core/base/terminal.hpp"

namespace firebreak::client {
namespace {

constexpr const char* kFooter = R"(Examples:
  firebreak-agent enrol  --config /etc/firebreak/agent.yaml
  firebreak-agent run    --config /etc/firebreak/agent.yaml
  firebreak-agent status --config /etc/firebreak/agent.yaml --json

Exit codes:
  0  done; for `run`: told to stop
  1  failed
  2  wrong usage, or a configuration that is wrong
  3  cannot start: the state folder is in use, a file is missing, or enrolment was refused)";

struct Options {
    std::string config;
    bool json = false;
    std::string engine, engine_build, bundle, bundle_sha256;
    std::int64_t seconds_max = 30;
    std::uint64_t memory_bytes_max = 1U << 30U;
};

int end_with(ExitCode code, const Error& error) {
    std::cerr << "firebreak-agent: " << error.to_string() << "\n";
    return static_cast<int>(code);
}

int show_identity(const Identity& identity, const Terminal& terminal) {
    if (terminal.json()) {
        std::cout << pretty_json(json::object{
            {"device", identity.device}, {"tenant", identity.tenant}, {"ring", identity.ring}});
    } else {
        std::cout << "enrolled as " << terminal.strong(identity.device) << ", tenant "
                  << identity.tenant << ", ring " << identity.ring << "\n";
    }
    return static_cast<int>(ExitCode::kDone);
}

void show_line(const Terminal& terminal, const std::string& name, const std::string& value) {
    constexpr std::size_t kColumn = 18;
    const std::string pad(name.size() < kColumn ? kColumn - name.size() : 1, ' ');
    std::cout << terminal.faint(name) << pad << value << "\n";
}

std::string text_of_member(const json::object& object, std::string_view name) {
    const json::value* const value = object.if_contains(name);
    if (value == nullptr || value->is_null()) return "-";
    if (value->is_string()) {
        return value->get_string().empty() ? "-" : std::string(value->get_string());
    }
    if (value->is_int64()) return std::to_string(value->get_int64());
    if (value->is_uint64()) return std::to_string(value->get_uint64());
    return "-";
}

std::string counter_text(const json::object& status, std::string_view name) {
    const std::string text = text_of_member(status, name);
    return text == "0" ? "none" : text;
}

int show_status(const AgentConfig& config, const Terminal& terminal) {
    const PosixFileStore store;
    const Result<json::object> status = read_status(store, StatePaths(config.state));
    if (!status) return end_with(ExitCode::kFailed, status.error().seen_from("status"));
    if (terminal.json()) {
        std::cout << pretty_json(*status);
        return static_cast<int>(ExitCode::kDone);
    }
    const bool confirmed = status->at("confirmed").as_bool();
    const std::string running = counter_text(*status, "running_counter");
    const std::string judged = confirmed ? terminal.good("confirmed") : terminal.bad("unconfirmed");
    show_line(terminal, "device", text_of_member(*status, "device"));
    show_line(terminal, "tenant", text_of_member(*status, "tenant"));
    show_line(terminal, "ring", text_of_member(*status, "ring"));
    show_line(terminal, "running",
              running == "none" ? terminal.bad(running) : running + ", " + judged);
    show_line(terminal, "digest", text_of_member(*status, "running_sha256"));
    show_line(terminal, "last known good", counter_text(*status, "last_known_good"));
    show_line(terminal, "phase", text_of_member(*status, "phase"));
    show_line(terminal, "attempts", text_of_member(*status, "attempts"));
    show_line(terminal, "healed", text_of_member(*status, "healed"));
    show_line(terminal, "reports waiting", text_of_member(*status, "reports_waiting"));
    show_line(terminal, "last refresh", text_of_member(*status, "last_refresh"));
    show_line(terminal, "last error", text_of_member(*status, "last_error"));
    for (const json::value& one : status->at("quarantined").as_array()) {
        const json::object& entry = one.as_object();
        show_line(terminal, "quarantined",
                  text_of_member(entry, "counter") + ": " + text_of_member(entry, "reason"));
    }
    return static_cast<int>(ExitCode::kDone);
}

int show_history(const AgentConfig& config, const Terminal& terminal) {
    const PosixFileStore store;
    const json::array entries = read_lines(store, StatePaths(config.state).history);
    if (terminal.json()) {
        std::cout << pretty_json(json::object{{"entries", entries}});
        return static_cast<int>(ExitCode::kDone);
    }
    for (const json::value& one : entries) {
        const json::object& entry = one.as_object();
        std::cout << terminal.faint(text_of_member(entry, "time")) << "  "
                  << terminal.strong(text_of_member(entry, "event"));
        for (const auto& member : entry) {
            if (member.key() == "time" || member.key() == "event") continue;
            std::cout << "  " << std::string(member.key()) << "="
                      << text_of_member(entry, member.key());
        }
        std::cout << "\n";
    }
    return static_cast<int>(ExitCode::kDone);
}

int try_bundle(const Options& options) {
    const Result<Sha256> build = Sha256::from_hex(options.engine_build);
    if (!build) return end_with(ExitCode::kUsage, build.error().seen_from("--engine-build"));
    const Result<Sha256> digest = Sha256::from_hex(options.bundle_sha256);
    if (!digest) return end_with(ExitCode::kUsage, digest.error().seen_from("--bundle-sha256"));
    return trial_main({.engine = options.engine,
                       .engine_build = *build,
                       .bundle = options.bundle,
                       .bundle_sha256 = *digest,
                       .limits = {.seconds_max = std::chrono::seconds{options.seconds_max},
                                  .memory_bytes_max = options.memory_bytes_max}});
}

CLI::App* add_command(CLI::App& app, Options& options, const char* name, const char* help) {
    CLI::App* const command = app.add_subcommand(name, help);
    command->add_option("--config", options.config, "the agent's configuration (YAML)")
        ->required()
        ->type_name("FILE");
    command->add_flag("--json", options.json, "print JSON");
    return command;
}

/// Hidden: the agent starts itself under this name to try content (client/trial.hpp).
CLI::App* add_trial(CLI::App& app, Options& options) {
    CLI::App* const command = app.add_subcommand("trial", "")->group("");
    command->add_option("--engine", options.engine)->required();
    command->add_option("--engine-build", options.engine_build)->required();
    command->add_option("--bundle", options.bundle)->required();
    command->add_option("--bundle-sha256", options.bundle_sha256)->required();
    command->add_option("--seconds-max", options.seconds_max)->check(CLI::Range(1, 600));
    command->add_option("--memory-bytes-max", options.memory_bytes_max);
    return command;
}

int dispatch(int argc, char** argv) {
    CLI::App app{"Keeps this endpoint's sensor on content it was allowed, and has lived with."};
    app.name("firebreak-agent");
    app.set_version_flag("--version", version_line("firebreak-agent"));
    app.footer(kFooter);
    app.require_subcommand(1);
    Options options;
    const CLI::App* const run = add_command(app, options, "run", "enrol if need be, then work");
    const CLI::App* const enrol = add_command(app, options, "enrol", "enrol with the token file");
    const CLI::App* const status = add_command(app, options, "status", "show how it stands");
    const CLI::App* const history =
        add_command(app, options, "history", "show what happened to content here");
    const CLI::App* const trial = add_trial(app, options);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? 0 : static_cast<int>(ExitCode::kUsage);
    }
    if (trial->parsed()) return try_bundle(options);

    const Terminal terminal(options.json);
    const PosixFileStore store;
    const Result<AgentConfig> config = load_config(store, options.config);
    if (!config) return end_with(ExitCode::kUsage, config.error());
    if (status->parsed()) return show_status(*config, terminal);
    if (history->parsed()) return show_history(*config, terminal);
    if (enrol->parsed()) {
        const auto enrolled = enrol_device(*config);
        if (!enrolled) return end_with(enrolled.error().code, enrolled.error().error);
        return show_identity(*enrolled, terminal);
    }
    FIREBREAK_CHECK(run->parsed());
    const auto ran = run_agent(*config);
    if (!ran) return end_with(ran.error().code, ran.error().error);
    return static_cast<int>(ExitCode::kDone);
}

}  // namespace
}  // namespace firebreak::client

int main(int argc, char** argv) {
    try {
        return firebreak::client::dispatch(argc, argv);
    } catch (const std::exception& error) {
        std::cerr << "firebreak-agent: " << error.what() << "\n";
        return 1;
    }
}
