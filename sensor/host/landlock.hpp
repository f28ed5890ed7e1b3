#pragma once

#include <cstdint>
#include <vector>

#include "core/base/error.hpp"

namespace firebreak::sensor {

/// Landlock, as far as we need it: rights that a process gives up for ever. Source:
/// https://docs.kernel.org/userspace-api/landlock.html. Written out, because the headers of Debian
/// 12 stop at ABI 2 while kernels go on.

enum LandlockRight : std::uint64_t {
    kLandlockExecute = 1U << 0U,
    kLandlockReadFile = 1U << 2U,
    kLandlockReadFolder = 1U << 3U,
};

/// Rights that stay, beneath a path. A path that is not there is left out.
struct LandlockExcept {
    const char* path;
    std::uint64_t rights;
};

/// Whether the process may still send signals to others that are not under the same rules.
enum class LandlockSignals { kNone, kOthersToo };

/// A set of rules, made and not yet in force. Owns a descriptor, closed on exec.
class LandlockRules {
public:
    /// Takes away everything that the kernel can take away, but for the exceptions.
    ///
    /// @returns rules of ABI 0, which do nothing, when the kernel has no Landlock; an errno when it
    ///   has and refused.
    [[nodiscard]] static Result<LandlockRules> make(const std::vector<LandlockExcept>& exceptions,
                                                    LandlockSignals signals);

    ~LandlockRules();
    LandlockRules(LandlockRules&& other) noexcept;
    LandlockRules& operator=(LandlockRules&&) = delete;

    int abi() const { return abi_; }

    /// Puts them in force for the calling thread. Async-signal-safe. @returns 0 or an errno.
    int enforce() const noexcept;

private:
    LandlockRules(int abi, int descriptor) : abi_(abi), descriptor_(descriptor) {}

    int abi_;
    int descriptor_;
};

}  // namespace firebreak::sensor
