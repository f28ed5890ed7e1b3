#include "core/base/errc.hpp"
#include "core/base/utc.hpp"
#include "server/rollout/content_terms.hpp"
#include "server/rollout/device_view.hpp"
#include "server/rollout/driver.hpp"

namespace firebreak::server {
Result<json::object> Driver::explain(const std::string& device,
                                     const std::optional<std::string>& stream) {
    if (const Result<void> folded = ensure_folded(); !folded) return fail(folded.error());
    const Result<std::optional<Device>> known = parts_.store.device(device);
    if (!known) return fail(known.error());
    if (!*known) return fail(Errc::kNotFound, "no device " + device);
    if (stream && !live_.contains(*stream)) {
        return fail(Errc::kNotFound, "no release of stream " + *stream);
    }
    if (stream && !concerns(parts_.drill, (*known)->tenant, *stream)) {
        return fail(Errc::kNotFound,
                    "device " + device + " has nothing to do with stream " + *stream +
                        ": drills have devices of their own, and these no other stream");
    }
    std::vector<const Live*> asked;
    std::vector<std::string> targets;
    for (const auto& [name, live] : live_) {
        if (stream && *stream != name) continue;
        if (!concerns(parts_.drill, (*known)->tenant, name)) continue;
        asked.push_back(&live);
        targets.push_back(live.release.target);
    }
    const auto terms = content_terms(content_role_, targets);
    if (!terms) return fail(terms.error());

    json::array rollouts;
    for (std::size_t i = 0; i < asked.size(); ++i) {
        rollouts.push_back(
            standing_view({**known, asked[i]->rollout, &terms->at(i), parts_.clock.now()}));
    }
    return json::object{
        {"device", (*known)->id},
        {"tenant", (*known)->tenant},
        {"ring", (*known)->ring},
        {"placed", placement_view(**known)},
        {"revoked", (*known)->revoked},
        {"engine_build", (*known)->engine_build.hex()},
        {"last_seen", format_utc(std::chrono::floor<std::chrono::seconds>((*known)->last_seen))},
        {"rollouts", std::move(rollouts)}};
}

}  // namespace firebreak::server
