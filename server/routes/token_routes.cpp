#include <boost/json/value_from.hpp>

#include "core/base/errc.hpp"
#include "core/base/utc.hpp"
#include "server/access/token_desk.hpp"
#include "server/routes/guards.hpp"
#include "server/routes/request_text.hpp"
#include "server/routes/routes.hpp"

namespace firebreak::server {
namespace {

constexpr std::size_t kNameBytesMax = 64;
constexpr std::size_t kRingBytesMax = 32;
constexpr std::size_t kTagsMax = 16;
constexpr std::int64_t kExpiresSecondsMax = 10LL * 366 * 86'400;
constexpr std::int64_t kUsesMax = 10'000'000;

std::string text_of_time(Instant time) {
    return format_utc(std::chrono::floor<std::chrono::seconds>(time));
}

json::object token_view(const ApiToken& token) {
    return {{"id", token.id},
            {"name", token.name},
            {"role", name_of(token.role)},
            {"created", text_of_time(token.created)},
            {"expires", token.expires ? json::value(text_of_time(*token.expires)) : nullptr},
            {"revoked", token.revoked}};
}

Result<TokenOrder> token_order(const RequestContext& context) {
    const Result<json::value> body = context.json_body();
    if (!body) return fail(body.error());
    TokenOrder order;
    order.actor = caller_of(context).actor();
    Result<std::string> name = name_member(*body, "name", kNameBytesMax);
    if (!name) return fail(name.error());
    order.name = std::move(*name);
    const Result<std::string> role_name = printable_member(*body, "role", kNameBytesMax);
    if (!role_name) return fail(role_name.error());
    const Result<Role> role = role_of(*role_name);
    if (!role) return fail(role.error());
    order.role = *role;
    const Result<JsonObject> object = JsonObject::of(*body, "body");
    const json::value* expires = object->find("expires_seconds");
    if (expires != nullptr && !expires->is_null()) {
        const auto seconds = object->integer("expires_seconds", 0, kExpiresSecondsMax);
        if (!seconds) return fail(seconds.error());
        // 0, as null and absence: it does not expire.
        if (*seconds > 0) order.expires_after = std::chrono::seconds{*seconds};
    }
    return order;
}

boost::asio::awaitable<Answer> make_token(Service& service, RequestContext context) {
    const Result<TokenOrder> order = token_order(context);
    if (!order) co_return refuse(input_problem(order.error()));
    const Result<NewToken> made = co_await service.on_worker(
        [&] { return make_api_token(*order, service.parts.clock.now(), service.parts.random); });
    if (!made) co_return refuse(made.error());
    const Result<void> kept = co_await service.on_controller(
        [&] { return keep_token(service.parts.store, made->row, order->actor); });
    if (!kept) co_return refuse(kept.error());
    co_return json_response(201, {{"id", made->row.id}, {"token", made->text}});
}

boost::asio::awaitable<Answer> list_tokens(Service& service, RequestContext) {
    const auto tokens =
        co_await service.on_controller([&] { return service.parts.store.tokens(); });
    if (!tokens) co_return refuse(tokens.error());
    json::array views;
    for (const ApiToken& token : *tokens) views.push_back(token_view(token));
    co_return json_response(200, {{"tokens", std::move(views)}});
}

boost::asio::awaitable<Answer> delete_token(Service& service, RequestContext context) {
    const std::string id = context.parameter("id");
    const std::string actor = caller_of(context).actor();
    const Result<bool> revoked = co_await service.on_controller(
        [&] { return revoke_token(service.parts.store, id, actor, service.parts.clock.now()); });
    if (!revoked) co_return refuse(revoked.error());
    if (!*revoked) co_return refuse(Error(Errc::kNotFound, "token " + id));
    co_return empty_response(204);
}

struct EnrolmentOrder {
    EnrolmentToken row;
    std::string text;
};

Result<EnrolmentOrder> enrolment_order(Service& service, const RequestContext& context) {
    const Result<json::value> body = context.json_body();
    if (!body) return fail(body.error());
    Result<std::string> tenant = name_member(*body, "tenant", kNameBytesMax);
    if (!tenant) return fail(tenant.error());
    const Result<JsonObject> object = JsonObject::of(*body, "body");
    std::optional<std::string> ring;
    if (const json::value* named = object->find("ring"); named != nullptr && !named->is_null()) {
        Result<std::string> name = name_member(*body, "ring", kRingBytesMax);
        if (!name) return fail(name.error());
        ring = std::move(*name);
    }
    Result<std::vector<std::string>> tags = names_member(*body, "tags", kTagsMax, kNameBytesMax);
    if (!tags) return fail(tags.error());
    const Result<std::int64_t> uses = object->integer("uses", 1, kUsesMax);
    if (!uses) return fail(uses.error());
    const Result<std::int64_t> expires = object->integer("expires_seconds", 1, kExpiresSecondsMax);
    if (!expires) return fail(expires.error());

    const TokenText token = firebreak::server::make_token(service.parts.random);
    const Instant now = service.parts.clock.now();
    return EnrolmentOrder{
        {token.id, std::move(*tenant), std::move(ring), sha256(bytes_of(token.secret)), *uses, now,
         now + std::chrono::seconds{*expires}, std::move(*tags)},
        format_token(kEnrolmentTokenPrefix, token)};
}

boost::asio::awaitable<Answer> make_enrolment_token(Service& service, RequestContext context) {
    const Result<EnrolmentOrder> order = enrolment_order(service, context);
    if (!order) co_return refuse(input_problem(order.error()));
    const EnrolmentToken& row = order->row;
    const LogLine line{"enrolment-token.created",
                       caller_of(context).actor(),
                       json::object{{"id", row.id},
                                    {"tenant", row.tenant},
                                    {"ring", row.ring ? json::value(*row.ring) : nullptr},
                                    {"tags", json::value_from(row.tags)},
                                    {"uses", row.uses_left},
                                    {"expires", text_of_time(row.expires)}},
                       row.created,
                       {}};
    const Result<void> kept = co_await service.on_controller([&] {
        return service.parts.store.transact([&](StoreWriter& writer) -> Result<void> {
            if (const Result<void> added = writer.add_enrolment_token(row); !added) return added;
            const Result<rollout::LogEntry> entry = writer.append(line);
            if (!entry) return fail(entry.error());
            return {};
        });
    });
    if (!kept) co_return refuse(kept.error());
    co_return json_response(201, {{"id", row.id}, {"token", order->text}});
}

boost::asio::awaitable<Answer> whoami(Service&, RequestContext context) {
    const Caller& caller = caller_of(context);
    co_return json_response(200, {{"name", caller.name}, {"role", name_of(caller.role)}});
}

}  // namespace

void add_token_routes(Router& router, Service& service) {
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
    const auto administrators = [&] { return allow(service, {Role::kAdministrator}); };
    add("GET", "/v1/whoami", whoami, allow_any_role(service));
    add("POST", "/v1/tokens", make_token, administrators());
    add("GET", "/v1/tokens", list_tokens, administrators());
    add("DELETE", "/v1/tokens/{id}", delete_token, administrators());
    add("POST", "/v1/enrolment-tokens", make_enrolment_token, administrators());
}

}  // namespace firebreak::server
