#include "sensor/host/landlock.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <utility>

namespace firebreak::sensor {
namespace {

constexpr long kCreateRuleset = 444;
constexpr long kAddRule = 445;
constexpr long kRestrictSelf = 446;
constexpr std::uint32_t kCreateRulesetVersion = 1;
constexpr int kRulePathBeneath = 1;
constexpr std::uint64_t kScopeAbstractSockets = 1;
constexpr std::uint64_t kScopeSignals = 2;

struct RulesetAttr {
    std::uint64_t handled_access_fs;
    std::uint64_t handled_access_net;  // From ABI 4.
    std::uint64_t scoped;              // From ABI 6.
};

struct [[gnu::packed]] PathBeneathAttr {
    std::uint64_t allowed_access;
    std::int32_t parent_fd;
};

tl::unexpected<Error> fail_errno(int number, std::string doing) {
    return fail({number, std::generic_category()}, std::move(doing));
}

int kernel_abi() {
    const long abi = ::syscall(kCreateRuleset, nullptr, 0, kCreateRulesetVersion);
    return abi > 0 ? static_cast<int>(abi) : 0;
}

/// Everything that a kernel of this ABI can take away.
RulesetAttr everything_of(int abi, LandlockSignals signals) {
    unsigned rights = 13;       // ABI 1: execute .. make symbolic link.
    if (abi >= 2) rights = 14;  // Refer: rename and link between folders.
    if (abi >= 3) rights = 15;  // Truncate.
    if (abi >= 5) rights = 16;  // ioctl on devices.
    const std::uint64_t scopes = signals == LandlockSignals::kNone
                                     ? kScopeAbstractSockets | kScopeSignals
                                     : kScopeAbstractSockets;
    return {
        .handled_access_fs = (std::uint64_t{1} << rights) - 1,
        .handled_access_net = abi >= 4 ? 0x3U : 0U,  // TCP bind and connect.
        .scoped = abi >= 6 ? scopes : 0U,
    };
}

std::size_t attr_bytes(int abi) {
    if (abi >= 6) return sizeof(RulesetAttr);
    return abi >= 4 ? 2 * sizeof(std::uint64_t) : sizeof(std::uint64_t);
}

/// @returns 0 or an errno.
int add_exception(int ruleset, const LandlockExcept& except) {
    const int place = ::open(except.path, O_PATH | O_CLOEXEC);
    if (place < 0) return errno == ENOENT ? 0 : errno;
    struct stat facts {};
    int failed = ::fstat(place, &facts) == 0 ? 0 : errno;
    std::uint64_t rights = except.rights;
    // A right over folders, given for a file, is refused.
    if (!S_ISDIR(facts.st_mode)) rights &= ~std::uint64_t{kLandlockReadFolder};
    const PathBeneathAttr beneath{.allowed_access = rights, .parent_fd = place};
    if (failed == 0 && ::syscall(kAddRule, ruleset, kRulePathBeneath, &beneath, 0) != 0) {
        failed = errno;
    }
    ::close(place);
    return failed;
}

}  // namespace

Result<LandlockRules> LandlockRules::make(const std::vector<LandlockExcept>& exceptions,
                                          LandlockSignals signals) {
    const int abi = kernel_abi();
    if (abi == 0) return LandlockRules(0, -1);
    const RulesetAttr attr = everything_of(abi, signals);
    const auto ruleset = static_cast<int>(::syscall(kCreateRuleset, &attr, attr_bytes(abi), 0));
    if (ruleset < 0) return fail_errno(errno, "landlock_create_ruleset");
    LandlockRules rules(abi, ruleset);
    for (const LandlockExcept& except : exceptions) {
        if (const int failed = add_exception(ruleset, except); failed != 0) {
            return fail_errno(failed, "landlock: " + std::string(except.path));
        }
    }
    return rules;
}

LandlockRules::~LandlockRules() {
    if (descriptor_ >= 0) ::close(descriptor_);
}

LandlockRules::LandlockRules(LandlockRules&& other) noexcept
    : abi_(other.abi_), descriptor_(std::exchange(other.descriptor_, -1)) {}

int LandlockRules::enforce() const noexcept {
    if (abi_ == 0) return 0;
    return ::syscall(kRestrictSelf, descriptor_, 0) == 0 ? 0 : errno;
}

}  // namespace firebreak::sensor
