#include "server/routes/guards.hpp"
#include "server/routes/routes.hpp"

namespace firebreak::server {
namespace {

/// A controller that has not ticked for so long is stuck: on a disk that hangs, most likely.
constexpr std::chrono::seconds kTickAgeMax{60};

boost::asio::awaitable<Answer> healthz(RequestContext) {
    co_return json_response(200, {{"status", "ok"}});
}

boost::asio::awaitable<Answer> readyz(Service& service, RequestContext) {
    Status status = service.metrics.status();
    if (status.not_ready.empty() && service.parts.clock.now() - status.ticked > kTickAgeMax) {
        status.not_ready = "the controller does not answer";
    }
    if (status.not_ready.empty()) co_return json_response(200, {{"status", "ok"}});
    co_return refuse(Problem{.status = 503,
                             .name = "not-ready",
                             .title = "The server is not ready",
                             .detail = std::move(status.not_ready),
                             .headers = {{"Retry-After", "5"}}});
}

boost::asio::awaitable<Answer> metrics(Service& service, RequestContext) {
    co_return net::Response{200,
                            {{"Content-Type", "text/plain; version=0.0.4"}},
                            service.metrics.text(service.parts.clock.now())};
}

}  // namespace

void add_probe_routes(Router& router, Service& service) {
    add_counted(router, service, {.method = "GET", .pattern = "/healthz", .handler = healthz});
    add_counted(
        router, service,
        {.method = "GET", .pattern = "/readyz", .handler = [&service](RequestContext context) {
             return readyz(service, std::move(context));
         }});
    // Not for everybody: it tells how far a rollout is and how large the fleet.
    add_counted(
        router, service,
        {.method = "GET",
         .pattern = "/metrics",
         .handler =
             [&service](RequestContext context) { return metrics(service, std::move(context)); },
         .guard = allow_any_role(service)});
}

}  // namespace firebreak::server
