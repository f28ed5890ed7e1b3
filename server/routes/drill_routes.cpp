#include "server/routes/guards.hpp"
#include "server/routes/routes.hpp"

namespace firebreak::server {
namespace {

boost::asio::awaitable<Answer> show(Service& service, RequestContext) {
    const Driver& driver = service.parts.driver;
    if (!driver.drill_rules()) {
        co_return refuse(Problem{.status = 404,
                                 .name = "drill-not-configured",
                                 .title = "This server holds no drills",
                                 .detail =
                                     "no drills here: name the vendor's ring in firebreakd's "
                                     "configuration, drill: {ring: NAME}, and start it again"});
    }
    const auto last = co_await service.on_controller(
        [&]() -> Result<std::optional<DrillResult>> { return service.parts.driver.last_drill(); });
    if (!last) co_return refuse(last.error());
    co_return json_response(200, drill_view(*driver.drill_rules(), *last));
}

}  // namespace

void add_drill_routes(Router& router, Service& service) {
    add_counted(
        router, service,
        {.method = "GET",
         .pattern = "/v1/drill",
         .handler =
             [&service](RequestContext context) { return show(service, std::move(context)); },
         .guard = allow_any_role(service)});
}

}  // namespace firebreak::server
