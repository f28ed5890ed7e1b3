#include "server/rollout/release_checks.hpp"

#include <algorithm>

#include "core/base/utc.hpp"
#include "core/calendar/calendar.hpp"
#include "core/content/attestation.hpp"
#include "core/signing/dsse.hpp"
#include "core/trust/ring_rule.hpp"
#include "server/access/caller.hpp"
#include "server/repository/ceremony.hpp"

namespace firebreak::server {
namespace {

template <class T>
using Checked = tl::expected<T, Problem>;

tl::unexpected<Problem> invalid(std::string detail) {
    return refuse(Problem{.status = 422,
                          .name = "release-invalid",
                          .title = "The release does not hold together",
                          .detail = std::move(detail)});
}

bool is_drill(const ReleaseDocuments& documents, const ReleaseGround& ground) {
    return ground.drill && documents.manifest.stream == ground.drill->stream;
}

std::string name_of(const rollout::RolloutId& id) {
    return id.stream + "/" + std::to_string(id.counter);
}

Checked<content::Attestation> check_attestation(const ReleaseDocuments& documents,
                                                const ReleaseGround& ground) {
    const Result<signing::DsseEnvelope> envelope =
        signing::parse_dsse(documents.attestation_envelope);
    if (!envelope) return invalid("attestation: " + envelope.error().context());
    if (envelope->payload_type != content::kStatementPayloadType) {
        return invalid("attestation: the envelope does not hold an in-toto statement");
    }
    const Result<Bytes> payload = signing::verify_dsse(*envelope, ground.validators, 1);
    if (!payload) return invalid("attestation: not signed by a validator key of this server");
    Result<content::Attestation> attestation = content::parse_statement(text_of(*payload));
    if (!attestation) return invalid("attestation: " + attestation.error().context());
    if (attestation->bundle != documents.bundle) {
        return invalid("attestation: is about other bytes than this bundle");
    }
    if (attestation->verdict != content::Verdict::kAdmitted) {
        return invalid("attestation: the validator did not admit this bundle");
    }
    if (const auto* waiver = content::expired_waiver(*attestation, ground.now)) {
        return invalid("attestation: the waiver of " + waiver->finding + " by " + waiver->who +
                       " expired on " + format_utc(waiver->expires));
    }
    if (attestation->stream != documents.manifest.stream ||
        attestation->counter != documents.manifest.counter) {
        return invalid("attestation: names another stream or counter than the manifest");
    }
    return std::move(*attestation);
}

Checked<trust::Targets> check_content_role(const ReleaseDocuments& documents,
                                           const ReleaseGround& ground) {
    if (documents.content_role.empty()) {
        if (is_drill(documents, ground)) return ground.content;
        return invalid(
            "content_metadata: is missing; of a drill alone it may be published already");
    }
    Result<trust::Targets> content = verify_content_role(documents.content_role, ground.targets);
    if (!content) return invalid("content metadata: " + content.error().to_string());
    if (content->version != ground.content.version + 1) {
        return invalid("content metadata: version " + std::to_string(content->version) +
                       ", but the next one is " + std::to_string(ground.content.version + 1));
    }
    if (content->expires <= ground.now) {
        return invalid("content metadata: expired " + format_utc(content->expires));
    }
    return std::move(*content);
}

bool same(const trust::TargetFile& a, const trust::TargetFile& b) {
    return a.length == b.length && a.hashes == b.hashes && a.custom == b.custom;
}

/// Whether the floor of `stream` lets go of an earlier target.
bool below_floor(const std::string& path, const trust::TargetFile& file, const std::string& stream,
                 std::int64_t floor) {
    if (!path.starts_with("content/" + stream + "/")) return false;
    const Result<trust::ContentTerms> terms = trust::parse_content_terms(file.custom);
    return terms && terms->counter < floor;
}

/// A drill for later, listed beside the one that is released: it must be one, and reach no further.
Checked<Sha256> check_beside(const std::string& path, const trust::TargetFile& file,
                             const rollout::RolloutId& id, const DrillRules& drill) {
    const Result<trust::ContentTerms> terms = trust::parse_content_terms(file.custom);
    const auto hash = file.hashes.find("sha256");
    if (!terms || hash == file.hashes.end() || terms->counter <= id.counter ||
        path != trust::content_path(drill.stream, terms->counter)) {
        return invalid("content metadata: adds " + path + ", which is no later drill");
    }
    for (const trust::CeilingStep& step : terms->ceiling) {
        if (step.ring == drill.ring) continue;
        return invalid("content metadata: adds " + path + " for ring " + step.ring +
                       ", and drills are for ring " + drill.ring + " alone");
    }
    const Result<Sha256> digest = Sha256::from_hex(hash->second);
    if (!digest) return invalid("content metadata: " + path + ": " + digest.error().context());
    return *digest;
}

/// The new content role is the old one, less what is below the floor, plus this bundle alone.
/// @param drill  Of drills: later ones may be listed too.
/// @returns those.
Checked<std::vector<Sha256>> check_difference(const trust::Targets& before,
                                              const trust::Targets& after,
                                              const std::string& target,
                                              const rollout::RolloutId& id, std::int64_t floor,
                                              const std::optional<DrillRules>& drill) {
    for (const auto& [path, file] : before.targets) {
        const auto kept = after.targets.find(path);
        if (kept == after.targets.end()) {
            if (below_floor(path, file, id.stream, floor)) continue;
            return invalid("content metadata: drops " + path + ", which is not below the floor");
        }
        if (!same(file, kept->second)) {
            return invalid("content metadata: changes " + path + ", which is published");
        }
    }
    std::vector<Sha256> beside;
    for (const auto& [path, file] : after.targets) {
        if (path == target || before.targets.contains(path)) continue;
        if (!drill || drill->stream != id.stream) {
            return invalid("content metadata: adds " + path + " beside this bundle");
        }
        const auto later = check_beside(path, file, id, *drill);
        if (!later) return refuse(later.error());
        beside.push_back(*later);
    }
    return beside;
}

Checked<trust::ContentTerms> check_target(const ReleaseDocuments& documents,
                                          const trust::Targets& content,
                                          const std::string& target) {
    const auto found = content.targets.find(target);
    if (found == content.targets.end()) {
        return invalid("content metadata: does not list " + target);
    }
    const trust::TargetFile& file = found->second;
    const auto hash = file.hashes.find("sha256");
    if (hash == file.hashes.end() || hash->second != documents.bundle.hex() ||
        file.length != documents.bundle_length) {
        return invalid("content metadata: " + target + " is not this bundle");
    }
    Result<trust::ContentTerms> terms = trust::parse_content_terms(file.custom);
    if (!terms) return invalid("content metadata: " + target + ": " + terms.error().context());
    if (terms->counter != documents.manifest.counter) {
        return invalid("content metadata: " + target + ": the terms name another counter");
    }
    if (terms->attestation != documents.attestation) {
        return invalid("content metadata: " + target + ": the terms name another attestation");
    }
    if (terms->floor > terms->counter) {
        return invalid("content metadata: " + target + ": the floor is above the counter itself");
    }
    return std::move(*terms);
}

Checked<void> check_builds(const trust::ContentTerms& terms,
                           const content::Attestation& attestation, const std::set<Sha256>& alive) {
    for (const Sha256& build : terms.builds) {
        const auto attested =
            std::ranges::find(attestation.builds, build, &content::AttestedBuild::sha256);
        if (attested == attestation.builds.end()) {
            return invalid("content metadata: the terms name build " + build.hex() +
                           ", which the attestation does not");
        }
    }
    for (const Sha256& build : alive) {
        if (std::ranges::find(terms.builds, build) != terms.builds.end()) continue;
        return refuse(Problem{.status = 409,
                              .name = "build-not-attested",
                              .title = "A build alive in the fleet was not validated",
                              .detail = "engine build " + build.hex() +
                                        " is alive and not attested; validate the bundle in it"});
    }
    return {};
}

/// A ring that only its publisher may approve would never open.
Checked<void> check_approvers(const rollout::Plan& plan, const std::string& publisher) {
    for (const rollout::Ring& ring : plan.rings) {
        if (ring.approvers.empty()) continue;
        const auto others =
            std::ranges::count_if(ring.approvers, [&publisher](const std::string& person) {
                return Caller{.token_id = {}, .name = person}.actor() != publisher;
            });
        if (others >= ring.approvals) continue;
        return invalid("plan: ring " + ring.name + " needs " + std::to_string(ring.approvals) +
                       " of those named to approve it, and but for who publishes there are " +
                       std::to_string(others) + "; somebody else must publish");
    }
    return {};
}

Checked<rollout::Plan> check_plan(const ReleaseDocuments& documents,
                                  const trust::ContentTerms& terms, const ReleaseGround& ground) {
    const bool drill = is_drill(documents, ground);
    Result<rollout::Plan> plan = rollout::parse_plan(documents.plan);
    if (!plan) return invalid("plan: " + plan.error().context());
    if (const auto kept = rollout::check_floors(*plan); !kept) {
        return invalid("plan: " + kept.error().context());
    }
    if (plan->velocity == rollout::Velocity::kLab && !ground.lab_plans) {
        return invalid(
            "plan: velocity lab has no floors, and this server takes none without "
            "(lab_plans)");
    }
    if (const auto open = check_approvers(*plan, documents.publisher); !open) {
        return refuse(open.error());
    }
    if (const auto freeze = calendar::next_freeze(plan->freezes, ground.now); !freeze) {
        return invalid("plan: " + freeze.error().context());
    }
    if (drill && (plan->rings.size() != 1 || plan->rings[0].name != ground.drill->ring ||
                  !plan->rings[0].vendor_own)) {
        return invalid("plan: a drill has one ring, " + ground.drill->ring +
                       ", with vendor_own: true; nobody else is to be asked");
    }
    std::set<std::string> rings;
    std::set<std::string> ceiling;
    for (const rollout::Ring& ring : plan->rings) rings.insert(ring.name);
    for (const trust::CeilingStep& step : terms.ceiling) ceiling.insert(step.ring);
    if (rings != ceiling) {
        return invalid("plan: its rings are not those of the ceiling that the content keys signed");
    }
    return std::move(*plan);
}

}  // namespace

Problem counter_exists(const rollout::RolloutId& id, std::int64_t newest) {
    return {.status = 409,
            .name = "counter-exists",
            .title = "This counter was published already",
            .detail = name_of(id) + " is not above " + name_of({id.stream, newest}) +
                      ", the newest; pack the content under a higher counter"};
}

tl::expected<NewRelease, Problem> check_release(const ReleaseDocuments& documents,
                                                const ReleaseGround& ground) {
    const rollout::RolloutId id{documents.manifest.stream, documents.manifest.counter};
    if (ground.newest_counter && id.counter <= *ground.newest_counter) {
        return refuse(counter_exists(id, *ground.newest_counter));
    }
    const std::string target = "content/" + name_of(id) + ".fbb";

    const auto attestation = check_attestation(documents, ground);
    if (!attestation) return refuse(attestation.error());
    auto content = check_content_role(documents, ground);
    if (!content) return refuse(content.error());
    const auto terms = check_target(documents, *content, target);
    if (!terms) return refuse(terms.error());
    auto beside =
        check_difference(ground.content, *content, target, id, terms->floor, ground.drill);
    if (!beside) return refuse(beside.error());
    auto plan = check_plan(documents, *terms, ground);
    if (!plan) return refuse(plan.error());
    // No real device is let into a drill, whatever build it runs.
    const auto builds =
        check_builds(*terms, *attestation,
                     is_drill(documents, ground) ? std::set<Sha256>{} : ground.builds_alive);
    if (!builds) return refuse(builds.error());

    return NewRelease{.id = id,
                      .bundle = documents.bundle,
                      .attestation = documents.attestation,
                      .target = target,
                      .plan = std::move(*plan),
                      .content_role = documents.content_role,
                      .content_version = content->version,
                      .publisher = documents.publisher,
                      .beside = std::move(*beside)};
}

}  // namespace firebreak::server
