#include "server/routes/guards.hpp"

#include <algorithm>

#include "core/base/check.hpp"

namespace firebreak::server {
namespace {

using Admission = tl::expected<void, Problem>;
using Identified = tl::expected<Caller, Problem>;

tl::unexpected<Problem> unauthorized() {
    return refuse(Problem{.status = 401,
                          .name = "token-invalid",
                          .title = "A valid token is needed",
                          .detail = "send \"Authorization: Bearer <token>\"; it may have expired "
                                    "or been revoked",
                          .headers = {{"WWW-Authenticate", "Bearer realm=\"firebreak\""}}});
}

tl::unexpected<Problem> forbidden(Role role) {
    const std::string where = role == Role::kDriller ? ", which is for the stream of drills" : "";
    return refuse(Problem{.status = 403,
                          .name = "role-missing",
                          .title = "Your role may not do this",
                          .detail = "the token's role is " + std::string(name_of(role)) + where});
}

boost::asio::awaitable<Identified> identify(Service& service, std::optional<TokenText> token) {
    if (!token) co_return unauthorized();
    const Result<std::optional<ApiToken>> row =
        co_await service.on_controller([&] { return service.parts.store.token(token->id); });
    if (!row) co_return refuse(row.error());
    if (!*row || (*row)->revoked) co_return unauthorized();
    const ApiToken& known = **row;
    if (known.expires && *known.expires <= service.parts.clock.now()) co_return unauthorized();

    const auto now = service.parts.clock.steady();
    if (!service.verified.knows(*token, known.secret_hash, now)) {
        const bool matches = co_await service.on_worker(
            [&] { return secret_matches(known.secret_hash, token->secret); });
        if (!matches) co_return unauthorized();
        service.verified.remember(*token, known.secret_hash, now);
    }
    co_return Caller{known.id, known.name, known.role};
}

boost::asio::awaitable<Admission> admit(Service& service, const std::vector<Role>& roles,
                                        RequestContext& context) {
    std::optional<TokenText> token;
    if (const auto text = context.bearer_token()) token = parse_token(kApiTokenPrefix, *text);
    Identified caller = co_await identify(service, std::move(token));
    if (!caller) co_return refuse(std::move(caller.error()));
    if (std::ranges::find(roles, caller->role) == roles.end()) co_return forbidden(caller->role);
    context.caller = std::move(*caller);
    co_return Admission();
}

}  // namespace

const Caller& caller_of(const RequestContext& context) {
    const auto* caller = std::any_cast<Caller>(&context.caller);
    FIREBREAK_CHECK(caller != nullptr);
    return *caller;
}

Guard allow(Service& service, std::initializer_list<Role> roles) {
    return [&service, allowed = std::vector<Role>(roles)](RequestContext& context) {
        return admit(service, allowed, context);
    };
}

Guard allow_any_role(Service& service) {
    return allow(service, {Role::kViewer, Role::kAuthor, Role::kApprover, Role::kReleaseManager,
                           Role::kAdministrator, Role::kDriller});
}

tl::expected<void, Problem> may_touch(const Service& service, const Caller& caller,
                                      std::string_view stream) {
    if (caller.role != Role::kDriller) return {};
    const std::optional<DrillRules>& drill = service.parts.driver.drill_rules();
    if (!drill || stream != drill->stream) return forbidden(caller.role);
    return {};
}

}  // namespace firebreak::server
