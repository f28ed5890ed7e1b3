#include "validator/sandbox/verdict.hpp"

#include <algorithm>
#include <array>
#include <csignal>
#include <cstring>

#include "core/base/errc.hpp"
#include "sensor/host/confine.hpp"

namespace firebreak::validator {
namespace {

struct Name {
    Outcome outcome;
    std::string_view name;
    std::string_view phrase;
};

constexpr std::array kNames{
    Name{Outcome::kAccepted, "accepted", "accepted"},
    Name{Outcome::kRefused, "refused", "refused"},
    Name{Outcome::kFailed, "failed", "failed"},
    Name{Outcome::kCrashed, "crashed", "crashed"},
    Name{Outcome::kExited, "exited", "ended by itself"},
    Name{Outcome::kTimedOut, "timed-out", "did not finish in time"},
    Name{Outcome::kOutOfMemory, "out-of-memory", "ran out of memory"},
    Name{Outcome::kForbiddenCall, "forbidden-call", "made a forbidden call"},
    Name{Outcome::kBrokenAnswer, "broken-answer", "answered outside the protocol"},
    Name{Outcome::kNotRun, "not-run", "could not be run"},
};

const Name& row_of(Outcome outcome) {
    return kNames.at(static_cast<std::size_t>(outcome));
}

std::string detail_of(const Verdict& verdict) {
    switch (verdict.outcome) {
        case Outcome::kCrashed: {
            const char* name = ::sigabbrev_np(verdict.detail);
            return name != nullptr ? " (SIG" + std::string(name) + ")"
                                   : " (signal " + std::to_string(verdict.detail) + ")";
        }
        case Outcome::kExited: return " (exit code " + std::to_string(verdict.detail) + ")";
        case Outcome::kForbiddenCall:
            return verdict.detail < 0 ? std::string(" (number not known)")
                                      : " (" + sensor::system_call_name(verdict.detail) + ")";
        default: return {};
    }
}

}  // namespace

Outcome outcome_of(const sensor::ProgramEnd& end) {
    switch (end.how) {
        case sensor::ProgramEnd::How::kSignal:
            return end.detail == SIGSYS ? Outcome::kForbiddenCall : Outcome::kCrashed;
        case sensor::ProgramEnd::How::kExited: return Outcome::kExited;
        case sensor::ProgramEnd::How::kDeadline: return Outcome::kTimedOut;
        case sensor::ProgramEnd::How::kBroken: break;
    }
    return Outcome::kBrokenAnswer;
}

std::string_view to_string(Outcome outcome) {
    return row_of(outcome).name;
}

Result<Outcome> outcome_of(std::string_view name) {
    const auto found = std::ranges::find(kNames, name, &Name::name);
    if (found == kNames.end()) return fail(Errc::kMalformed, "no such outcome");
    return found->outcome;
}

std::string describe(const Verdict& verdict) {
    std::string text = std::string(row_of(verdict.outcome).phrase) + detail_of(verdict);
    if (!verdict.message.empty()) text += ": " + verdict.message;
    return text;
}

std::string steady_words(std::string_view words) {
    constexpr std::string_view kHex = "0123456789abcdefABCDEF";
    constexpr std::string_view kDigits = "0123456789";
    std::string steady;
    for (std::size_t at = 0; at < words.size();) {
        // Not what stands behind a plus: a place in a library stays where it is.
        const bool address = words.substr(at, 2) == "0x" && !steady.ends_with('+');
        const bool process = words.substr(at, 2) == "==";
        if (!address && !process) {
            steady += words[at++];
            continue;
        }
        steady += words.substr(at, 2);
        at = std::min(words.find_first_not_of(address ? kHex : kDigits, at + 2), words.size());
    }
    return steady;
}

}  // namespace firebreak::validator
