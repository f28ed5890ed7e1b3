#include "cli/fleet.hpp"

#include <boost/json/serialize.hpp>
#include <boost/json/value_from.hpp>

#include "cli/table.hpp"

namespace firebreak::cli {
namespace {

std::string cell(const json::object& row, std::string_view name) {
    const json::value* value = row.if_contains({name.data(), name.size()});
    if (value == nullptr || value->is_null()) return "-";
    return value->is_string() ? std::string(value->get_string()) : json::serialize(*value);
}

/// answer[list] as a table of `columns`, which are member names.
Result<std::string> tabulate(const json::value& answer, std::string_view list,
                             const std::vector<std::string>& columns) {
    const Result<JsonObject> object = JsonObject::of(answer, "answer");
    if (!object) return fail(object.error());
    const Result<const json::array*> rows = object->array(list);
    if (!rows) return fail(rows.error());
    Table table(columns);
    for (const json::value& row : **rows) {
        const Result<JsonObject> fields = JsonObject::of(row, std::string(list));
        if (!fields) return fail(fields.error());
        std::vector<std::string> cells;
        for (const std::string& column : columns) cells.push_back(cell(fields->raw(), column));
        table.add(std::move(cells));
    }
    return table.render();
}

Result<Output> get_table(ApiClient& api, const std::string& path, std::string_view list,
                         const std::vector<std::string>& columns) {
    Result<json::value> answer = api.call("GET", path);
    if (!answer) return fail(answer.error());
    Result<std::string> text = tabulate(*answer, list, columns);
    if (!text) return fail(text.error());
    return Output{.text = std::move(*text), .data = std::move(*answer)};
}

Result<Output> post_for_token(ApiClient& api, const std::string& path, const json::value& body) {
    Result<json::value> answer = api.call("POST", path, json::serialize(body));
    if (!answer) return fail(answer.error());
    const Result<JsonObject> fields = JsonObject::of(*answer, "answer");
    if (!fields) return fail(fields.error());
    const Result<std::string> token = fields->string("token");
    if (!token) return fail(token.error());
    return Output{.text = *token + "\n", .data = std::move(*answer)};
}

}  // namespace

Result<std::string> plain(const std::string& text, const std::string& what) {
    const bool safe = !text.empty() && text.size() <= 100 &&
                      text.find_first_not_of(
                          "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                          "0123456789_-") == std::string::npos;
    if (!safe) return fail(Errc::kBadInput, "'" + text + "' is no " + what);
    return text;
}

Result<Output> list_fleet(ApiClient& api, const std::string& ring) {
    // The API answers in pages; people and scripts want the fleet.
    json::array devices;
    std::string after;
    for (;;) {
        std::string path = "/v1/fleet?limit=500";
        if (!ring.empty()) {
            const Result<std::string> name = plain(ring, "ring name");
            if (!name) return fail(name.error());
            path += "&ring=" + *name;
        }
        if (!after.empty()) path += "&after=" + after;
        const Result<json::value> page = api.call("GET", path);
        if (!page) return fail(page.error());
        const Result<JsonObject> fields = JsonObject::of(*page, "answer");
        if (!fields) return fail(fields.error());
        const Result<const json::array*> rows = fields->array("devices");
        if (!rows) return fail(rows.error());
        devices.insert(devices.end(), (*rows)->begin(), (*rows)->end());
        const Result<std::string> next = fields->string("next");
        if (!next || next->empty() || (*rows)->empty()) break;
        const Result<std::string> cursor = plain(*next, "cursor");
        if (!cursor) return fail(cursor.error());
        after = *cursor;
    }
    json::value all = {{"devices", std::move(devices)}};
    Result<std::string> text =
        tabulate(all, "devices", {"device", "tenant", "ring", "counter", "last_seen"});
    if (!text) return fail(text.error());
    return Output{.text = std::move(*text), .data = std::move(all)};
}

Result<Output> show_device(ApiClient& api, const std::string& device) {
    const Result<std::string> id = plain(device, "device id");
    if (!id) return fail(id.error());
    Result<json::value> answer = api.call("GET", "/v1/fleet/" + *id);
    if (!answer) return fail(answer.error());
    return Output{.text = pretty_json(*answer), .data = std::move(*answer)};
}

Result<Output> revoke_device(ApiClient& api, const std::string& device) {
    const Result<std::string> id = plain(device, "device id");
    if (!id) return fail(id.error());
    const Result<json::value> answer = api.call("DELETE", "/v1/fleet/" + *id);
    if (!answer) return fail(answer.error());
    return Output{.text = "device " + device + " revoked\n", .data = {{"revoked", device}}};
}

Result<Output> show_census(ApiClient& api) {
    return get_table(api, "/v1/census", "builds", {"sha256", "ring", "devices"});
}

json::object enrolment_token_body(const EnrolmentTokenOptions& options) {
    json::object body{{"tenant", options.tenant},
                      {"uses", options.uses},
                      {"expires_seconds", options.expires_seconds}};
    if (!options.ring.empty()) body["ring"] = options.ring;
    if (!options.tags.empty()) body["tags"] = json::value_from(options.tags);
    return body;
}

Result<Output> make_enrolment_token(ApiClient& api, const EnrolmentTokenOptions& options) {
    return post_for_token(api, "/v1/enrolment-tokens", enrolment_token_body(options));
}

Result<Output> make_token(ApiClient& api, const TokenOptions& options) {
    return post_for_token(api, "/v1/tokens",
                          {{"name", options.name},
                           {"role", options.role},
                           {"expires_seconds", options.expires_seconds}});
}

Result<Output> list_tokens(ApiClient& api) {
    return get_table(api, "/v1/tokens", "tokens", {"id", "name", "role", "expires", "revoked"});
}

Result<Output> revoke_token(ApiClient& api, const std::string& id) {
    const Result<std::string> name = plain(id, "token id");
    if (!name) return fail(name.error());
    const Result<json::value> answer = api.call("DELETE", "/v1/tokens/" + *name);
    if (!answer) return fail(answer.error());
    return Output{.text = "token " + id + " revoked\n", .data = {{"revoked", id}}};
}

}  // namespace firebreak::cli
