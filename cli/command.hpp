#pragma once

#include <functional>
#include <string>

#include "core/base/clock.hpp"
#include "core/base/error.hpp"
#include "core/base/file_store.hpp"
#include "core/base/json.hpp"
#include "core/base/random.hpp"
#include "core/base/secret.hpp"

namespace firebreak::cli {

/// What a command has to say, in both forms. main() prints one of them.
struct Output {
    std::string text;  ///< For people; ends with a line feed unless empty.
    json::value data;  ///< For programs: printed as one JSON document with --json.
    int exit_code = 0;
};

/// What commands may use of the outside. Lives in main(), for as long as the program runs.
struct Context {
    FileStore& files;
    const Clock& clock;
    Random& random;

    /// Asks for a passphrase: from `passphrase_file` when it is not empty, else at the terminal
    /// without echo. @returns Errc::kUnavailable when there is neither.
    std::function<Result<SecretBytes>(const std::string& passphrase_file, std::string_view prompt)>
        passphrase;
};

/// Why a command failed, in the terms of its exit code (docs/cli.md).
enum class Errc {
    kRefused = 1,   ///< The server said no: a problem document (RFC 9457).
    kBadInput = 2,  ///< A file or option that a person gave is wrong.
};

std::error_code make_error_code(Errc code) noexcept;

/// 2 for bad input, 3 for a server that cannot be reached or whose TLS is not trusted, 1 otherwise.
int exit_code_of(const Error& error);

/// `error` as the one line that people read: where and what, and the system's word when it is the
/// system's.
std::string line_of(const Error& error);

}  // namespace firebreak::cli

template <>
struct std::is_error_code_enum<firebreak::cli::Errc> : std::true_type {};
