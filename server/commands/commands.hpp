#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "core/base/error.hpp"
#include "core/base/json.hpp"
#include "server/config.hpp"
#include "server/store/store.hpp"

namespace firebreak::server {

/// How firebreakd ends.
enum class ExitCode {
    kDone = 0,
    kFailed = 1,
    kBadInput = 2,     ///< Usage, or the configuration.
    kCannotStart = 3,  ///< Port taken, key, disk, another server on the state folder.
};

/// Why a command did not do what it was asked for.
struct Failure {
    ExitCode code = ExitCode::kFailed;
    Error error;
};

/// What a command says when it is done, for people and as JSON.
struct Output {
    std::string text;
    json::value data;
};

using Outcome = tl::expected<Output, Failure>;

[[nodiscard]] inline tl::unexpected<Failure> end_with(ExitCode code, const Error& error) {
    return tl::unexpected<Failure>(Failure{code, error});
}

struct InitOptions {
    std::filesystem::path root, targets, content;
};

/// Makes the state folder from the files of a key ceremony. Doing it again after a failure finishes
/// the work; doing it after a success changes nothing and fails.
Outcome init(const Config& config, const InitOptions& options);

struct ServeOptions {
    std::optional<std::filesystem::path> port_file;  ///< Gets the port, once it is open.
};

/// Serves until SIGTERM or SIGINT.
Outcome serve(const Config& config, const ServeOptions& options);

struct TokenCreateOptions {
    std::string name;
    std::string role;
    std::string expires;  ///< "30d", "12h"; empty: never.
};

/// Work beside a running server, too.
Outcome create_token(const Config& config, const TokenCreateOptions& options);
Outcome list_tokens(const Config& config);
Outcome revoke_token(const Config& config, const std::string& id);

}  // namespace firebreak::server
