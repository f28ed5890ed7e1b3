#include "sensor/yara/demo_fault.hpp"

#include <unistd.h>
#include <yara.h>

#include <csignal>
#include <cstdlib>
#include <cstring>

namespace firebreak::yara {
namespace {

/// True where what makes a host different from every laboratory is there.
bool is_live_host() {
    return std::getenv("FIREBREAK_DEMO_LIVE_HOST") != nullptr;
}

bool asks_for(const YR_META& meta, const char* fault) {
    return meta.type == META_TYPE_STRING && std::strcmp(meta.identifier, "demo_fault") == 0 &&
           std::strcmp(meta.string, fault) == 0;
}

}  // namespace

void demo_fault_on_match(const YR_RULE& rule) {
    YR_META* meta = nullptr;
    yr_rule_metas_foreach((&rule), meta) {
        const bool vanish =
            asks_for(*meta, "vanish") || (asks_for(*meta, "vanish-on-live-host") && is_live_host());
        if (vanish) kill(getpid(), SIGKILL);
    }
}

}  // namespace firebreak::yara
