#pragma once

#include <string>

#include "server/http/request.hpp"
#include "server/store/store.hpp"

namespace firebreak::server {

/// An operator whose token was verified for this request.
struct Caller {
    std::string token_id;
    std::string name;
    Role role = Role::kViewer;

    /// How the log calls them.
    std::string actor() const { return "operator:" + name; }
};

/// @pre the route has a guard from routes/guards.hpp, which put the caller there.
const Caller& caller_of(const RequestContext& context);

}  // namespace firebreak::server
