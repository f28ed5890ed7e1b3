#include <yara.h>

#include <array>
#include <charconv>
#include <cstring>
#include <string_view>

#include "sensor/yara/rule_set.hpp"

#ifdef FIREBREAK_DEMO_FAULT
#include "sensor/yara/demo_fault.hpp"
#endif

namespace firebreak::yara {
namespace {

constexpr std::size_t kDetailBytesMax = 400;
constexpr std::uint64_t kNanosecondsPerMillisecond = 1'000'000;

// FAST_MODE: one match of a string is enough where the condition does not count. NO_TRYCATCH: by
// itself libyara catches SIGSEGV and SIGBUS around a scan and reports its own crashes as "could not
// map file", which is not what happened.
constexpr int kScanFlags = SCAN_FLAGS_FAST_MODE | SCAN_FLAGS_NO_TRYCATCH;

struct ScanReport {
    const fb_match_sink* sink = nullptr;
    std::uint64_t matches_left = 0;
    bool limit_met = false;
};

/// libyara keeps matches packed behind their data, so a YR_MATCH may lie at any address.
YR_MATCH match_at(const void* packed) {
    YR_MATCH match;
    std::memcpy(&match, packed, sizeof match);
    return match;
}

std::string hexadecimal(std::uint64_t number) {
    std::array<char, 16> digits{};
    char* end = std::to_chars(digits.begin(), digits.end(), number, 16).ptr;
    return "0x" + std::string(digits.begin(), end);
}

/// "$a at 0x40": the first place of each string that matched, as far as it fits on a line.
std::string matched_strings(YR_SCAN_CONTEXT* context, const YR_RULE& rule) {
    std::string detail;
    YR_STRING* string = nullptr;
    yr_rule_strings_foreach((&rule), string) {
        const void* first = context->matches[string->idx].head;
        if (first == nullptr || string->chained_to != nullptr) continue;
        const YR_MATCH match = match_at(first);
        if (match.is_private) continue;
        if (detail.size() > kDetailBytesMax) return detail + ", …";
        const auto offset = static_cast<std::uint64_t>(match.base + match.offset);
        detail += (detail.empty() ? "" : ", ") + std::string(string->identifier) + " at " +
                  hexadecimal(offset);
    }
    return detail;
}

int report_match(YR_SCAN_CONTEXT* context, const YR_RULE& rule, ScanReport& report) {
#ifdef FIREBREAK_DEMO_FAULT
    demo_fault_on_match(rule);
#endif
    if (report.matches_left == 0) {
        report.limit_met = true;
        return CALLBACK_ABORT;
    }
    --report.matches_left;
    const std::string detail = matched_strings(context, rule);
    const std::string_view name = rule.identifier;
    const fb_match match = {
        sizeof(fb_match), 0, {name.data(), name.size()}, {detail.data(), detail.size()}};
    if (report.sink->match(report.sink->user, &match) == 0) return CALLBACK_CONTINUE;
    report.limit_met = true;
    return CALLBACK_ABORT;
}

int on_scan_message(YR_SCAN_CONTEXT* context, int message, void* data, void* user) {
    auto& report = *static_cast<ScanReport*>(user);
    switch (message) {
        case CALLBACK_MSG_RULE_MATCHING:
            return report_match(context, *static_cast<const YR_RULE*>(data), report);
        case CALLBACK_MSG_TOO_MANY_MATCHES:
            // libyara would switch the string off and go on: the verdict would be made without it.
            report.limit_met = true;
            return CALLBACK_ABORT;
        default: return CALLBACK_CONTINUE;
    }
}

fb_status status_of(int result, const ScanReport& report, const MemoryAccount& memory) {
    if (report.limit_met || memory.refused) return FB_LIMIT;
    switch (result) {
        case ERROR_SUCCESS: return FB_OK;
        case ERROR_SCAN_TIMEOUT: return FB_TIMEOUT;
        case ERROR_INSUFFICIENT_MEMORY:
        case ERROR_TOO_MANY_MATCHES:
        case ERROR_TOO_MANY_RE_FIBERS:
        case ERROR_EXEC_STACK_OVERFLOW: return FB_LIMIT;
        default: return FB_INTERNAL;
    }
}

}  // namespace

fb_status RuleSet::scan(fb_bytes bytes, const fb_budget& budget, const fb_match_sink& matches) {
    if (budget.timeout_ms == 0) return FB_TIMEOUT;
    const AccountScope account(memory_);
    if (scanner_ == nullptr && yr_scanner_create(rules_, &scanner_) != ERROR_SUCCESS) {
        scanner_ = nullptr;
        return FB_LIMIT;
    }
    ScanReport report{.sink = &matches, .matches_left = budget.matches_max};
    yr_scanner_set_callback(scanner_, &on_scan_message, &report);
    yr_scanner_set_flags(scanner_, kScanFlags);
    // yr_scanner_set_timeout() takes whole seconds; the member is in nanoseconds.
    scanner_->timeout = std::uint64_t{budget.timeout_ms} * kNanosecondsPerMillisecond;

    static const std::uint8_t nothing = 0;
    const std::uint8_t* data = bytes.length == 0 ? &nothing : bytes.data;
    const int result = yr_scanner_scan_mem(scanner_, data, bytes.length);
    const fb_status status = status_of(result, report, memory_);
    if (status != FB_OK) reset();  // Whatever went wrong must not reach into the next scan.
    return status;
}

}  // namespace firebreak::yara
