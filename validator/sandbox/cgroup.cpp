#include "validator/sandbox/cgroup.hpp"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <sstream>
#include <sys/stat.h>

namespace firebreak::validator {
namespace {

namespace fs = std::filesystem;

constexpr std::array<std::string_view, 2> kControllers{"memory", "pids"};
constexpr const char* kSupervisor = "firebreak-supervisor";

tl::unexpected<Error> fail_errno(const fs::path& where) {
    return fail({errno, std::generic_category()}, where.string());
}

/// Of a file of the kernel's, which are short.
std::string text_of_file(const fs::path& path) {
    const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    std::array<char, 4096> text{};
    const ssize_t length = file.ok() ? ::read(file.get(), text.data(), text.size()) : 0;
    return {text.data(), static_cast<std::size_t>(std::max<ssize_t>(length, 0))};
}

/// The kernel's files are all there; it lets nobody make others.
Result<void> write_file(const fs::path& path, std::string_view text) {
    const Descriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!file.ok()) return fail_errno(path);
    const ssize_t written = ::write(file.get(), text.data(), text.size());
    if (written != static_cast<ssize_t>(text.size())) return fail_errno(path);
    return {};
}

bool has_controllers(const fs::path& list) {
    std::istringstream words(text_of_file(list));
    std::size_t found = 0;
    for (std::string word; words >> word;) {
        found +=
            static_cast<std::size_t>(std::count(kControllers.begin(), kControllers.end(), word));
    }
    return found == kControllers.size();
}

/// The line "0::/path"; lines of version 1 have other numbers.
std::optional<fs::path> own_cgroup(const CgroupTree& tree) {
    std::istringstream lines(text_of_file(tree.self));
    for (std::string line; std::getline(lines, line);) {
        if (!line.starts_with("0::/")) continue;
        const fs::path path = line.substr(4);
        // Outside of what this process' cgroup namespace shows.
        if (std::find(path.begin(), path.end(), "..") != path.end()) return std::nullopt;
        return tree.root / path;
    }
    return std::nullopt;
}

/// Moves this process into a child of `home`, and hands the controllers on to all children.
bool hand_on(const fs::path& home) {
    const fs::path supervisor = home / kSupervisor;
    if (::mkdir(supervisor.c_str(), 0755) != 0 && errno != EEXIST) return false;
    constexpr std::string_view kSelf = "0";
    if (write_file(supervisor / "cgroup.procs", kSelf) &&
        write_file(home / "cgroup.subtree_control", "+memory +pids")) {
        return true;
    }
    // Somebody else is in it too: back, as if nothing had been tried.
    static_cast<void>(write_file(home / "cgroup.procs", kSelf));
    ::rmdir(supervisor.c_str());
    return false;
}

}  // namespace

std::optional<fs::path> delegated_cgroup(const CgroupTree& tree) {
    std::optional<fs::path> home = own_cgroup(tree);
    // Somebody has moved already: this process, or the validator that started it.
    if (home && home->filename() == kSupervisor) home = home->parent_path();
    if (!home || !has_controllers(*home / "cgroup.controllers")) return std::nullopt;
    if (::access(home->c_str(), W_OK) != 0) return std::nullopt;
    if (has_controllers(*home / "cgroup.subtree_control") || hand_on(*home)) return home;
    return std::nullopt;
}

Result<Cgroup> Cgroup::make(const fs::path& home, const std::string& name,
                            const CgroupLimits& limits) {
    fs::path path = home / name;
    if (::mkdir(path.c_str(), 0755) != 0) return fail_errno(path);
    Cgroup made(path);
    const std::string memory = std::to_string(limits.memory_bytes_max);
    if (auto set = write_file(path / "memory.max", memory); !set) return fail(set.error());
    // A kernel without swap has no such file, and needs none.
    static_cast<void>(write_file(path / "memory.swap.max", "0"));
    const std::string processes = std::to_string(limits.processes_max);
    if (auto set = write_file(path / "pids.max", processes); !set) return fail(set.error());
    made.folder_ = Descriptor(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!made.folder_.ok()) return fail_errno(path);
    return made;
}

Cgroup::Cgroup(Cgroup&& other) noexcept
    : path_(std::exchange(other.path_, {})), folder_(std::move(other.folder_)) {}

Cgroup& Cgroup::operator=(Cgroup&& other) noexcept {
    if (this != &other) {
        remove();
        path_ = std::exchange(other.path_, {});
        folder_ = std::move(other.folder_);
    }
    return *this;
}

void Cgroup::remove() noexcept {
    if (path_.empty()) return;
    static_cast<void>(write_file(path_ / "cgroup.kill", "1"));
    // What was killed is gone a moment later. What is left behind then is empty, and no harm.
    constexpr int kTriesMax = 100;
    for (int tries = 0; tries < kTriesMax; ++tries) {
        if (::rmdir(path_.c_str()) == 0 || errno != EBUSY) break;
        ::poll(nullptr, 0, 1);
    }
    path_.clear();
}

}  // namespace firebreak::validator
