#include "core/base/errc.hpp"
#include "server/routes/guards.hpp"
#include "server/routes/request_text.hpp"
#include "server/routes/routes.hpp"

namespace firebreak::server {
namespace {

constexpr std::int64_t kRolloutsMax = 100;
constexpr std::size_t kReasonBytesMax = 500;
constexpr std::size_t kRingBytesMax = 64;

/// Whether an order is of one ring, and says which.
bool names_ring(Steering steering) {
    return steering == Steering::kApprove || steering == Steering::kOverride ||
           steering == Steering::kGrant;
}

tl::unexpected<Problem> refuse_steering(const Error& error) {
    if (error != Errc::kConflict) return refuse(error);
    return refuse(Problem{.status = 409,
                          .name = "rollout-state",
                          .title = "The rollout's state does not allow this",
                          .detail = error.context()});
}

Result<rollout::RolloutId> rollout_in(const RequestContext& context) {
    const Result<std::int64_t> counter = context.integer("counter");
    if (!counter) return fail(counter.error());
    return rollout::RolloutId{context.parameter("stream"), *counter};
}

boost::asio::awaitable<Answer> list(Service& service, RequestContext context) {
    const Result<void> known = context.query.only({"limit"});
    if (!known) co_return refuse(input_problem(known.error()));
    const auto limit = context.query.integer("limit", 1, kRolloutsMax);
    if (!limit) co_return refuse(input_problem(limit.error()));
    Result<json::array> views = co_await service.on_controller(
        [&] { return service.parts.driver.views(limit->value_or(kRolloutsMax)); });
    if (!views) co_return refuse(views.error());
    co_return json_response(200, {{"rollouts", std::move(*views)}});
}

boost::asio::awaitable<Answer> show(Service& service, RequestContext context) {
    const Result<rollout::RolloutId> id = rollout_in(context);
    if (!id) co_return refuse(input_problem(id.error()));
    Result<json::object> view =
        co_await service.on_controller([&] { return service.parts.driver.view(*id); });
    if (!view) co_return refuse(view.error());
    co_return json_response(200, std::move(*view));
}

boost::asio::awaitable<Answer> steer(Service& service, Steering steering, RequestContext context) {
    const Result<rollout::RolloutId> id = rollout_in(context);
    if (!id) co_return refuse(input_problem(id.error()));
    if (const auto may = may_touch(service, caller_of(context), id->stream); !may) {
        co_return refuse(may.error());
    }
    const Result<json::value> body = context.json_body();
    if (!body) co_return refuse(input_problem(body.error()));
    const Result<std::string> reason = printable_member(*body, "reason", kReasonBytesMax);
    if (!reason) co_return refuse(input_problem(reason.error()));

    const Caller& caller = caller_of(context);
    SteeringOrder order{*id, steering, caller.actor(), caller.name, *reason};
    if (names_ring(steering)) {
        Result<std::string> ring = printable_member(*body, "ring", kRingBytesMax);
        if (!ring) co_return refuse(input_problem(ring.error()));
        order.ring = std::move(*ring);
    }
    Result<json::object> view = co_await service.on_controller([&]() -> Result<json::object> {
        if (const Result<void> done = service.parts.driver.steer(order); !done) {
            return fail(done.error());
        }
        return service.parts.driver.view(*id);
    });
    if (!view) co_return refuse_steering(view.error());
    co_return json_response(200, std::move(*view));
}

}  // namespace

void add_rollout_routes(Router& router, Service& service) {
    add_counted(
        router, service,
        {.method = "GET",
         .pattern = "/v1/rollouts",
         .handler =
             [&service](RequestContext context) { return list(service, std::move(context)); },
         .guard = allow_any_role(service)});
    add_counted(
        router, service,
        {.method = "GET",
         .pattern = "/v1/rollouts/{stream}/{counter}",
         .handler =
             [&service](RequestContext context) { return show(service, std::move(context)); },
         .guard = allow_any_role(service)});
    const auto add = [&](const char* word, Steering steering, Guard guard) {
        add_counted(router, service,
                    {.method = "POST",
                     .pattern = std::string("/v1/rollouts/{stream}/{counter}/") + word,
                     .handler =
                         [&service, steering](RequestContext context) {
                             return steer(service, steering, std::move(context));
                         },
                     .guard = std::move(guard)});
    };
    // Whoever sees smoke may stop a rollout; going on takes a release manager.
    add("hold", Steering::kHold, allow(service, {Role::kReleaseManager, Role::kApprover}));
    add("halt", Steering::kHalt,
        allow(service, {Role::kReleaseManager, Role::kApprover, Role::kDriller}));
    add("approve", Steering::kApprove, allow(service, {Role::kReleaseManager, Role::kApprover}));
    add("override", Steering::kOverride, allow(service, {Role::kReleaseManager}));
    add("grant", Steering::kGrant, allow(service, {Role::kReleaseManager, Role::kApprover}));
    add("resume", Steering::kResume, allow(service, {Role::kReleaseManager}));
}

}  // namespace firebreak::server
