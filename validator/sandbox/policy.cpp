#include "validator/sandbox/policy.hpp"

namespace firebreak::validator {

std::string Confinement::to_string() const {
    std::string text;
    const auto add = [&](bool reached, const char* name) {
        if (!reached) return;
        if (!text.empty()) text += "+";
        text += name;
    };
    add(seccomp, "seccomp");
    add(limits, sanitized ? "rlimits-but-address-space+no-new-privs" : "rlimits+no-new-privs");
    add(landlock_abi > 0, "landlock");
    add(namespaces, "namespaces");
    add(cgroup, "cgroup");
    add(fixed_addresses, "fixed-addresses");
    return text.empty() ? "none" : text;
}

}  // namespace firebreak::validator
