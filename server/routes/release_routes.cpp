#include "core/base/encoding.hpp"
#include "core/base/errc.hpp"
#include "core/content/bundle.hpp"
#include "server/rollout/release_checks.hpp"
#include "server/routes/guards.hpp"
#include "server/routes/routes.hpp"

namespace firebreak::server {
namespace {

/// Base64 of the largest metadata that clients take, and the rest of the request.
constexpr std::uint64_t kReleaseBytesMax = 8U << 20U;
constexpr std::uint64_t kAttestationBytesMax = 4U << 20U;

tl::unexpected<Problem> invalid(std::string detail) {
    return refuse(Problem{.status = 422,
                          .name = "release-invalid",
                          .title = "The release does not hold together",
                          .detail = std::move(detail)});
}

/// The body of the request.
struct ReleaseRequest {
    Sha256 bundle;
    Sha256 attestation;
    Bytes content_role;
    json::value plan;
};

Result<Sha256> digest_member(const JsonObject& body, std::string_view name) {
    const Result<std::string> text = body.string(name);
    if (!text) return fail(text.error());
    const Result<Sha256> digest = Sha256::from_hex(*text);
    if (!digest) return fail(digest.error().seen_from(body.path_to(name)));
    return digest;
}

Result<ReleaseRequest> parse_request(const json::value& value) {
    const Result<JsonObject> body = JsonObject::of(value, "body");
    if (!body) return fail(body.error());
    const Result<Sha256> bundle = digest_member(*body, "bundle");
    if (!bundle) return fail(bundle.error());
    const Result<Sha256> attestation = digest_member(*body, "attestation");
    if (!attestation) return fail(attestation.error());
    // Of a drill that the published metadata lists already it is left out.
    Result<Bytes> content_role = Bytes();
    if (body->has("content_metadata")) {
        const Result<std::string> metadata = body->string("content_metadata");
        if (!metadata) return fail(metadata.error());
        content_role = base64_decode(*metadata);
        if (!content_role) {
            return fail(content_role.error().seen_from(body->path_to("content_metadata")));
        }
    }
    const json::value* plan = body->find("plan");
    if (plan == nullptr) return fail(Errc::kInvalid, body->path_to("plan") + ": is missing");
    return ReleaseRequest{*bundle, *attestation, std::move(*content_role), *plan};
}

/// A bundle's bytes, to be staged, beside what is checked about it.
struct Loaded {
    ReleaseDocuments documents;
    Bytes bundle;
};

/// Reads what was uploaded. Runs on a worker.
tl::expected<Loaded, Problem> load(const Service& service, ReleaseRequest request) {
    const std::filesystem::path& folder = service.settings.blobs;
    Result<Bytes> bundle =
        service.parts.files.read(folder / request.bundle.hex(), service.settings.bundle_bytes_max);
    if (!bundle && bundle.error() == Errc::kNotFound) {
        return invalid("bundle: was not uploaded; PUT /v1/bundles/" + request.bundle.hex());
    }
    if (!bundle) return refuse(bundle.error());
    Result<Bytes> attestation =
        service.parts.files.read(folder / request.attestation.hex(), kAttestationBytesMax);
    if (!attestation && attestation.error() == Errc::kNotFound) {
        return invalid("attestation: was not uploaded; PUT /v1/attestations/" +
                       request.attestation.hex());
    }
    if (!attestation) return refuse(attestation.error());
    Result<content::Manifest> manifest = content::peek_manifest(*bundle);
    if (!manifest) return invalid("bundle: " + manifest.error().context());

    Loaded loaded;
    loaded.documents.bundle = request.bundle;
    loaded.documents.bundle_length = bundle->size();
    loaded.documents.manifest = std::move(*manifest);
    loaded.documents.attestation = request.attestation;
    loaded.documents.attestation_envelope = std::move(*attestation);
    loaded.documents.content_role = std::move(request.content_role);
    loaded.documents.plan = std::move(request.plan);
    loaded.bundle = std::move(*bundle);
    return loaded;
}

/// Checks against the state of this moment. Runs on the controller.
tl::expected<NewRelease, Problem> check_now(Service& service, const ReleaseDocuments& documents) {
    Store& store = service.parts.store;
    const Instant now = service.parts.clock.now();
    const Result<Bytes> content_role = store.content_role();
    if (!content_role) return refuse(content_role.error());
    const trust::Targets& targets = service.parts.repository.targets();
    const Result<trust::Targets> content = verify_content_role(*content_role, targets);
    if (!content) return refuse(content.error());
    const Driver& driver = service.parts.driver;
    const auto census = store.census(now - service.settings.device_active, driver.real_devices());
    if (!census) return refuse(census.error());
    const auto newest = store.newest_releases();
    if (!newest) return refuse(newest.error());

    ReleaseGround ground{.targets = targets,
                         .content = *content,
                         .validators = service.settings.validators,
                         .newest_counter = std::nullopt,
                         .builds_alive = {},
                         .now = std::chrono::floor<std::chrono::seconds>(now),
                         .lab_plans = service.settings.lab_plans,
                         .drill = driver.drill_rules()};
    for (const CensusLine& line : *census) ground.builds_alive.insert(line.engine_build);
    for (const Release& release : *newest) {
        if (release.id.stream == documents.manifest.stream) {
            ground.newest_counter = release.id.counter;
        }
    }
    tl::expected<NewRelease, Problem> release = check_release(documents, ground);
    if (!release) return release;
    // All that the content role lists is published with it: what is not there would stop every
    // publish from now on, those of halts among them.
    for (const Sha256& digest : release->beside) {
        const Result<std::optional<Blob>> blob = store.blob(digest);
        if (!blob) return refuse(blob.error());
        if (!*blob || (*blob)->kind != BlobKind::kBundle) {
            return invalid("content metadata: lists bundle " + digest.hex() +
                           " for later, which was not uploaded");
        }
    }
    return release;
}

/// Checks and starts in one go, so that nothing changes between the two. Runs on the controller.
tl::expected<json::object, Problem> check_and_start(Service& service,
                                                    const ReleaseDocuments& documents) {
    const tl::expected<NewRelease, Problem> release = check_now(service, documents);
    if (!release) return refuse(release.error());
    if (const Result<void> started = service.parts.driver.start(*release); !started) {
        return refuse(started.error());
    }
    Result<json::object> view = service.parts.driver.view(release->id);
    if (!view) return refuse(view.error());
    return std::move(*view);
}

Result<void> stage(const Service& service, const NewRelease& release, ByteView bundle) {
    const trust::TargetFile file{bundle.size(), {{"sha256", release.bundle.hex()}}, {}};
    return service.parts.repository.stage(release.target, file, bundle);
}

boost::asio::awaitable<Answer> publish(Service& service, RequestContext context) {
    const Result<json::value> body = context.json_body();
    if (!body) co_return refuse(input_problem(body.error()));
    const Result<ReleaseRequest> request = parse_request(*body);
    if (!request) co_return refuse(input_problem(request.error()));
    auto loaded = co_await service.on_worker([&] { return load(service, *request); });
    if (!loaded) co_return refuse(loaded.error());
    const std::string& stream = loaded->documents.manifest.stream;
    if (const auto may = may_touch(service, caller_of(context), stream); !may) {
        co_return refuse(may.error());
    }
    loaded->documents.publisher = caller_of(context).actor();

    // A first look, so that nothing is staged for a release that will not be; staged by a worker,
    // because a large bundle would keep all reports waiting.
    const auto checked =
        co_await service.on_controller([&] { return check_now(service, loaded->documents); });
    if (!checked) co_return refuse(checked.error());
    const Result<void> staged =
        co_await service.on_worker([&] { return stage(service, *checked, loaded->bundle); });
    if (!staged) co_return refuse(staged.error());
    auto view =
        co_await service.on_controller([&] { return check_and_start(service, loaded->documents); });
    if (!view) co_return refuse(view.error());
    co_return json_response(201, std::move(*view));
}

boost::asio::awaitable<Answer> content_role(Service& service, RequestContext) {
    const Result<Bytes> bytes =
        co_await service.on_controller([&] { return service.parts.store.content_role(); });
    if (!bytes) co_return refuse(bytes.error());
    co_return net::Response{200, {{"Content-Type", "application/json"}}, to_text(*bytes)};
}

}  // namespace

void add_release_routes(Router& router, Service& service) {
    add_counted(router, service,
                {.method = "GET",
                 .pattern = "/v1/content-role",
                 .handler =
                     [&service](RequestContext context) {
                         return content_role(service, std::move(context));
                     },
                 .guard = allow_any_role(service)});
    add_counted(
        router, service,
        {.method = "POST",
         .pattern = "/v1/releases",
         .handler =
             [&service](RequestContext context) { return publish(service, std::move(context)); },
         .body_bytes_max = kReleaseBytesMax,
         .guard = allow(service, {Role::kReleaseManager, Role::kDriller})});
}

}  // namespace firebreak::server
