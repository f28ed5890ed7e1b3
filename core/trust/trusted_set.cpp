#include "core/trust/trusted_set.hpp"

#include <algorithm>

#include "core/base/check.hpp"
#include "core/trust/detail/vouched.hpp"
#include "core/trust/errc.hpp"

namespace firebreak::trust {
namespace {

std::string version_text(Version version) {
    return "version " + std::to_string(version);
}

}  // namespace

Result<TrustedSet> TrustedSet::start(ByteView root, std::chrono::sys_seconds update_start) {
    // 5.2: trust on first use, or what an earlier update left. A root that does not meet its own
    // threshold is neither (CVE-2020-15163: a root that had failed was kept and later trusted).
    const Result<Envelope> envelope = parse_envelope(root);
    if (!envelope) return fail(envelope.error().seen_from("root"));
    Result<Root> parsed = parse_root(envelope->signed_part);
    if (!parsed) return fail(parsed.error());
    const auto verified = verify_threshold(*envelope, parsed->root, parsed->keys);
    if (!verified) return fail(verified.error().seen_from("root"));
    return TrustedSet(std::move(*parsed), update_start);
}

Result<void> TrustedSet::update_root(ByteView bytes) {
    FIREBREAK_CHECK(!root_is_final_);
    const Result<Envelope> envelope = parse_envelope(bytes);
    if (!envelope) return fail(envelope.error().seen_from("root"));

    // 5.3.4: signed by a threshold of the keys we trust, and of the keys it brings.
    const auto by_trusted = verify_threshold(*envelope, root_.root, root_.keys);
    if (!by_trusted) return fail(by_trusted.error().seen_from("root, by the trusted root's keys"));
    Result<Root> candidate = parse_root(envelope->signed_part);
    if (!candidate) return fail(candidate.error());
    const auto by_itself = verify_threshold(*envelope, candidate->root, candidate->keys);
    if (!by_itself) return fail(by_itself.error().seen_from("root, by its own keys"));

    // 5.3.5: exactly the next. One further on would skip keys that some root in between revoked.
    if (candidate->version <= root_.version) {
        return fail(Errc::kRollback, "root: " + version_text(candidate->version) +
                                         " is not newer than trusted " +
                                         version_text(root_.version));
    }
    if (candidate->version - 1 != root_.version) {
        return fail(Errc::kWrongVersion, "root: " + version_text(candidate->version) +
                                             " does not follow " + version_text(root_.version));
    }

    // 5.3.6: the expiry of a root on the way does not matter. 5.3.7.
    root_ = std::move(*candidate);
    return {};
}

Result<void> TrustedSet::finish_root() {
    // 5.3.10.
    if (const auto current = check_current(root_.expires); !current) {
        return fail(current.error().seen_from("root"));
    }
    root_is_final_ = true;
    return {};
}

Result<Timestamp> TrustedSet::verified_timestamp(ByteView bytes) const {
    FIREBREAK_CHECK(root_is_final_);
    const Result<Envelope> envelope = parse_envelope(bytes);
    if (!envelope) return fail(envelope.error().seen_from("timestamp"));
    // 5.4.2: before the reader below meets anything that nobody vouched for.
    const auto verified = verify_threshold(*envelope, root_.timestamp, root_.keys);
    if (!verified) return fail(verified.error().seen_from("timestamp"));
    return parse_timestamp(envelope->signed_part);
}

Result<void> TrustedSet::load_timestamp(ByteView bytes) {
    FIREBREAK_CHECK(!timestamp_);
    Result<Timestamp> local = verified_timestamp(bytes);
    if (!local) return fail(local.error());
    timestamp_ = std::move(*local);
    return {};
}

Result<Freshness> TrustedSet::update_timestamp(ByteView bytes) {
    Result<Timestamp> candidate = verified_timestamp(bytes);
    if (!candidate) return fail(candidate.error());

    // 5.4.3: neither the timestamp nor the snapshot that it names goes backwards.
    if (timestamp_ && candidate->version < timestamp_->version) {
        return fail(Errc::kRollback, "timestamp: " + version_text(candidate->version) +
                                         " is older than trusted " +
                                         version_text(timestamp_->version));
    }
    const bool unchanged = timestamp_ && candidate->version == timestamp_->version;
    if (timestamp_ && !unchanged && candidate->snapshot.version < timestamp_->snapshot.version) {
        return fail(Errc::kRollback,
                    "timestamp: names snapshot " + version_text(candidate->snapshot.version) +
                        ", older than " + version_text(timestamp_->snapshot.version));
    }

    // 5.4.3.1, 5.4.4: an equal version is discarded, so the one we hold must be in date. Otherwise
    // somebody is feeding us the past.
    const auto current = check_current(unchanged ? timestamp_->expires : candidate->expires);
    if (!current) return fail(current.error().seen_from("timestamp"));
    if (unchanged) return Freshness::kUnchanged;

    timestamp_ = std::move(*candidate);
    snapshot_matches_ = false;
    return Freshness::kNew;
}

Result<Snapshot> TrustedSet::verified_snapshot(ByteView bytes) const {
    FIREBREAK_CHECK(timestamp_);
    const Result<Envelope> envelope = parse_envelope(bytes);
    if (!envelope) return fail(envelope.error().seen_from("snapshot"));
    // 5.5.3.
    const auto verified = verify_threshold(*envelope, root_.snapshot, root_.keys);
    if (!verified) return fail(verified.error().seen_from("snapshot"));
    return parse_snapshot(envelope->signed_part);
}

Result<void> TrustedSet::load_snapshot(ByteView bytes) {
    FIREBREAK_CHECK(!snapshot_);
    Result<Snapshot> local = verified_snapshot(bytes);
    if (!local) return fail(local.error());
    snapshot_ = std::move(*local);
    snapshot_matches_ =
        detail::verify_vouched(timestamp_->snapshot.length, timestamp_->snapshot.hashes, bytes)
            .has_value();
    return {};
}

Result<void> TrustedSet::update_snapshot(ByteView bytes) {
    FIREBREAK_CHECK(timestamp_);
    // 5.5.2.
    const MetaFile& vouched = timestamp_->snapshot;
    if (const auto same = detail::verify_vouched(vouched.length, vouched.hashes, bytes); !same) {
        return fail(same.error().seen_from("snapshot"));
    }
    Result<Snapshot> candidate = verified_snapshot(bytes);
    if (!candidate) return fail(candidate.error());

    // 5.5.4.
    if (candidate->version != vouched.version) {
        return fail(Errc::kWrongVersion, "snapshot: " + version_text(candidate->version) +
                                             " instead of " + version_text(vouched.version));
    }

    // 5.5.5: whatever the old snapshot listed is still there, and not older. Its hash need not be
    // the timestamp's any more: it is what this client has seen.
    if (snapshot_) {
        for (const auto& [role, trusted] : snapshot_->meta) {
            const auto listed = candidate->meta.find(role);
            if (listed == candidate->meta.end()) {
                return fail(Errc::kRollback, "snapshot: no longer lists a role it listed before");
            }
            if (listed->second.version < trusted.version) {
                return fail(Errc::kRollback, "snapshot: lists a role at " +
                                                 version_text(listed->second.version) +
                                                 ", older than " + version_text(trusted.version));
            }
        }
    }

    // 5.5.6.
    if (const auto current = check_current(candidate->expires); !current) {
        return fail(current.error().seen_from("snapshot"));
    }
    snapshot_ = std::move(*candidate);
    snapshot_matches_ = true;
    return {};
}

bool TrustedSet::snapshot_is_current() const {
    return timestamp_ && check_current(timestamp_->expires) && snapshot_ && snapshot_matches_ &&
           snapshot_->version == timestamp_->snapshot.version && check_current(snapshot_->expires);
}

Result<TrustedSet::Authority> TrustedSet::authority(const std::string& role,
                                                    const std::string& delegator) const {
    if (delegator == "root") {
        if (role != "targets") return fail(Errc::kNotDelegated, "root delegates to targets only");
        return Authority{&root_.targets, &root_.keys};
    }
    const Targets* parent = targets(delegator);
    FIREBREAK_CHECK(parent != nullptr);
    if (parent->delegations) {
        const auto& roles = parent->delegations->roles;
        const auto found = std::ranges::find(roles, role, &DelegatedRole::name);
        if (found != roles.end()) return Authority{&found->keys, &parent->delegations->keys};
    }
    return fail(Errc::kNotDelegated, "its delegator does not name it");
}

Result<void> TrustedSet::update_targets(const std::string& role, const std::string& delegator,
                                        ByteView bytes) {
    FIREBREAK_CHECK(snapshot_is_current());
    const Result<Authority> signers = authority(role, delegator);
    if (!signers) return fail(signers.error());
    const auto vouched = snapshot_->meta.find(role);
    if (vouched == snapshot_->meta.end()) {
        return fail(Errc::kNotDelegated, "snapshot does not list it");
    }

    // 5.6.2.
    const auto same = detail::verify_vouched(vouched->second.length, vouched->second.hashes, bytes);
    if (!same) return same;

    // 5.6.3.
    Result<Envelope> envelope = parse_envelope(bytes);
    if (!envelope) return fail(envelope.error());
    const auto verified = verify_threshold(*envelope, *signers->first, *signers->second);
    if (!verified) return verified;
    Result<Targets> candidate = parse_targets(envelope->signed_part);
    if (!candidate) return fail(candidate.error());

    // 5.6.4.
    if (candidate->version != vouched->second.version) {
        return fail(Errc::kWrongVersion, version_text(candidate->version) + " instead of " +
                                             version_text(vouched->second.version));
    }

    // 5.6.5.
    if (const auto current = check_current(candidate->expires); !current) return current;

    FIREBREAK_CHECK(!targets_.contains(role));
    targets_.emplace(role,
                     TrustedTargets{std::move(*envelope), std::move(*candidate), {delegator}});
    return {};
}

Result<void> TrustedSet::satisfies(const std::string& role, const std::string& delegator) {
    const auto trusted = targets_.find(role);
    FIREBREAK_CHECK(trusted != targets_.end());
    if (trusted->second.delegators.contains(delegator)) return {};
    const Result<Authority> signers = authority(role, delegator);
    if (!signers) return fail(signers.error());
    const auto verified =
        verify_threshold(trusted->second.envelope, *signers->first, *signers->second);
    if (!verified) return verified;
    trusted->second.delegators.insert(delegator);
    return {};
}

const Targets* TrustedSet::targets(const std::string& role) const {
    const auto found = targets_.find(role);
    return found == targets_.end() ? nullptr : &found->second.document;
}

Result<void> TrustedSet::check_current(std::chrono::sys_seconds expires) const {
    if (expires > update_start_) return {};
    return fail(Errc::kExpired, "expired");
}

}  // namespace firebreak::trust
