#include "server/routes/routes.hpp"

#include "server/http/static_files.hpp"

namespace firebreak::server {
namespace {

boost::asio::awaitable<Answer> count(Metrics& metrics, const Route& route, RequestContext context) {
    Answer answer = co_await route.handler(std::move(context));
    metrics.count_request(route.method, route.pattern,
                          answer ? answer->response.status : answer.error().status);
    co_return answer;
}

boost::asio::awaitable<tl::expected<void, Problem>> count_refusals(Metrics& metrics,
                                                                   const Route& route,
                                                                   RequestContext& context) {
    tl::expected<void, Problem> admitted = co_await route.guard(context);
    if (!admitted) {
        metrics.count_request(route.method, route.pattern, admitted.error().status);
    }
    co_return admitted;
}

}  // namespace

void add_counted(Router& router, Service& service, Route route) {
    // Shared by the counting handler and guard, which the router keeps.
    const auto inner = std::make_shared<const Route>(std::move(route));
    Route counted{.method = inner->method,
                  .pattern = inner->pattern,
                  .handler =
                      [&service, inner](RequestContext context) {
                          return count(service.metrics, *inner, std::move(context));
                      },
                  .body_bytes_max = inner->body_bytes_max};
    if (inner->guard) {
        counted.guard = [&service, inner](RequestContext& context) {
            return count_refusals(service.metrics, *inner, context);
        };
    }
    router.add(std::move(counted));
}

void add_repository_routes(Router& router, Service& service) {
    const std::filesystem::path& root = service.settings.repository;
    add_counted(router, service,
                {.method = "GET",
                 .pattern = "/tuf/metadata/{path...}",
                 .handler = static_files({.root = root / "metadata"})});
    add_counted(router, service,
                {.method = "GET",
                 .pattern = "/tuf/targets/{path...}",
                 .handler = static_files({.root = root / "targets"})});
}

void add_routes(Router& router, Service& service) {
    add_repository_routes(router, service);
    add_probe_routes(router, service);
    add_device_routes(router, service);
    add_upload_routes(router, service);
    add_release_routes(router, service);
    add_rollout_routes(router, service);
    add_drill_routes(router, service);
    add_fleet_routes(router, service);
    add_token_routes(router, service);
    add_log_routes(router, service);
}

}  // namespace firebreak::server
