#include "client/platform/host_facts.hpp"

#include <sys/utsname.h>

#include "client/cycle_state.hpp"

namespace firebreak::client {
namespace {

constexpr std::size_t kFactBytesMax = 100;

std::string fact(std::string text) {
    if (text.empty()) return "unknown";
    if (text.size() > kFactBytesMax) text.resize(kFactBytesMax);
    return printable(std::move(text));
}

}  // namespace

Attributes host_facts() {
    utsname names{};
    ::uname(&names);
    return {{"os", fact(std::string(names.sysname) + " " + names.release)},
            {"architecture", fact(names.machine)},
            {"host", fact(names.nodename)}};
}

}  // namespace firebreak::client
