#include <cstdio>
#include <exception>

#include "cli/command_line.hpp"

int main(int argc, char** argv) {
    try {
        return firebreak::cli::run_command_line(argc, argv);
    } catch (const std::exception& bug) {
        (void)std::fprintf(stderr, "firebreak: internal error: %s\n", bug.what());
        return 1;
    }
}
