#pragma once

namespace firebreak::cli {

/// The program `firebreak`: reads the arguments, runs one command and prints what it says.
///
/// @returns the exit code: 0 done; 1 refused or failed; 2 usage, or a file a person gave is bad;
///   3 the server cannot be reached or its TLS is not trusted. docs/cli.md.
int run_command_line(int argc, char** argv);

}  // namespace firebreak::cli
