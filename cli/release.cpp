#include "cli/release.hpp"

#include <boost/json/serialize.hpp>

#include "cli/plan.hpp"
#include "cli/rollouts.hpp"
#include "core/base/digest.hpp"
#include "core/base/encoding.hpp"
#include "core/content/manifest.hpp"

namespace firebreak::cli {
namespace {

constexpr std::uint64_t kMetadataBytesMax = 8U << 20U;

}  // namespace

Result<Output> fetch_content_role(const Context& context, ApiClient& api, const std::string& out) {
    const Result<std::string> bytes = api.fetch("/v1/content-role");
    if (!bytes) return fail(bytes.error());
    const auto written = context.files.write(out, bytes_of(*bytes), FileMode::kPublic);
    if (!written) return fail(written.error());
    return Output{.text = out + ": the server's newest content metadata\n",
                  .data = {{"file", out}, {"bytes", bytes->size()}}};
}

Result<Sha256> upload_bundle(const Context& context, ApiClient& api, const std::string& file) {
    const Result<Bytes> bundle = context.files.read(file, content::BundleLimits{}.bundle_bytes_max);
    if (!bundle) return fail(bundle.error());
    const Sha256 digest = sha256(*bundle);
    const Result<json::value> put = api.call("PUT", "/v1/bundles/" + digest.hex(), to_text(*bundle),
                                             "application/octet-stream");
    if (!put) return fail(put.error());
    return digest;
}

Result<Output> publish(const Context& context, ApiClient& api, const PublishOptions& options) {
    const Result<Bytes> attestation = context.files.read(options.attestation, kMetadataBytesMax);
    if (!attestation) return fail(attestation.error());
    const Result<Bytes> metadata = options.content.empty()
                                       ? Result<Bytes>(Bytes())
                                       : context.files.read(options.content, kMetadataBytesMax);
    if (!metadata) return fail(metadata.error());
    const Result<rollout::Plan> plan = read_plan(context, options.plan);
    if (!plan) return fail(plan.error());

    const Result<Sha256> bundle = upload_bundle(context, api, options.bundle);
    if (!bundle) return fail(bundle.error());
    const std::string attestation_digest = sha256(*attestation).hex();
    if (const auto put = api.call("PUT", "/v1/attestations/" + attestation_digest,
                                  to_text(*attestation), "application/json");
        !put) {
        return fail(put.error());
    }
    json::object release{{"bundle", bundle->hex()},
                         {"attestation", attestation_digest},
                         {"plan", rollout::to_json(*plan)}};
    if (!options.content.empty()) release["content_metadata"] = base64_encode(*metadata);
    const Result<json::value> rollout = api.call("POST", "/v1/releases", json::serialize(release));
    if (!rollout) return fail(rollout.error());
    Result<Output> output = render_rollout(*rollout);
    if (output) output->text = "published " + output->text;
    return output;
}

}  // namespace firebreak::cli
