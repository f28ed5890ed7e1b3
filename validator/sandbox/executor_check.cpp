// What an Executor does for who looks at the engine itself, and for engines that are programs.

#include "validator/sandbox/executor.hpp"
#include "validator/sandbox/messages.hpp"

namespace firebreak::validator {
namespace {

constexpr std::size_t kDescriptionDepthMax = 16;

}  // namespace

CheckRun Executor::check(std::string_view id, std::string_view input_name, std::size_t length) {
    WireWriter request(MessageType::kCheck);
    request.text(id);
    request.text(input_name.substr(0, kNameBytesMax));
    request.u64(length);
    const Reply reply = ask(request.frame(), policy_.load);
    CheckRun run{.verdict = reply.verdict, .result = {}};
    if (!reply.body) return run;
    run.output = last_words();
    WireReader reader(*reply.body);
    if (reader.type() != MessageType::kChecked) {
        run.verdict = refusal_or_broken(reader);
    } else if (Result<CheckResult> result = decode_checked(reader)) {
        run.result = *std::move(result);
    } else {
        run.verdict = broken("check");
    }
    return run;
}

DescribeRun Executor::ask_for_json(WireWriter& request, MessageType expected,
                                   std::string_view what) {
    const Reply reply = ask(request.frame(), policy_.load);
    DescribeRun run{.verdict = reply.verdict, .description = {}};
    if (!reply.body) return run;
    WireReader reader(*reply.body);
    if (reader.type() != expected) {
        run.verdict = refusal_or_broken(reader);
        return run;
    }
    const std::string_view text = reader.text(policy_.answer_bytes_max);
    Result<json::value> parsed = parse_json(
        text, {.bytes_max = policy_.answer_bytes_max, .depth_max = kDescriptionDepthMax});
    if (!reader.finished() || !parsed) return {broken(std::string(what)), {}};
    run.description = *std::move(parsed);
    return run;
}

DescribeRun Executor::describe() {
    WireWriter request(MessageType::kDescribe);
    return ask_for_json(request, MessageType::kDescription, "describe");
}

Verdict Executor::start_coverage() {
    const Reply reply = ask(WireWriter(MessageType::kStartCoverage).frame(), policy_.load);
    if (!reply.body) return reply.verdict;
    WireReader reader(*reply.body);
    if (reader.type() != MessageType::kCoverageStarted) return refusal_or_broken(reader);
    return reader.finished() ? reply.verdict : broken("start_coverage");
}

DescribeRun Executor::coverage() {
    WireWriter request(MessageType::kCoverage);
    return ask_for_json(request, MessageType::kCovered, "coverage");
}

DescribeRun Executor::inputs(std::string_view type) {
    WireWriter request(MessageType::kInputs);
    request.text(type.substr(0, kNameBytesMax));
    return ask_for_json(request, MessageType::kDescription, "inputs");
}

/// The worker lives, and is of no use any more.
Verdict Executor::program_ended(WireReader& reader) {
    Result<sensor::ProgramEnd> how = decode_end(reader);
    if (!how) return broken("its answer");
    const Outcome outcome = outcome_of(*how);
    return end(outcome, outcome == Outcome::kForbiddenCall ? -1 : how->detail,
               std::move(how->message));
}

}  // namespace firebreak::validator
