#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "core/trust/metadata.hpp"

namespace firebreak::trust {

/// What a successful update brought.
enum class Freshness { kNew, kUnchanged };

/// The metadata this client trusts right now, and the only way to extend that trust.
///
/// Makes the checks of the TUF client workflow (specification v1.0.34, section 5), in its order,
/// and does none of its I/O: bytes come in as arguments, and the caller saves what was accepted.
/// Updater drives it; so every attack is a unit test.
///
/// Rules it keeps:
///   - a role is checked against keys that are already trusted, before it is read;
///   - what is refused changes nothing;
///   - all expiry checks use one time, the update's start (5.1), so that a slow download cannot
///     outlive a check half way through;
///   - delegated roles get every check that targets gets;
///   - one document per role: a role reached through two delegators must satisfy both.
///
/// What is on the client's own disk is proof of nothing but what was once seen: load_… verifies it
/// like anything else, and keeps it, expired or not, to stop a rollback.
///
/// Thread safety: none. One set belongs to one update.
/// Tests: tests/unit/core/trust/trusted_set_test.cpp.
class TrustedSet {
public:
    /// 5.2, the root shipped with or saved by this client, which must be signed by itself. Its
    /// expiry does not matter yet.
    ///
    /// @param update_start  UTC, for every expiry check (5.1).
    /// @returns Errc::kMalformed, kUnsupportedSpec or kThresholdNotMet.
    [[nodiscard]] static Result<TrustedSet> start(ByteView root,
                                                  std::chrono::sys_seconds update_start);

    /// The next root (5.3.4 to 5.3.7).
    ///
    /// @pre finish_root() was not called.
    /// @returns Errc::kThresholdNotMet (of the old or of the new keys), kMalformed,
    ///   kUnsupportedSpec, kRollback (5.3.5: not newer) or kWrongVersion (newer than the next).
    [[nodiscard]] Result<void> update_root(ByteView bytes);

    /// There is no newer root: the one we have must be in date (5.3.10).
    ///
    /// @returns Errc::kExpired.
    [[nodiscard]] Result<void> finish_root();

    /// A timestamp or snapshot from the client's disk. An error means: as if it were not there.
    ///
    /// @pre finish_root(); for a snapshot also a timestamp that is current.
    [[nodiscard]] Result<void> load_timestamp(ByteView bytes);
    [[nodiscard]] Result<void> load_snapshot(ByteView bytes);

    /// 5.4. An equal version is discarded and no error; the one we hold must then be in date.
    ///
    /// @pre finish_root().
    /// @returns Errc::kThresholdNotMet, kMalformed, kUnsupportedSpec, kRollback (5.4.3: the
    ///   timestamp, or the snapshot it names, is older), or kExpired (5.4.4: a freeze).
    [[nodiscard]] Result<Freshness> update_timestamp(ByteView bytes);

    /// 5.5.
    ///
    /// @pre update_timestamp() succeeded.
    /// @returns Errc::kLengthMismatch, kHashMismatch (5.5.2), kThresholdNotMet (5.5.3), kMalformed,
    ///   kUnsupportedSpec, kWrongVersion (5.5.4), kRollback (5.5.5: a role is older or gone), or
    ///   kExpired (5.5.6).
    [[nodiscard]] Result<void> update_snapshot(ByteView bytes);

    /// True when the snapshot we hold is the one that the timestamp names, and in date: nothing to
    /// fetch.
    bool snapshot_is_current() const;

    /// 5.6, for targets (`delegator` "root") and every role below it alike, fetched or from disk.
    ///
    /// @pre snapshot_is_current(); `delegator` is "root" or trusted; `role` is not trusted yet (see
    ///   satisfies()).
    /// @returns Errc::kNotDelegated (`delegator` does not delegate to it, or snapshot does not list
    ///   it), kLengthMismatch, kHashMismatch (5.6.2), kThresholdNotMet (5.6.3), kMalformed,
    ///   kUnsupportedSpec, kWrongVersion (5.6.4), or kExpired (5.6.5).
    [[nodiscard]] Result<void> update_targets(const std::string& role, const std::string& delegator,
                                              ByteView bytes);

    /// Whether the document trusted for `role` is also signed by the keys that `delegator` names.
    ///
    /// @pre `role` is trusted.
    /// @returns Errc::kNotDelegated or kThresholdNotMet.
    [[nodiscard]] Result<void> satisfies(const std::string& role, const std::string& delegator);

    const Root& root() const noexcept { return root_; }
    const std::optional<Timestamp>& timestamp() const noexcept { return timestamp_; }
    const std::optional<Snapshot>& snapshot() const noexcept { return snapshot_; }

    /// "targets" or a delegated role; nullptr when it is not trusted (yet).
    const Targets* targets(const std::string& role) const;

private:
    struct TrustedTargets {
        Envelope envelope;
        Targets document;
        std::set<std::string> delegators;  ///< Whose keys it satisfies.
    };
    /// Who must sign a role, as its delegator says.
    using Authority = std::pair<const RoleKeys*, const KeyMap*>;

    TrustedSet(Root root, std::chrono::sys_seconds update_start)
        : root_(std::move(root)), update_start_(update_start) {}

    [[nodiscard]] Result<Timestamp> verified_timestamp(ByteView bytes) const;
    [[nodiscard]] Result<Snapshot> verified_snapshot(ByteView bytes) const;
    [[nodiscard]] Result<Authority> authority(const std::string& role,
                                              const std::string& delegator) const;
    [[nodiscard]] Result<void> check_current(std::chrono::sys_seconds expires) const;

    Root root_;
    bool root_is_final_ = false;
    std::optional<Timestamp> timestamp_;
    std::optional<Snapshot> snapshot_;
    bool snapshot_matches_ = false;  ///< Its bytes are those the timestamp vouches for.
    std::map<std::string, TrustedTargets> targets_;
    std::chrono::sys_seconds update_start_;
};

}  // namespace firebreak::trust
