#pragma once

#include <filesystem>
#include <optional>

#include "core/base/error.hpp"
#include "validator/sandbox/descriptor.hpp"

namespace firebreak::validator {

/// The hidden sub-command that turns this program into a worker.
inline constexpr const char* kWorkerCommand = "worker";

/// The descriptors a worker finds open; every other one is closed.
inline constexpr int kChannelDescriptor = 3;
inline constexpr int kInputDescriptor = 4;
inline constexpr int kContentDescriptor = 5;
inline constexpr int kBatchDescriptor = 6;

/// The program that workers are: this very executable, held open so that an upgrade in the middle
/// of a run cannot mix two versions; or the host of sanitizer twins, which is the same program
/// linked with a sanitizer's runtime.
class WorkerProgram {
public:
    [[nodiscard]] static Result<WorkerProgram> self();
    [[nodiscard]] static Result<WorkerProgram> at(const std::filesystem::path& path);
    /// What is there must be of this very release: the two speak with one another.
    [[nodiscard]] static Result<WorkerProgram> twin_host(const std::filesystem::path& path);

    int descriptor() const noexcept { return file_.get(); }
    const std::filesystem::path& path() const noexcept { return path_; }

    /// Whether its workers have a sanitizer's runtime: they open sanitizer builds of engines, have
    /// no limit of address space, and take several times the memory.
    bool sanitized() const noexcept { return sanitized_; }

    /// Where workers can have cgroups of their own, if that is delegated (cgroup.hpp).
    const std::optional<std::filesystem::path>& cgroups() const noexcept { return cgroups_; }

private:
    WorkerProgram(std::filesystem::path path, Descriptor file, bool sanitized);

    std::filesystem::path path_;
    Descriptor file_;
    bool sanitized_;
    std::optional<std::filesystem::path> cgroups_;
};

/// What a worker is given, all owned by the caller.
struct LaunchPlan {
    int program = -1;
    int channel = -1;
    int input = -1;
    int content = -1;
    int batch = -1;
    int output = -1;               ///< Its stdout and stderr.
    int cgroup = -1;               ///< The folder of its cgroup; -1: that of the caller.
    bool fixes_addresses = false;  ///< Memory lies where it lay in the last one.
};

struct LaunchedProcess {
    pid_t id = -1;
    Descriptor handle;  ///< A pidfd: readable once the process has ended.
    bool namespaces = false;
    bool cgroup = false;  ///< It is in the one that was asked for.
};

/// Starts a worker in a session of its own, with a closed environment, that dies with the calling
/// thread; in the cgroup, in user, pid, net, mount, ipc and uts namespaces of its own, and with the
/// addresses that were asked for, where the machine allows.
///
/// @returns an errno when no process could be made at all.
[[nodiscard]] Result<LaunchedProcess> launch(const LaunchPlan& plan);

}  // namespace firebreak::validator
