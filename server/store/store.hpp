#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/base/bytes.hpp"
#include "core/base/clock.hpp"
#include "core/base/digest.hpp"
#include "core/base/error.hpp"
#include "core/base/json.hpp"
#include "core/health/report.hpp"
#include "core/rollout/event_log.hpp"
#include "core/rollout/rollout.hpp"
#include "core/trust/metadata.hpp"

namespace firebreak::server {

/// The rows of the store, as values. Everything but the log is a projection that saves folding it.

/// What put a device into its ring.
enum class PlacedBy {
    kToken,    ///< The ring that its enrolment token names.
    kDevice,   ///< A rule that names it.
    kTag,      ///< A rule that names a tag of its token.
    kTenant,   ///< A rule that names its tenant.
    kDefault,  ///< No rule: the slowest ring there was.
};

/// How a device got into its ring.
struct Placement {
    PlacedBy by = PlacedBy::kToken;
    std::string name{};  ///< Of the device, tag or tenant that the rule has; else empty.
    friend bool operator==(const Placement&, const Placement&) = default;
};

/// An endpoint that enrolled.
struct Device {
    std::string id;
    std::string tenant;
    std::string ring;
    Bytes public_key;             ///< Ed25519, 32 bytes; unique.
    std::string enrolment_token;  ///< Id of the token it came by.
    Sha256 engine_build;          ///< As last heard.
    json::object attributes;
    Instant enrolled;
    Instant last_seen;
    bool revoked = false;
    std::map<std::string, std::int64_t> running;  ///< Stream to counter, as last heard.
    std::vector<std::string> tags;                ///< Of the token it came by.
    Placement placement;
};

enum class Role {
    kViewer,
    kAuthor,
    kApprover,
    kReleaseManager,
    kAdministrator,
    kDriller,  ///< Releases and halts drills, and nothing else: for a timer.
};

/// An operator's bearer token, without its secret.
struct ApiToken {
    std::string id;
    std::string name;
    Role role = Role::kViewer;
    std::string secret_hash;  ///< libsodium crypto_pwhash_str (argon2id).
    Instant created;
    std::optional<Instant> expires;
    bool revoked = false;
};

struct EnrolmentToken {
    std::string id;
    std::string tenant;
    std::optional<std::string> ring;  ///< None: the rules of the configuration place the device.
    Sha256
        secret_hash;  ///< Plain SHA-256: the secret has 256 random bits, so there is no guessing.
    std::int64_t uses_left = 0;
    Instant created;
    Instant expires;
    std::vector<std::string> tags{};  ///< For rules of placement.
};

/// One published counter: what the rollout was made from, and where it stands.
struct Release {
    rollout::RolloutId id;
    Sha256 bundle;
    Sha256 attestation;
    std::string target;  ///< "content/yara/41.fbb".
    json::value plan;    ///< rollout::to_json(Plan).
    std::string phase;   ///< rollout::name_of, as of the last event.
    Instant published;
    std::string publisher;
    /// The rollout as the API shows it, fixed when a newer one took over; null while it is live.
    json::value final_view;
};

enum class BlobKind { kBundle, kAttestation };

/// An uploaded file, by its digest. The bytes are on disk.
struct Blob {
    Sha256 sha256;
    BlobKind kind = BlobKind::kBundle;
    std::uint64_t length = 0;
    Instant uploaded;
    std::string uploader;
};

/// Engine builds alive in a ring.
struct CensusLine {
    Sha256 engine_build;
    std::string ring;
    std::int64_t devices = 0;
};

/// Which devices to list: of one ring or all, ids after `after`, at most `limit`.
struct DeviceQuery {
    std::optional<std::string> ring;
    std::string after;
    std::int64_t limit = 100;
};

/// Whom a count takes in. Devices that are made for drills (server/rollout/drill.hpp) are all of
/// one tenant; they count for drills alone, and all others for everything else.
struct Population {
    std::string drill_tenant{};  ///< Empty: there are no drills.
    bool drill = false;          ///< Those of that tenant alone; otherwise all but those.
};

/// What the control is measured against.
struct ControlQuery {
    rollout::RolloutId rollout;
    Population population;
    Instant active_since;   ///< Heard of since: part of the fleet.
    Instant silent_before;  ///< Not heard of since: silent.
    Instant heard_since;    ///< Heard of since then: heard.
    Instant began;          ///< Crashes from here on count.
};

/// Between which two moments losses are counted: a device is lost when it was heard of since
/// `heard_since`, and not since `silent_before`.
struct LossQuery {
    rollout::RolloutId rollout;
    Population population;
    Instant heard_since;
    Instant silent_before;
};

struct ControlCount {
    rollout::ControlSeen seen;
    std::int64_t heard = 0;  ///< Of its devices.
};

/// One line for the log, before it has its place in it.
struct LogLine {
    std::string kind;
    std::string actor;
    json::value data;
    Instant time;
    std::optional<rollout::RolloutId> rollout;  ///< Finds it again when a rollout is folded.
};

/// Changes, valid inside Store::transact alone.
class StoreWriter {
public:
    virtual ~StoreWriter() = default;

