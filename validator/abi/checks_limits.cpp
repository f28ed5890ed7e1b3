// The limits a host sets, and what it must not be given when one is met.

#include <algorithm>

#include "validator/abi/bench.hpp"

namespace firebreak::validator {
namespace {

std::string expected(std::string_view where, fb_status wanted, fb_status got) {
    return std::string(where) + ": " + status_text(got) + ", not " + status_text(wanted);
}

}  // namespace

CheckResult check_rules_max(CheckBench& bench) {
    const std::vector<sensor::SourceFile>& files = bench.material().files;
    const RawLoad load = bench.load();
    if (load.status != FB_OK) return CheckResult::broken("does not load good content twice");
    for (const std::uint64_t limit : {load.rules - 1, std::uint64_t{0}}) {
        const RawLoad limited = bench.load(files, limit);
        if (limited.status != FB_LIMIT) {
            return CheckResult::broken(expected(
                std::to_string(load.rules) + " rules with a rules_max of " + std::to_string(limit),
                FB_LIMIT, limited.status));
        }
        if (limited.content != nullptr) return CheckResult::broken("a limit, and a content");
    }
    const RawLoad exact = bench.load(files, load.rules);
    if (exact.status != FB_OK) {
        return CheckResult::broken(expected("exactly rules_max rules", FB_OK, exact.status));
    }
    return CheckResult::kept();
}

CheckResult check_memory_max(CheckBench& bench) {
    if (!bench.promises("accounts_memory")) {
        return CheckResult::not_applicable("its manifest does not say accounts_memory");
    }
    const RawLoad load = bench.load(bench.material().files, 100'000, 64);
    if (load.status == FB_LIMIT && load.content == nullptr) return CheckResult::kept();
    return CheckResult::broken(expected("content with 64 bytes of memory", FB_LIMIT, load.status));
}

CheckResult check_matches_max(CheckBench& bench) {
    const RawLoad load = bench.load();
    const RawEvaluation all = bench.evaluate(load.content, bench.sample());
    const std::size_t count = all.matches.size();
    if (all.status != FB_OK || count == 0) {
        return CheckResult::not_possible("no input that matches: give --input");
    }
    const RawEvaluation limited = bench.evaluate(load.content, bench.sample(), count - 1);
    if (limited.status != FB_LIMIT) {
        return CheckResult::broken(expected("one match too many", FB_LIMIT, limited.status));
    }
    if (limited.matches.size() > count - 1) {
        return CheckResult::broken("reports more matches than matches_max");
    }
    const RawEvaluation exact = bench.evaluate(load.content, bench.sample(), count);
    if (exact.status != FB_OK) {
        return CheckResult::broken(expected("exactly matches_max matches", FB_OK, exact.status));
    }
    const RawEvaluation stopped = bench.evaluate(load.content, bench.sample(), 10'000, 1);
    if (stopped.status != FB_LIMIT) {
        return CheckResult::broken(expected("a host that said stop", FB_LIMIT, stopped.status));
    }
    if (stopped.went_on) return CheckResult::broken("goes on after the host said stop");
    return CheckResult::kept();
}

CheckResult check_timeout(CheckBench& bench) {
    const RawLoad load = bench.load();
    const RawEvaluation none = bench.evaluate(load.content, bench.sample(), 10'000, 0, 0);
    if (none.status == FB_TIMEOUT) return CheckResult::kept();
    return CheckResult::broken(expected("a timeout_ms of 0", FB_TIMEOUT, none.status));
}

CheckResult check_kinds(CheckBench& bench) {
    const RawLoad load = bench.load();
    std::vector<std::uint32_t> unknown{0, 99, 0xFFFFFFFFU};
    if (!bench.takes("file")) unknown.push_back(FB_INPUT_FILE);
    if (!bench.takes("event")) unknown.push_back(FB_INPUT_EVENT);
    for (const std::uint32_t kind : unknown) {
        fb_input input{};
        input.struct_size = sizeof input;
        input.kind = kind;
        const RawEvaluation raw = bench.evaluate(load.content, input);
        if (raw.status != FB_REFUSED) {
            return CheckResult::broken(
                expected("an input of kind " + std::to_string(kind), FB_REFUSED, raw.status));
        }
    }
    return CheckResult::kept();
}

}  // namespace firebreak::validator
