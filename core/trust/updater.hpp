#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "core/base/error.hpp"
#include "core/trust/metadata.hpp"

namespace firebreak::trust {

/// Caps of the client workflow (specification 5.3 to 5.6; the numbers are python-tuf's).
struct UpdaterLimits {
    std::uint64_t root_bytes_max = 512'000;
    std::uint64_t timestamp_bytes_max = 16'384;
    std::uint64_t snapshot_bytes_max = 2'000'000;
    std::uint64_t targets_bytes_max = 5'000'000;
    int root_rotations_max = 256;
    int delegations_max = 32;
};

/// What the client has on disk from earlier updates: raw bytes by role name ("root", "timestamp",
/// "snapshot", "targets", and delegated names). Only "root" must be there.
using LocalMetadata = std::map<std::string, Bytes>;

/// Where a target was found, and what its role vouches for.
struct FoundTarget {
    std::string role;
    std::string path;
    TargetFile file;
};

/// The client workflow of TUF (specification v1.0.34, section 5) without its I/O: it says what to
/// fetch and what to keep, and the caller does it.
///
///     Result<Updater> updater = Updater::start(local, now, {});
///     for (;;) {
///         Result<Updater::Step> step = updater->next();
///         // Fetch  -> updater->fetched(bytes), updater->not_available() on a 404 where
///         //           absence_is_an_answer; any other failure of the transport ends the cycle
///         // Persist, Forget -> do it durably, before calling next() again
///         // Idle   -> everything asked for so far is answered
///     }
///     updater->look_for("rings/yara.json");   // then run the loop to Idle again
///     updater->found("rings/yara.json");
///
/// Rules it keeps: what is refused changes nothing; a role is to be persisted as soon as it is
/// wholly valid, and never before; one `now` for the whole cycle (5.1).
/// After an error the object is spent; what was persisted until then is right.
///
/// Thread safety: one thread at a time.
class Updater {
public:
    struct Fetch {
        std::string path;  ///< Below the metadata base URL: "2.root.json", percent-encoded.
        std::uint64_t bytes_max = 0;
        bool absence_is_an_answer = false;  ///< Only for the next root (5.3.3).
    };
    struct Persist {
        std::string role;  ///< Not a file name: encode it before it becomes one.
        Bytes bytes;
    };
    struct Forget {
        std::string role;
    };
    struct Idle {};
    using Step = std::variant<Fetch, Persist, Forget, Idle>;

    /// @returns the workflow at 5.2, or why the local root cannot be trusted. Other local metadata
    ///   that does not check out is ignored, as if it were not there.
    [[nodiscard]] static Result<Updater> start(LocalMetadata local, std::chrono::sys_seconds now,
                                               UpdaterLimits limits);

    Updater(Updater&&) noexcept;
    Updater& operator=(Updater&&) noexcept;
    ~Updater();

    /// What to do next; an error when what was fetched last did not earn trust.
    [[nodiscard]] Result<Step> next();

    /// Answers to the last Fetch. @pre there is one.
    void fetched(Bytes bytes);
    void not_available();

    /// Asks for a pre-order search of the delegations for `path` (5.6.7), from the next next() on.
    void look_for(std::string path);

    /// @pre next() said Idle after look_for(path).
    /// @returns what the first role in order says of it; Errc::kTargetNotFound.
    [[nodiscard]] Result<FoundTarget> found(const std::string& path) const;

    const Root& root() const;

private:
    struct Impl;
    explicit Updater(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

/// The name under which a target is fetched below the targets base URL: with consistent snapshots
/// "content/yara/<sha256>.41.fbb" for "content/yara/41.fbb" (5.7.3).
std::string consistent_target_path(const std::string& path, const TargetFile& file);

/// @returns success, or kLengthMismatch or kHashMismatch: every hash of a known algorithm must
///   match, and at least one must be known (5.7).
[[nodiscard]] Result<void> verify_target(const TargetFile& file, ByteView bytes);

}  // namespace firebreak::trust
