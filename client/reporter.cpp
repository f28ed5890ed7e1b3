#include "client/reporter.hpp"

#include "core/base/check.hpp"
#include "core/base/errc.hpp"
#include "core/health/message_signature.hpp"

namespace firebreak::client {
namespace {

constexpr const char* kPath = "/v1/reports";
constexpr std::uint64_t kAnswerBytesMax = 16'384;

Result<ReportAnswer> parse_answer(const std::string& body, health::Kind kind) {
    const Result<json::value> value = parse_json(body);
    if (!value) return fail(value.error());
    const Result<JsonObject> object = JsonObject::of(*value, "answer");
    if (!object) return fail(object.error());
    const Result<bool> duplicate = object->boolean("duplicate");
    if (!duplicate) return fail(duplicate.error());
    const Result<bool> may_activate = object->boolean("may_activate");
    if (!may_activate) return fail(may_activate.error());
    return ReportAnswer{.duplicate = *duplicate,
                        .may_activate = *may_activate && kind == health::Kind::kActivating,
                        .dropped = false};
}

/// Statuses that say "this very message is wrong": it will not be right the next time either, and
/// must not block those behind it.
bool refused_for_good(unsigned status) {
    return status == 400 || status == 413 || status == 422;
}

}  // namespace

Reporter::Reporter(ServerLink& link, const Identity& identity, std::string stream,
                   Sha256 engine_build, health::Attributes attributes)
    : link_(link),
      identity_(identity),
      stream_(std::move(stream)),
      engine_build_(engine_build),
      attributes_(std::move(attributes)) {}

boost::asio::awaitable<Result<ReportAnswer>> Reporter::send(WaitingReport report,
                                                            std::chrono::sys_seconds created) {
    FIREBREAK_CHECK(report.sequence >= 1);
    const health::Report message{.device = identity_.device,
                                 .sequence = report.sequence,
                                 .kind = report.draft.kind,
                                 .stream = stream_,
                                 .counter = report.draft.counter,
                                 .to_counter = report.draft.to_counter,
                                 .engine_build = engine_build_,
                                 .time = report.time,
                                 .detail = report.draft.detail,
                                 .attributes = report.draft.kind == health::Kind::kActivating
                                                   ? attributes_
                                                   : health::Attributes{}};
    net::Request request{.method = "POST",
                         .target = kPath,
                         .headers = {{"Content-Type", "application/json"}},
                         .body = health::serialize_report(message)};
    const health::Message signed_message{
        .method = request.method, .path = request.target, .body = bytes_of(request.body)};
    health::SignedHeaders headers =
        health::sign_message(signed_message, identity_.device, identity_.mac_key.view(), created);
    request.headers["Content-Digest"] = std::move(headers.content_digest);
    request.headers["Signature-Input"] = std::move(headers.signature_input);
    request.headers["Signature"] = std::move(headers.signature);

    const Result<net::Response> response =
        co_await link_.exchange(std::move(request), kAnswerBytesMax);
    if (!response) co_return fail(response.error().seen_from("report"));
    if (response->status == 200) {
        Result<ReportAnswer> answer = parse_answer(response->body, report.draft.kind);
        if (!answer) co_return fail(answer.error().seen_from("report"));
        co_return answer;
    }
    if (refused_for_good(response->status)) {
        co_return ReportAnswer{.duplicate = false, .may_activate = false, .dropped = true};
    }
    co_return fail(error_of(*response, "report"));
}

}  // namespace firebreak::client
