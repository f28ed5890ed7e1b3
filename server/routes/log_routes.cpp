#include "server/routes/guards.hpp"
#include "server/routes/routes.hpp"

namespace firebreak::server {
namespace {

constexpr std::int64_t kEntriesMax = 1'000;

boost::asio::awaitable<Answer> read_log(Service& service, RequestContext context) {
    const Result<void> known = context.query.only({"after", "limit"});
    if (!known) co_return refuse(input_problem(known.error()));
    const auto after = context.query.integer("after", 0, INT64_MAX);
    if (!after) co_return refuse(input_problem(after.error()));
    const auto limit = context.query.integer("limit", 1, kEntriesMax);
    if (!limit) co_return refuse(input_problem(limit.error()));

    const auto entries = co_await service.on_controller(
        [&] { return service.parts.store.entries(after->value_or(0), limit->value_or(100)); });
    if (!entries) co_return refuse(entries.error());
    json::array list;
    for (const rollout::LogEntry& entry : *entries) list.push_back(rollout::to_json(entry));
    const bool more = static_cast<std::int64_t>(list.size()) == limit->value_or(100);
    json::value next = more ? json::value(entries->back().sequence) : json::value(nullptr);
    co_return json_response(200, {{"entries", std::move(list)}, {"next", std::move(next)}});
}

}  // namespace

void add_log_routes(Router& router, Service& service) {
    add_counted(
        router, service,
        {.method = "GET",
         .pattern = "/v1/log",
         .handler =
             [&service](RequestContext context) { return read_log(service, std::move(context)); },
         .guard = allow_any_role(service)});
}

}  // namespace firebreak::server
