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

Result<Output> publish(const Context& context, ApiClient& api, const PublishOptions& options) {
    const Result<Bytes> bundle =
        context.files.read(options.bundle, content::BundleLimits{}.bundle_bytes_max);
    if (!bundle) return fail(bundle.error());
    const Result<Bytes> attestation = context.files.read(options.attestation, kMetadataBytesMax);
    if (!attestation) return fail(attestation.error());
    const Result<Bytes> metadata = context.files.read(options.content, kMetadataBytesMax);
    if (!metadata) return fail(metadata.error());
    const Result<rollout::Plan> plan = read_plan(context, options.plan);
    if (!plan) return fail(plan.error());

    const std::string bundle_digest = sha256(*bundle).hex();
    const std::string attestation_digest = sha256(*attestation).hex();
    if (const auto put = api.call("PUT", "/v1/bundles/" + bundle_digest, to_text(*bundle),
                                  "application/octet-stream");
        !put) {
        return fail(put.error());
    }
    if (const auto put = api.call("PUT", "/v1/attestations/" + attestation_digest,
                                  to_text(*attestation), "application/json");
        !put) {
        return fail(put.error());
    }
    const json::value release = {{"bundle", bundle_digest},
                                 {"attestation", attestation_digest},
                                 {"content_metadata", base64_encode(*metadata)},
                                 {"plan", rollout::to_json(*plan)}};
    const Result<json::value> rollout = api.call("POST", "/v1/releases", json::serialize(release));
    if (!rollout) return fail(rollout.error());
    Result<Output> output = render_rollout(*rollout);
    if (output) output->text = "published " + output->text;
    return output;
}

}  // namespace firebreak::cli
