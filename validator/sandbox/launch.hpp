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
/// of
/// a run cannot mix two versions.
class WorkerProgram {
public:
    [[nodiscard]] static Result<WorkerProgram> self() { return at("/proc/self/exe"); }
    [[nodiscard]] static Result<WorkerProgram> at(const std::filesystem::path& path);

    int descriptor() const noexcept { return file_.get(); }

    /// Where workers can have cgroups of their own, if that is delegated (cgroup.hpp).
    const std::optional<std::filesystem::path>& cgroups() const noexcept { return cgroups_; }

private:
    explicit WorkerProgram(Descriptor file);

    Descriptor file_;
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
