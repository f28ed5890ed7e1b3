// The sub-commands that need a server.

#include <poll.h>

#include <memory>

#include "cli/device_explain.hpp"
#include "cli/drill.hpp"
#include "cli/event_log.hpp"
#include "cli/fleet.hpp"
#include "cli/program.hpp"
#include "cli/release.hpp"
#include "cli/rollouts.hpp"

namespace firebreak::cli {
namespace {

/// A sub-command that takes at most one text and asks the server.
void add_query(CLI::App* parent, Program& program, const std::string& name, const std::string& help,
               const std::string& option,
               std::function<Result<Output>(ApiClient&, const std::string&)> query) {
    auto text = std::make_shared<std::string>();
    CLI::App* command = parent->add_subcommand(name, help);
    add_connection(command, program);
    if (!option.empty()) {
        CLI::Option* added = command->add_option(option, *text);
        if (option.front() != '-') added->required();
    }
    command->callback([&program, text, query = std::move(query)] {
        program.command = [&program, text, query] {
            ApiClient api = program.api();
            return query(api, *text);
        };
    });
}

void add_device_explain(CLI::App* fleet, Program& program) {
    auto device = std::make_shared<std::string>();
    auto stream = std::make_shared<std::string>();
    CLI::App* explain = fleet->add_subcommand(
        "explain", "Why a device has, or has not, the newest release of each stream");
    add_connection(explain, program);
    explain->add_option("DEVICE", *device)->required();
    explain->add_option("--stream", *stream, "Of this stream alone");
    explain->callback([&program, device, stream] {
        program.command = [&program, device, stream] {
            ApiClient api = program.api();
            return explain_device(api, *device, *stream);
        };
    });
}

}  // namespace

void add_connection(CLI::App* app, Program& program) {
    app->add_option("--server", program.connection.server, "Base URL of firebreakd (https)");
    app->add_option("--ca", program.connection.ca, "PEM file of the only roots to trust");
    app->add_option("--token-file", program.connection.token_file,
                    "File with your API token, readable by you alone");
}

void add_release(CLI::App& root, Program& program) {
    auto options = std::make_shared<PublishOptions>();
    CLI::App* publish_command = root.add_subcommand("publish", "Upload a signed release");
    add_connection(publish_command, program);
    publish_command->add_option("--bundle", options->bundle, "The packed bundle")->required();
    publish_command->add_option("--attestation", options->attestation, "Its attestation")
        ->required();
    publish_command->add_option("--content", options->content, "Signed content metadata")
        ->required();
    publish_command->add_option("--plan", options->plan, "Ring plan")->required();
    publish_command->callback([&program, options] {
        program.command = [&program, options] {
            ApiClient api = program.api();
            return publish(program.context, api, *options);
        };
    });
    auto out = std::make_shared<std::string>();
    CLI::App* fetch = root.add_subcommand("content-role", "Save the newest content metadata");
    add_connection(fetch, program);
    fetch->add_option("--out", *out, "File to write")->required();
    fetch->callback([&program, out] {
        program.command = [&program, out] {
            ApiClient api = program.api();
            return fetch_content_role(program.context, api, *out);
        };
    });
}

void add_drill(CLI::App& root, Program& program) {
    auto options = std::make_shared<DrillOptions>();
    CLI::App* drill = root.add_subcommand(
        "drill", "Fire drill: release what reports sick on purpose, and see the halt come");
    drill->footer(
        "FOLDER holds drills that were signed beforehand: N.fbb with N.attestation.json each,\n"
        "content.json, which lists them, and plan.yaml. Each run takes the next one.\n"
        "Exit codes: 0 the halt came; 1 it did not, or the server refused; 2 usage or a bad file,\n"
        "also when all drills are used up; 3 server not reachable.");
    add_connection(drill, program);
    drill->add_option("--release", options->release, "Folder of signed drills")->required();
    drill->add_option("--root", options->root, "1.root.json, as agents have it")->required();
    drill->add_option("--state", options->state, "Folder that keeps the drill's devices")
        ->required();
    drill->add_option("--enrol-token-file", options->enrolment_token_file,
                      "Token that devices enrol with which are not in --state yet");
    drill->add_option("--devices", options->devices, "How many report sick")
        ->check(CLI::Range(1, kDrillDevicesMax))
        ->capture_default_str();
    drill->add_option("--within", options->within, "By when the halt must have come")
        ->capture_default_str();
    drill->callback([&program, options] {
        options->pause = [](std::chrono::milliseconds pause) {
            // Nobody tells a client of a halt: it looks, as agents do.
            (void)::poll(nullptr, 0, static_cast<int>(pause.count()));
        };
        program.command = [&program, options] {
            ApiClient api = program.api();
            return hold_drill(program.context, api, *options);
        };
    });
}

void add_rollout(CLI::App& root, Program& program) {
    CLI::App* rollout = root.add_subcommand("rollout", "Watch and steer rollouts");
    rollout->require_subcommand(1);
    CLI::App* list = rollout->add_subcommand("list", "All rollouts, newest first");
    add_connection(list, program);
    list->callback([&program] {
        program.command = [&program] {
            ApiClient api = program.api();
            return list_rollouts(api);
        };
    });
    auto name = std::make_shared<std::string>();
    using Look = Result<Output> (*)(ApiClient&, const std::string&);
    const auto add_look = [&](const char* verb, const char* help, Look look) {
        CLI::App* command = rollout->add_subcommand(verb, help);
        add_connection(command, program);
        command->add_option("ROLLOUT", *name, "STREAM/COUNTER")->required();
        command->callback([&program, name, look] {
            program.command = [&program, name, look] {
                ApiClient api = program.api();
                return look(api, *name);
            };
        });
    };
    add_look("show", "One rollout: rings, evidence, bound", &show_rollout);
    add_look("explain", "Why it is where it is: what it waits for, and what would halt it",
             &explain_rollout);
    auto reason = std::make_shared<std::string>();
    auto ring = std::make_shared<std::string>();
    struct Action {
        std::string name;
        std::string help;
        bool of_ring = false;
    };
    const std::vector<Action> actions{
        {"hold", "Stop widening; devices keep what they have"},
        {"resume", "Go on with a held rollout; what the evidence held takes two people"},
        {"halt", "End the rollout and recall its content; final"},
        {"approve", "Say that the ring that is next may open; each person counts once", true},
        {"override", "Ask that what the ring in front waits for be passed over", true},
        {"grant", "Grant the override that another person asked for", true}};
    for (const Action& action : actions) {
        CLI::App* change = rollout->add_subcommand(action.name, action.help);
        add_connection(change, program);
        change->add_option("ROLLOUT", *name, "STREAM/COUNTER")->required();
        if (action.of_ring) change->add_option("--ring", *ring, "The ring it is of")->required();
        change->add_option("--reason", *reason, "Goes into the log")->required();
        change->callback([&program, name, reason, ring, word = action.name] {
            program.command = [&program, name, reason, ring, word] {
                ApiClient api = program.api();
                return change_rollout(api, *name, {word, *reason, *ring});
            };
        });
    }
}

void add_fleet(CLI::App& root, Program& program) {
    CLI::App* fleet = root.add_subcommand("fleet", "Devices, their builds, their enrolment");
    fleet->require_subcommand(1);
    add_query(fleet, program, "list", "Devices and what they run", "--ring", &list_fleet);
    add_query(fleet, program, "show", "One device", "DEVICE", &show_device);
    add_device_explain(fleet, program);
    add_query(fleet, program, "revoke", "Refuse a device from now on", "DEVICE", &revoke_device);
    add_query(fleet, program, "census", "Engine builds alive, by ring", "",
              [](ApiClient& api, const std::string&) { return show_census(api); });
    auto options = std::make_shared<EnrolmentTokenOptions>();
    CLI::App* enrol = fleet->add_subcommand("enrol-token", "Make a token that devices enrol with");
    add_connection(enrol, program);
    enrol->add_option("--tenant", options->tenant, "Whose devices")->required();
    enrol->add_option("--ring", options->ring,
                      "Ring they join; without it the server's rules place them");
    enrol->add_option("--tag", options->tags, "For those rules; may be given several times");
    enrol->add_option("--uses", options->uses, "How many devices")->capture_default_str();
    enrol->add_option("--expires-seconds", options->expires_seconds)->capture_default_str();
    enrol->callback([&program, options] {
        program.command = [&program, options] {
            ApiClient api = program.api();
            return make_enrolment_token(api, *options);
        };
    });
}

void add_token(CLI::App& root, Program& program) {
    CLI::App* token = root.add_subcommand("token", "API tokens of people and programs");
    token->require_subcommand(1);
    auto options = std::make_shared<TokenOptions>();
    CLI::App* create = token->add_subcommand("create", "Make a token; it is shown once");
    add_connection(create, program);
    create->add_option("--name", options->name, "Who it is for")->required();
    create
        ->add_option("--role", options->role,
                     "viewer, author, approver, release-manager, administrator or driller")
        ->required();
    create->add_option("--expires-seconds", options->expires_seconds)->capture_default_str();
    create->callback([&program, options] {
        program.command = [&program, options] {
            ApiClient api = program.api();
            return make_token(api, *options);
        };
    });
    add_query(token, program, "list", "Tokens, without their secrets", "",
              [](ApiClient& api, const std::string&) { return list_tokens(api); });
    add_query(token, program, "revoke", "End a token at once", "ID", &revoke_token);
}

void add_log(CLI::App& root, Program& program) {
    CLI::App* log = root.add_subcommand("log", "The append-only, hash-chained log");
    log->require_subcommand(1);
    auto after = std::make_shared<std::int64_t>(0);
    auto out = std::make_shared<std::string>();
    CLI::App* show = log->add_subcommand("show", "Print or save the log, oldest entry first");
    add_connection(show, program);
    show->add_option("--after", *after, "Only entries past this sequence number");
    show->add_option("--out", *out, "Save it, one JSON object a line");
    show->callback([&program, after, out] {
        program.command = [&program, after, out] {
            ApiClient api = program.api();
            return show_log(program.context, api, *after, *out);
        };
    });
    auto file = std::make_shared<std::string>();
    CLI::App* verify = log->add_subcommand("verify", "Check the chain, of a server or of a file");
    add_connection(verify, program);
    verify->add_option("--file", *file, "A log saved by 'log show --out'; needs no server");
    verify->callback([&program, file] {
        program.command = [&program, file] {
            if (!file->empty()) return verify_log_file(program.context, *file);
            ApiClient api = program.api();
            return verify_log(api);
        };
    });
    CLI::App* replay =
        log->add_subcommand("replay", "Make every decision again from the log alone, and compare");
    add_connection(replay, program);
    replay->add_option("--file", *file, "A log saved by 'log show --out'; needs no server");
    auto evidence_of = std::make_shared<std::string>();
    replay->add_option("--evidence", *evidence_of,
                       "A rollout, STREAM/COUNTER: show how the evidence against it went");
    replay->callback([&program, file, evidence_of] {
        program.command = [&program, file, evidence_of] {
            if (!file->empty()) return replay_log_file(program.context, *file, *evidence_of);
            ApiClient api = program.api();
            return replay_log(api, *evidence_of);
        };
    });
}

}  // namespace firebreak::cli
