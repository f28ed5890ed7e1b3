#include "core/base/encoding.hpp"
#include "core/base/errc.hpp"
#include "core/health/message_signature.hpp"
#include "core/health/report.hpp"
#include "server/access/enrolment.hpp"
#include "server/routes/routes.hpp"

namespace firebreak::server {
namespace {

constexpr std::uint64_t kEnrolBytesMax = 16'384;

tl::unexpected<Problem> bad_signature() {
    return refuse(Problem{.status = 401,
                          .name = "signature-invalid",
                          .title = "The report's signature does not hold",
                          .detail = "unknown device, another key, or the message was changed"});
}

tl::unexpected<Problem> bad_token() {
    return refuse(Problem{.status = 401,
                          .name = "enrolment-token-invalid",
                          .title = "The enrolment token is not valid",
                          .detail = "it is unknown, spent or expired; ask for a new one"});
}

/// 503: agents ask again, and one day there is a release.
tl::unexpected<Problem> no_ring(const Error& error) {
    return refuse(Problem{.status = 503,
                          .name = "ring-unknown",
                          .title = "There is no ring to place this device in yet",
                          .detail = error.context(),
                          .headers = {{"Retry-After", "60"}}});
}

/// @pre on the controller.
Result<Device> enrol_now(Service& service, const EnrolmentRequest& request, Instant now) {
    const Result<SignedRings> rings = service.rings.read(
        service.parts.store, service.parts.driver.live(), service.parts.driver.drill_rules());
    if (!rings) return fail(rings.error());
    return firebreak::server::enrol(service.parts.store, {service.settings.placement, *rings},
                                    request, now);
}

boost::asio::awaitable<Answer> enrol(Service& service, RequestContext context) {
    const Result<json::value> body = context.json_body();
    if (!body) co_return refuse(input_problem(body.error()));
    const Result<EnrolmentRequest> request = parse_enrolment(*body);
    if (!request) co_return refuse(input_problem(request.error()));
    if (!proves_key(*request)) {
        co_return refuse(Problem{.status = 422,
                                 .name = "signature-invalid",
                                 .title = "The signature does not prove the key",
                                 .detail = "sign with the private half of public_key"});
    }
    const Instant now = service.parts.clock.now();
    const Result<Device> device =
        co_await service.on_controller([&] { return enrol_now(service, *request, now); });
    if (!device && device.error() == Errc::kDenied) co_return bad_token();
    if (!device && device.error() == Errc::kNotFound) co_return no_ring(device.error());
    if (!device) co_return refuse(device.error());

    const Bytes mac_key = health::derive_mac_key(service.parts.mac_secret.view(), device->id);
    co_return json_response(201, {{"device", device->id},
                                  {"tenant", device->tenant},
                                  {"ring", device->ring},
                                  {"mac_key", base64_encode(mac_key)}});
}

/// The report, when a device that has the key sent it. The device may be unknown or revoked all the
/// same: the driver looks.
tl::expected<health::Report, Problem> authenticate(const Service& service,
                                                   const RequestContext& context) {
    const std::string* digest = context.header("Content-Digest");
    const std::string* input = context.header("Signature-Input");
    const std::string* signature = context.header("Signature");
    if (digest == nullptr || input == nullptr || signature == nullptr) return bad_signature();
    const Result<std::string> device = health::claimed_key_id(*input);
    if (!device) return bad_signature();

    // The key is derived from the id, so that a stranger's message is refused without a look at
    // the store.
    const Bytes mac_key = health::derive_mac_key(service.parts.mac_secret.view(), *device);
    const health::Message message{context.request.method, context.raw_path(),
                                  bytes_of(context.request.body)};
    const Result<void> verified =
        health::verify_message(message, {*digest, *input, *signature}, mac_key);
    if (!verified) return bad_signature();

    Result<health::Report> report = health::parse_report(context.request.body);
    if (report && report->device != *device) {
        report = fail(Errc::kInvalid, "report.device: is not the device that signed");
    }
    if (!report) {
        Problem problem = input_problem(report.error(), "report-malformed");
        problem.status = 422;
        return refuse(std::move(problem));
    }
    return std::move(*report);
}

std::string_view outcome_of(const Result<ReportAnswer>& answer) {
    if (!answer) return "failed";
    return answer->duplicate ? "duplicate" : "taken";
}

boost::asio::awaitable<Answer> report(Service& service, RequestContext context) {
    const auto authentic = authenticate(service, context);
    if (!authentic) {
        service.metrics.count_report("unknown", authentic.error().name);
        co_return refuse(authentic.error());
    }
    const Result<ReportAnswer> answer = co_await service.reports.submit(*authentic);
    service.metrics.count_report(health::name_of(authentic->kind), outcome_of(answer));
    if (answer) {
        co_return json_response(
            200, {{"duplicate", answer->duplicate}, {"may_activate", answer->may_activate}});
    }
    if (answer.error() == Errc::kNotFound) co_return bad_signature();
    if (answer.error() == Errc::kDenied) {
        co_return refuse(Problem{.status = 403,
                                 .name = "device-revoked",
                                 .title = "This device was revoked",
                                 .detail = "enrol it anew, under another key"});
    }
    co_return refuse(answer.error());
}

}  // namespace

void add_device_routes(Router& router, Service& service) {
    add_counted(
        router, service,
        {.method = "POST",
         .pattern = "/v1/enrol",
         .handler =
             [&service](RequestContext context) { return enrol(service, std::move(context)); },
         .body_bytes_max = kEnrolBytesMax});
    add_counted(
        router, service,
        {.method = "POST",
         .pattern = "/v1/reports",
         .handler =
             [&service](RequestContext context) { return report(service, std::move(context)); },
         .body_bytes_max = health::kReportBytesMax});
}

}  // namespace firebreak::server