    /// Appends to the hash-chained log. @returns the entry with its place and hash.
    [[nodiscard]] virtual Result<rollout::LogEntry> append(const LogLine& line) = 0;

    [[nodiscard]] virtual Result<void> add_device(const Device& device) = 0;
    /// @returns Errc::kNotFound when there is no such device, or it was revoked before.
    [[nodiscard]] virtual Result<void> revoke_device(const std::string& id) = 0;
    /// A device was heard of: `running` is what it says it runs, when it says so.
    [[nodiscard]] virtual Result<void> touch_device(
        const std::string& id, Instant seen, const Sha256& engine_build,
        const std::optional<rollout::RolloutId>& running) = 0;
    /// What the device says that it is now.
    /// @returns Errc::kNotFound when there is no such device.
    [[nodiscard]] virtual Result<void> describe_device(const std::string& id,
                                                       const json::object& attributes) = 0;

    /// @returns false when this device's sequence number was there already: nothing changed.
    [[nodiscard]] virtual Result<bool> add_report(const health::Report& report,
                                                  Instant received) = 0;
    /// Remembers that `device` is on the new content, no longer part of the control.
    [[nodiscard]] virtual Result<void> add_activation(const rollout::RolloutId& rollout,
                                                      const std::string& device) = 0;

    [[nodiscard]] virtual Result<void> add_token(const ApiToken& token) = 0;
    /// @returns false when there is no such token, or it was revoked before.
    [[nodiscard]] virtual Result<bool> revoke_token(const std::string& id) = 0;

    [[nodiscard]] virtual Result<void> add_enrolment_token(const EnrolmentToken& token) = 0;
    /// Takes one use. @returns false when none is left.
    [[nodiscard]] virtual Result<bool> spend_enrolment_token(const std::string& id) = 0;

    /// @returns Errc::kConflict when this counter of this stream is there already.
    [[nodiscard]] virtual Result<void> add_release(const Release& release) = 0;
    /// Where a rollout stands. From "complete" on its counter is a last-known-good, until "halted".
    [[nodiscard]] virtual Result<void> set_phase(const rollout::RolloutId& id,
                                                 const std::string& phase) = 0;
    [[nodiscard]] virtual Result<void> set_final_view(const rollout::RolloutId& id,
                                                      const json::value& view) = 0;

    [[nodiscard]] virtual Result<void> add_blob(const Blob& blob) = 0;

    /// @returns Errc::kConflict when this version is there already.
    [[nodiscard]] virtual Result<void> add_content_role(trust::Version version, ByteView bytes) = 0;
};

/// The one place where the server's state is. An interface, because SQLite is the default and not
/// the only one.
///
/// Rules it keeps: a transaction is there whole and durably when transact() returned success, or
/// not at all; the log has no gaps and each entry's hash chains it to the one before.
/// Errors: std::errc::no_space_on_device for a full disk, Errc::kUnavailable for a busy or failing
/// one, Errc::kCorrupt for data that does not check out, Errc::kConflict for a broken uniqueness.
/// Thread safety: one thread at a time.
class Store {
public:
    virtual ~Store() = default;

