#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/clock.hpp"
#include "core/base/log.hpp"
#include "core/health/report.hpp"
#include "core/rollout/rollout.hpp"
#include "server/repository/repository.hpp"
#include "server/rollout/drill.hpp"
#include "server/store/store.hpp"

namespace firebreak::server {

/// What a device is told about its report.
struct ReportAnswer {
    bool duplicate = false;
    bool may_activate = false;

    friend bool operator==(const ReportAnswer&, const ReportAnswer&) = default;
};

/// A release whose documents were checked (release_checks.hpp), ready to become a rollout.
struct NewRelease {
    rollout::RolloutId id;
    Sha256 bundle;
    Sha256 attestation;
    std::string target;
    rollout::Plan plan;
    Bytes content_role;  ///< Empty: as published, which lists this bundle already.
    trust::Version content_version = 0;
    std::string publisher;
    /// Bundles that the content role lists for later: they must be uploaded by now.
    std::vector<Sha256> beside{};
};

/// What an operator can do to a rollout.
enum class Steering {
    kHold,
    kResume,  ///< Of what the controller held: asks, or grants what another person asked for.
    kHalt,
    kApprove,   ///< That the next ring opens.
    kOverride,  ///< Asks that what the ring open furthest waits for be passed over.
    kGrant,     ///< Grants what another person asked for.
};

struct SteeringOrder {
    rollout::RolloutId id;
    Steering steering = Steering::kHold;
    std::string actor;   ///< As the log calls them.
    std::string person;  ///< Whose token it is: two tokens of one name are one person.
    std::string reason;
    std::string ring{};  ///< That an approval, override or grant is of; for the others empty.
};

/// What the driver uses and does not own; all of it must outlive the driver.
struct DriverParts {
    Store& store;
    Repository& repository;
    BundleSource bundles;
    const Clock& clock;
    const Log& log;
    std::optional<DrillRules> drill{};  ///< Nothing: no drills are held.
};

/// How well the driver is doing, for /readyz and /metrics.
struct DriverHealth {
    std::optional<Error> store;       ///< Why the last access to the store failed.
    std::optional<Error> repository;  ///< Why the last publish failed.
};

/// Owns the live rollouts, the newest of each stream: feeds them what happens, does what they
/// decide.
///
/// Rules it keeps:
///   - every event is in the log, durably, before anything it means is answered or published;
///   - its rollouts are the fold of the log: when a commit fails, they are folded anew;
///   - may_activate is said only in the same transaction that logs the activation, so that the
///     window cannot be overrun (P2);
///   - the repository says what the store says: whatever a kill left behind is mended by the next
///     advance().
///
/// All of it blocks (SQLite, fsync): it runs on a thread of its own.
/// Thread safety: one thread at a time.
/// Tests: tests/unit/server/rollout/.
class Driver {
public:
    /// Folds the log. @param device_active  A device counts as part of the fleet for that long.
    /// @returns the driver, or Errc::kCorrupt when the log does not check out.
    [[nodiscard]] static Result<Driver> open(DriverParts parts, std::chrono::seconds device_active);

    /// Takes in a batch of authenticated reports, in one commit.
    ///
    /// @returns one answer each, in order: Errc::kNotFound for a device that never enrolled,
    ///   Errc::kDenied for a revoked one, the store's error for all when the commit failed (then no
    ///   report of the batch counts, and the devices send them again).
    [[nodiscard]] std::vector<Result<ReportAnswer>> accept(std::span<const health::Report> reports);

    /// Starts a rollout: one commit decides it, and retires the stream's last.
    ///
    /// @returns Errc::kConflict when this counter, or a higher one, or this content version was
    ///   published in the meantime; or the store's error. The repository follows: a disk that fails
    ///   between the two is mended by a later advance().
    [[nodiscard]] Result<void> start(const NewRelease& release);

    /// Does what a person orders. A halt of a halted rollout, and what the same person approved
    /// before, changes nothing and succeeds. So does a hold of what is held, but that it ends what
    /// somebody asked for.
    ///
    /// @returns Errc::kNotFound for an unknown rollout; Errc::kConflict for one that is over, for a
    ///   resume of one that is not held or that the same person asked for already, and for a hold
    ///   of one that is not rolling; for an approval that nobody asks for, or of a person who
    ///   published it or is not among the approvers; for an override without a ring to open, and
    ///   for granting one's own, or none.
    [[nodiscard]] Result<void> steer(const SteeringOrder& order);

    /// Counts the fleet, lets each rollout decide, publishes what changed. To be called after each
    /// batch and at least every tick.
    ///
    /// @returns the first error; the next call tries again.
    [[nodiscard]] Result<void> advance();

