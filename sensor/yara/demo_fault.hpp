#pragma once

struct YR_RULE;

namespace firebreak::yara {

/// The demo's stand-in for 19 July 2024, compiled into yara-demo.so only: content that is harmless
/// until it meets something only a live endpoint has, and then takes the machine down so fast that
/// nothing is reported.
///
/// When `rule` carries the meta `demo_fault = "vanish"`, this process ends here by SIGKILL, as it
/// would under a kernel crash: no handler, no destructor, no last message. With
/// `demo_fault = "vanish-on-live-host"` only where FIREBREAK_DEMO_LIVE_HOST is set: it stands for a
/// driver of somebody else's, which endpoints have and no sandbox with a closed environment can.
void demo_fault_on_match(const YR_RULE& rule);

}  // namespace firebreak::yara