    /// Runs `work` in one transaction and commits when it succeeds. Reads made meanwhile see its
    /// changes. @returns work's error, or the commit's; nothing changed in either case.
    [[nodiscard]] virtual Result<void> transact(
        const std::function<Result<void>(StoreWriter&)>& work) = 0;

    [[nodiscard]] virtual Result<std::optional<rollout::LogEntry>> last_entry() = 0;
    /// Entries after sequence `after`, oldest first.
    [[nodiscard]] virtual Result<std::vector<rollout::LogEntry>> entries(std::int64_t after,
                                                                         std::int64_t limit) = 0;
    /// A page of one rollout's own entries, likewise.
    [[nodiscard]] virtual Result<std::vector<rollout::LogEntry>> entries_of(
        const rollout::RolloutId& rollout, std::int64_t after, std::int64_t limit) = 0;

    [[nodiscard]] virtual Result<std::optional<Device>> device(const std::string& id) = 0;
    /// By id.
    [[nodiscard]] virtual Result<std::vector<Device>> devices(const DeviceQuery& query) = 0;
    [[nodiscard]] virtual Result<std::map<std::string, std::int64_t>> active_by_ring(
        Instant since, const Population& population) = 0;
    [[nodiscard]] virtual Result<std::vector<CensusLine>> census(Instant since,
                                                                 const Population& population) = 0;
    [[nodiscard]] virtual Result<ControlCount> control(const ControlQuery& query) = 0;

    /// Who of those on the new content, and of those never let in, fell silent.
    [[nodiscard]] virtual Result<rollout::LossesSeen> losses(const LossQuery& query) = 0;
    [[nodiscard]] virtual Result<std::int64_t> device_count() = 0;
    /// When any device was last heard of.
    [[nodiscard]] virtual Result<std::optional<Instant>> last_heard() = 0;

    [[nodiscard]] virtual Result<std::optional<ApiToken>> token(const std::string& id) = 0;
    [[nodiscard]] virtual Result<std::vector<ApiToken>> tokens() = 0;
    [[nodiscard]] virtual Result<std::optional<EnrolmentToken>> enrolment_token(
        const std::string& id) = 0;

    [[nodiscard]] virtual Result<std::optional<Release>> release(const rollout::RolloutId& id) = 0;
    /// Newest first.
    [[nodiscard]] virtual Result<std::vector<Release>> releases(std::int64_t limit) = 0;
    /// The highest counter of each stream.
    [[nodiscard]] virtual Result<std::vector<Release>> newest_releases() = 0;
    /// The highest completed counter of `stream` below `counter`; 0 when there is none.
    [[nodiscard]] virtual Result<std::int64_t> last_completed(const std::string& stream,
                                                              std::int64_t below) = 0;

    /// Counters of `stream` below `counter` that were halted, newest first, at most `limit`.
    [[nodiscard]] virtual Result<std::vector<std::int64_t>> halted(const std::string& stream,
                                                                   std::int64_t below,
                                                                   std::int64_t limit) = 0;

    [[nodiscard]] virtual Result<std::optional<Blob>> blob(const Sha256& sha256) = 0;
    /// The newest content metadata, the bytes as signed; Errc::kNotFound before init.
    [[nodiscard]] virtual Result<Bytes> content_role() = 0;
};

/// "token", "device", "tag", "tenant", "default".
std::string_view name_of(PlacedBy by);
/// @returns Errc::kInvalid.
[[nodiscard]] Result<PlacedBy> placed_by_of(std::string_view name);

std::string_view name_of(Role role);
/// @returns Errc::kInvalid with the names there are.
[[nodiscard]] Result<Role> role_of(std::string_view name);

}  // namespace firebreak::server