    /// Lets each rollout decide and publishes, without counting the fleet: after a batch of
    /// reports.
    [[nodiscard]] Result<void> decide();

    /// Newest first. @returns the rollouts as the API shows them.
    [[nodiscard]] Result<json::array> views(std::int64_t limit);
    /// @returns Errc::kNotFound.
    [[nodiscard]] Result<json::object> view(const rollout::RolloutId& id);

    /// Where `device` stands in the newest rollout of each stream, or of `stream` alone
    /// (docs/api.md). @returns Errc::kNotFound, saying what there is not: the device, or a release.
    [[nodiscard]] Result<json::object> explain(const std::string& device,
                                               const std::optional<std::string>& stream);

    /// The live rollout of each stream.
    std::vector<const rollout::Rollout*> live() const;
    const DriverHealth& health() const { return health_; }

    const std::optional<DrillRules>& drill_rules() const { return parts_.drill; }
    /// All but those that are made for drills.
    Population real_devices() const { return {parts_.drill ? parts_.drill->tenant : "", false}; }
    /// How the newest drill went; nothing before the first.
    std::optional<DrillResult> last_drill() const;

private:
    struct Live {
        rollout::Rollout rollout;
        Release release;
        std::optional<rollout::FleetSeen> fleet;      ///< As last recorded.
        std::optional<rollout::ControlSeen> control;  ///< Likewise.
        std::optional<rollout::LossesSeen> losses;    ///< Likewise.
        std::optional<rollout::FreezeSeen> freeze;    ///< Likewise.
        std::optional<Instant> losses_counted;        ///< Up to when; nothing: not yet.
        Instant decides_from{};   ///< Not earlier: devices could not reach us while we were down.
        std::string halted_by{};  ///< As the log calls them; empty: not halted.
    };

    Driver(DriverParts parts, std::chrono::seconds device_active)
        : parts_(std::move(parts)), device_active_(device_active) {}

    // driver_fold.cpp: reading the log back.
    [[nodiscard]] Result<void> ensure_folded();
    [[nodiscard]] Result<Live> fold(const Release& release);
    void grant_grace(Live& live, Instant last_heard) const;
    Live* find(const rollout::RolloutId& id);

    // Changing the log; all but transact() inside of a transaction.
    [[nodiscard]] Result<void> transact(const std::function<Result<void>(StoreWriter&)>& work);
    [[nodiscard]] Result<void> record(StoreWriter& writer, Live& live, const std::string& actor,
                                      const rollout::Event& event);
    [[nodiscard]] Result<void> open_release(StoreWriter& writer, const NewRelease& release,
                                            Live& next);
    [[nodiscard]] Result<void> retire(StoreWriter& writer, Live& live, std::int64_t by_counter,
                                      const std::string& actor);

    // driver_reports.cpp
    using Outcome = Result<ReportAnswer>;
    [[nodiscard]] Result<Outcome> take(StoreWriter& writer, const health::Report& report,
                                       Instant now);
    [[nodiscard]] Result<bool> feed(StoreWriter& writer, const Device& device,
                                    const health::Report& report, Instant now);

    // driver_calendar.cpp: the freeze that is or comes next; fails closed.
    std::optional<rollout::FreezeSeen> freeze_of(const rollout::Plan& plan, Instant now) const;
    [[nodiscard]] Result<void> look_up_freeze(Live& live, Instant now);

    // driver_orders.cpp. @returns nothing when what is ordered is so already.
    [[nodiscard]] Result<std::optional<rollout::EventBody>> ordered(const Live& live,
                                                                    const SteeringOrder& order,
                                                                    Instant now) const;

    [[nodiscard]] Result<void> try_store();
    [[nodiscard]] Result<void> count_fleet(Instant now);
    [[nodiscard]] Result<void> count_losses(Live& live, Instant now);
    [[nodiscard]] Result<void> let_decide(Live& live, Instant now);
    [[nodiscard]] Result<void> publish(Instant now);
    void publish_soon();
    void note_publish_failure(const Error& error, Instant now);

    DriverParts parts_;
    std::chrono::seconds device_active_;
    std::map<std::string, Live> live_;  ///< By stream.
    Bytes content_role_;
    bool folded_ = false;
    bool repository_is_behind_ = true;  ///< Until a publish() says otherwise.
    Instant publish_from_{};            ///< After a failure: not earlier, unless there is news.
    std::chrono::milliseconds publish_pause_{};
    std::optional<Instant> counted_;
    /// After a start devices get as long as they may be silent to be heard of again.
    Instant opened_{};
    DriverHealth health_;
};

}  // namespace firebreak::server
