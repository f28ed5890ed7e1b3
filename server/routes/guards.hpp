#pragma once

#include <initializer_list>

#include "server/access/caller.hpp"
#include "server/http/router.hpp"
#include "server/routes/service.hpp"

namespace firebreak::server {

/// Lets in operators with a valid token of one of `roles`, and leaves a Caller for the handler.
///
/// Each request looks the token's row up, so that a revocation takes effect at once; argon2 runs
/// once a minute and token.
///
/// Problems: 401 token-invalid for no token, an unknown, revoked or expired one, or a wrong secret
///   (all the same answer); 403 role-missing for a role that may not.
/// @param service  Must outlive the guard.
Guard allow(Service& service, std::initializer_list<Role> roles);

/// The same for every role.
Guard allow_any_role(Service& service);

/// Whether `caller`, whose role may do it somewhere, may do it to `stream`: a driller to that of
/// drills alone. Problem: 403 role-missing.
tl::expected<void, Problem> may_touch(const Service& service, const Caller& caller,
                                      std::string_view stream);

}  // namespace firebreak::server
