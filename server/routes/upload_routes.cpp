#include "core/base/errc.hpp"
#include "server/routes/guards.hpp"
#include "server/routes/routes.hpp"

namespace firebreak::server {
namespace {

constexpr std::uint64_t kAttestationBytesMax = 4U << 20U;

/// Puts the body under its digest, or says that it does not have it. Runs on a worker.
tl::expected<void, Problem> keep(Service& service, const Sha256& digest, const std::string& body) {
    if (sha256(bytes_of(body)) != digest) {
        return refuse(Problem{.status = 422,
                              .name = "digest-mismatch",
                              .title = "The body does not have the digest in the path",
                              .detail = "send the file whose SHA-256 is " + digest.hex()});
    }
    const std::filesystem::path& folder = service.settings.blobs;
    const Result<void> written =
        service.parts.files.write(folder / digest.hex(), bytes_of(body), FileMode::kPrivate);
    if (!written) return refuse(written.error());
    return {};
}

boost::asio::awaitable<Answer> upload(Service& service, BlobKind kind, RequestContext context) {
    const Result<Sha256> digest = Sha256::from_hex(context.parameter("sha256"));
    if (!digest) co_return refuse(input_problem(digest.error().seen_from("path")));
    const Result<std::optional<Blob>> known =
        co_await service.on_controller([&] { return service.parts.store.blob(*digest); });
    if (!known) co_return refuse(known.error());
    const bool there = known->has_value() && (*known)->kind == kind;

    // Written even when it is there: that mends a file that was lost, and tells the sender the
    // truth
    // about their bytes.
    const tl::expected<void, Problem> kept =
        co_await service.on_worker([&] { return keep(service, *digest, context.request.body); });
    if (!kept) co_return refuse(kept.error());
    const json::value answer{{"sha256", digest->hex()}, {"length", context.request.body.size()}};
    if (there) co_return json_response(200, answer);

    const Blob blob{*digest, kind, context.request.body.size(), service.parts.clock.now(),
                    caller_of(context).actor()};
    const Result<void> added = co_await service.on_controller([&] {
        return service.parts.store.transact(
            [&](StoreWriter& writer) -> Result<void> { return writer.add_blob(blob); });
    });
    if (!added) co_return refuse(added.error());
    co_return json_response(201, answer);
}

}  // namespace

void add_upload_routes(Router& router, Service& service) {
    const auto add = [&](const char* pattern, BlobKind kind, std::uint64_t bytes_max) {
        add_counted(
            router, service,
            {.method = "PUT",
             .pattern = pattern,
             .handler =
                 [&service, kind](RequestContext context) {
                     return upload(service, kind, std::move(context));
                 },
             .body_bytes_max = bytes_max,
             .guard = allow(service, {Role::kAuthor, Role::kReleaseManager, Role::kDriller})});
    };
    add("/v1/bundles/{sha256}", BlobKind::kBundle, service.settings.bundle_bytes_max);
    add("/v1/attestations/{sha256}", BlobKind::kAttestation, kAttestationBytesMax);
}

}  // namespace firebreak::server
