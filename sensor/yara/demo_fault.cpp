#include "sensor/yara/demo_fault.hpp"

#include <unistd.h>
#include <yara.h>

#include <csignal>
#include <cstring>

namespace firebreak::yara {

void demo_fault_on_match(const YR_RULE& rule) {
    YR_META* meta = nullptr;
    yr_rule_metas_foreach((&rule), meta) {
        const bool vanish = meta->type == META_TYPE_STRING &&
                            std::strcmp(meta->identifier, "demo_fault") == 0 &&
                            std::strcmp(meta->string, "vanish") == 0;
        if (vanish) kill(getpid(), SIGKILL);
    }
}

}  // namespace firebreak::yara
