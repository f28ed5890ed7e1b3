#include <boost/json/value_from.hpp>

#include "core/base/errc.hpp"
#include "core/base/utc.hpp"
#include "server/rollout/device_view.hpp"
#include "server/routes/guards.hpp"
#include "server/routes/routes.hpp"

namespace firebreak::server {
namespace {

constexpr std::int64_t kDevicesMax = 1'000;

std::string text_of_time(Instant time) {
    return format_utc(std::chrono::floor<std::chrono::seconds>(time));
}

json::object device_view(const Device& device) {
    json::object running;
    for (const auto& [stream, counter] : device.running) running[stream] = counter;
    // Most devices follow one stream; for them one column says it all.
    const json::value counter = device.running.size() == 1
                                    ? json::value(device.running.begin()->second)
                                    : json::value(nullptr);
    return {{"device", device.id},
            {"tenant", device.tenant},
            {"ring", device.ring},
            {"placed", placement_view(device)},
            {"tags", json::value_from(device.tags)},
            {"engine_build", device.engine_build.hex()},
            {"counter", counter},
            {"running", std::move(running)},
            {"attributes", device.attributes},
            {"enrolled", text_of_time(device.enrolled)},
            {"last_seen", text_of_time(device.last_seen)},
            {"revoked", device.revoked}};
}

Result<DeviceQuery> query_in(const RequestContext& context) {
    if (const Result<void> known = context.query.only({"ring", "limit", "after"}); !known) {
        return fail(known.error());
    }
    const auto limit = context.query.integer("limit", 1, kDevicesMax);
    if (!limit) return fail(limit.error());
    DeviceQuery query;
    query.limit = limit->value_or(query.limit);
    if (const std::string* ring = context.query.find("ring")) query.ring = *ring;
    if (const std::string* after = context.query.find("after")) query.after = *after;
    return query;
}

boost::asio::awaitable<Answer> list(Service& service, RequestContext context) {
    const Result<DeviceQuery> query = query_in(context);
    if (!query) co_return refuse(input_problem(query.error()));
    const auto devices =
        co_await service.on_controller([&] { return service.parts.store.devices(*query); });
    if (!devices) co_return refuse(devices.error());
    json::array views;
    for (const Device& device : *devices) views.push_back(device_view(device));
    const bool more = static_cast<std::int64_t>(devices->size()) == query->limit;
    json::value next = more ? json::value(devices->back().id) : json::value(nullptr);
    co_return json_response(200, {{"devices", std::move(views)}, {"next", std::move(next)}});
}

boost::asio::awaitable<Answer> show(Service& service, RequestContext context) {
    const std::string id = context.parameter("device");
    const auto device =
        co_await service.on_controller([&] { return service.parts.store.device(id); });
    if (!device) co_return refuse(device.error());
    if (!*device) co_return refuse(Error(Errc::kNotFound, "device " + id));
    co_return json_response(200, device_view(**device));
}

/// Where the device stands in each release, and why.
boost::asio::awaitable<Answer> explain(Service& service, RequestContext context) {
    const Result<void> asked = context.query.only({"stream"});
    if (!asked) co_return refuse(input_problem(asked.error()));
    std::optional<std::string> stream;
    if (const std::string* name = context.query.find("stream")) stream = *name;
    const std::string id = context.parameter("device");
    Result<json::object> view =
        co_await service.on_controller([&] { return service.parts.driver.explain(id, stream); });
    if (!view && view.error() == Errc::kNotFound) {
        Problem problem = problem_of(view.error());
        problem.detail = view.error().context();
        co_return refuse(std::move(problem));
    }
    if (!view) co_return refuse(view.error());
    co_return json_response(200, std::move(*view));
}

/// Its reports are refused from now on, and its key cannot enrol again.
boost::asio::awaitable<Answer> revoke(Service& service, RequestContext context) {
    const std::string id = context.parameter("device");
    const std::string actor = caller_of(context).actor();
    const Result<void> revoked = co_await service.on_controller([&] {
        return service.parts.store.transact([&](StoreWriter& writer) -> Result<void> {
            if (const Result<void> done = writer.revoke_device(id); !done) return done;
            const Result<rollout::LogEntry> entry = writer.append({"device.revoked",
                                                                   actor,
                                                                   json::object{{"device", id}},
                                                                   service.parts.clock.now(),
                                                                   {}});
            if (!entry) return fail(entry.error());
            return {};
        });
    });
    if (!revoked) co_return refuse(revoked.error());
    co_return empty_response(204);
}

boost::asio::awaitable<Answer> census(Service& service, RequestContext) {
    const Instant since = service.parts.clock.now() - service.settings.device_active;
    const auto lines = co_await service.on_controller(
        [&] { return service.parts.store.census(since, service.parts.driver.real_devices()); });
    if (!lines) co_return refuse(lines.error());
    json::array builds;
    for (const CensusLine& line : *lines) {
        builds.push_back(json::object{
            {"sha256", line.engine_build.hex()}, {"ring", line.ring}, {"devices", line.devices}});
    }
    co_return json_response(200, {{"builds", std::move(builds)}});
}

}  // namespace

void add_fleet_routes(Router& router, Service& service) {
    using Work = boost::asio::awaitable<Answer> (*)(Service&, RequestContext);
    const auto add = [&](const char* method, const char* pattern, Work work, Guard guard) {
        add_counted(
            router, service,
            {.method = method,
             .pattern = pattern,
             .handler = [&service, work](
                            RequestContext context) { return work(service, std::move(context)); },
             .guard = std::move(guard)});
    };
    add("GET", "/v1/fleet", list, allow_any_role(service));
    add("GET", "/v1/fleet/{device}", show, allow_any_role(service));
    add("GET", "/v1/fleet/{device}/explain", explain, allow_any_role(service));
    add("DELETE", "/v1/fleet/{device}", revoke, allow(service, {Role::kAdministrator}));
    add("GET", "/v1/census", census, allow_any_role(service));
}

}  // namespace firebreak::server
