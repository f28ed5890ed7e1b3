#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "core/base/clock.hpp"
#include "core/base/random.hpp"
#include "server/access/token.hpp"
#include "server/store/store.hpp"

namespace firebreak::server {

/// What is asked for when a token is made.
struct TokenOrder {
    std::string name;
    Role role = Role::kViewer;
    std::optional<std::chrono::seconds> expires_after;
    std::string actor;  ///< Who made it, for the log.
};

/// A token as it is shown once, and the row that is kept of it.
struct NewToken {
    std::string text;
    ApiToken row;
};

/// Makes a token; keeps nothing yet. Runs argon2: not on an I/O thread.
[[nodiscard]] Result<NewToken> make_api_token(const TokenOrder& order, Instant now, Random& random);

/// Writes down a new token, and in the log that there is one: its name and role, no secret.
[[nodiscard]] Result<void> keep_token(Store& store, const ApiToken& row, const std::string& actor);

/// @returns false when there is no such token, or it was revoked before.
[[nodiscard]] Result<bool> revoke_token(Store& store, const std::string& id,
                                        const std::string& actor, Instant now);

}  // namespace firebreak::server
