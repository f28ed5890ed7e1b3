#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace firebreak::validator {

/// How long one call may take. Both are measured from outside, and the first to pass ends it. The
/// wall clock is the more patient by far: a busy machine must not fail content.
struct Patience {
    std::chrono::milliseconds cpu;
    std::chrono::milliseconds wall;
};

/// What a worker may use up. The defaults are those of the profile "gate" (profile.hpp).
struct SandboxPolicy {
    std::uint64_t memory_bytes_max = 1U << 30U;  ///< Beyond the images mapped for it.
    std::uint64_t stack_bytes = 8U << 20U;       ///< As on the sensor.
    std::uint64_t cpu_seconds = 3600;            ///< Of the worker's whole life.
    std::uint64_t input_bytes_max = 64U << 20U;  ///< The largest input that fits.
    std::uint64_t answer_bytes_max = 16U << 20U;
    /// The same memory layout for every worker, where the machine lets it. Off where the question
    /// is whether results depend on it.
    bool fixes_addresses = true;
    Patience open{std::chrono::seconds{10}, std::chrono::seconds{60}};
    Patience load{std::chrono::seconds{10}, std::chrono::seconds{60}};
    Patience evaluate{std::chrono::seconds{10}, std::chrono::seconds{60}};
};

/// What really held one worker in: the machine decides, the record tells.
struct Confinement {
    bool limits = false;        ///< rlimits and no-new-privileges.
    bool seccomp = false;       ///< The allow-list is in force.
    bool call_reports = false;  ///< The kernel names a forbidden call, rather than just killing.
    int landlock_abi = 0;       ///< 0: none.
    bool namespaces = false;    ///< Own user, pid, net, mount, ipc and uts namespaces.
    bool cgroup = false;        ///< Own cgroup, with limits of memory and processes.
    /// A worker for sanitizer builds, whose shadow memory takes terabytes of addresses: of its
    /// memory only what it really has is watched.
    bool sanitized = false;
    /// Memory lies where it lay in the last run: what an engine does with an address that it should
    /// not have, it does again. No means of confinement.
    bool fixed_addresses = false;

    /// Below this nothing that a worker says may count: the run is inconclusive.
    bool above_floor() const { return limits && seccomp; }

    /// "seccomp+rlimits+no-new-privs+landlock+namespaces+cgroup+fixed-addresses", without what was
    /// not reached; "rlimits-but-address-space" for a sanitizer build; "none".
    std::string to_string() const;

    friend bool operator==(const Confinement&, const Confinement&) = default;
};

}  // namespace firebreak::validator
