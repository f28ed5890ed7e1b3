#pragma once

#include <CLI/CLI.hpp>
#include <functional>

#include "cli/api_client.hpp"
#include "cli/command.hpp"

namespace firebreak::cli {

/// One run of the program: what the chosen sub-command will do, once parsing is over.
struct Program {
    explicit Program(const Context& of) : context(of) {}

    const Context& context;
    Connection connection;
    std::function<Result<Output>()> command;

    ApiClient api() const { return {context, connection}; }
};

/// Adds --server, --ca and --token-file.
void add_connection(CLI::App* app, Program& program);

/// Each adds a group of sub-commands that ask or tell a server, to `root`.
void add_release(CLI::App& root, Program& program);
void add_drill(CLI::App& root, Program& program);
void add_rollout(CLI::App& root, Program& program);
void add_fleet(CLI::App& root, Program& program);
void add_token(CLI::App& root, Program& program);
void add_log(CLI::App& root, Program& program);

}  // namespace firebreak::cli
