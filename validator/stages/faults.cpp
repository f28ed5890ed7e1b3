#include "validator/stages/faults.hpp"

#include "core/base/check.hpp"

namespace firebreak::validator {

std::string_view load_fault_id(Outcome outcome) {
    switch (outcome) {
        case Outcome::kRefused: return "FB501";
        case Outcome::kCrashed: return "FB502";
        case Outcome::kTimedOut: return "FB503";
        case Outcome::kOutOfMemory: return "FB504";
        case Outcome::kForbiddenCall: return "FB505";
        case Outcome::kFailed:
        case Outcome::kExited:
        case Outcome::kBrokenAnswer: return "FB506";
        case Outcome::kAccepted:
        case Outcome::kNotRun: break;
    }
    FIREBREAK_CHECK(false);
    return {};
}

std::string_view scan_fault_id(Outcome outcome) {
    switch (outcome) {
        case Outcome::kCrashed: return "FB702";
        case Outcome::kTimedOut: return "FB703";
        case Outcome::kOutOfMemory: return "FB704";
        case Outcome::kForbiddenCall: return "FB705";
        case Outcome::kRefused:
        case Outcome::kFailed:
        case Outcome::kExited:
        case Outcome::kBrokenAnswer: return "FB706";
        case Outcome::kAccepted:
        case Outcome::kNotRun: break;
    }
    FIREBREAK_CHECK(false);
    return {};
}

std::string_view fuzz_fault_id(Outcome outcome) {
    switch (outcome) {
        case Outcome::kCrashed: return "FB1001";
        case Outcome::kTimedOut: return "FB1002";
        case Outcome::kOutOfMemory: return "FB1003";
        case Outcome::kForbiddenCall: return "FB1004";
        case Outcome::kRefused:
        case Outcome::kFailed:
        case Outcome::kExited:
        case Outcome::kBrokenAnswer: return "FB1005";
        case Outcome::kAccepted:
        case Outcome::kNotRun: break;
    }
    FIREBREAK_CHECK(false);
    return {};
}

}  // namespace firebreak::validator
