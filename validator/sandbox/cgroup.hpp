#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "core/base/error.hpp"
#include "validator/sandbox/descriptor.hpp"

namespace firebreak::validator {

/// What a worker may use with all that it starts, as the kernel counts it.
struct CgroupLimits {
    std::uint64_t memory_bytes_max = 0;
    std::uint64_t processes_max = 0;
};

/// Where the kernel shows its cgroups, version 2.
struct CgroupTree {
    std::filesystem::path root = "/sys/fs/cgroup";
    std::filesystem::path self = "/proc/self/cgroup";
};

/// Where workers can have cgroups of their own: that of this process, when it is delegated
/// (`systemd-run --user --scope -p Delegate=yes`, most container runtimes) with the controllers for
/// memory and processes.
///
/// A cgroup with processes in it cannot hand controllers on, so this process moves into a child of
/// it, firebreak-supervisor.
///
/// @returns nothing when it is not delegated; then everything is as before.
/// Source: Linux, Documentation/admin-guide/cgroup-v2.rst, "Delegation", "No Internal Process
///   Constraint".
std::optional<std::filesystem::path> delegated_cgroup(const CgroupTree& tree = {});

/// The cgroup of one worker. It goes when this goes, with all that is still in it.
class Cgroup {
public:
    /// @param home  what delegated_cgroup gave.
    /// @param name  not used by another one that is alive.
    /// @returns an errno when the kernel gives no such cgroup, or does not take a limit.
    [[nodiscard]] static Result<Cgroup> make(const std::filesystem::path& home,
                                             const std::string& name, const CgroupLimits& limits);

    Cgroup(Cgroup&& other) noexcept;
    Cgroup& operator=(Cgroup&& other) noexcept;
    ~Cgroup() { remove(); }

    /// For CLONE_INTO_CGROUP.
    int descriptor() const noexcept { return folder_.get(); }

private:
    explicit Cgroup(std::filesystem::path path) : path_(std::move(path)) {}
    void remove() noexcept;

    std::filesystem::path path_;  ///< Empty: none.
    Descriptor folder_;
};

}  // namespace firebreak::validator
