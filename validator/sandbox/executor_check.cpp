// What an Executor does for engine check, and for engines that are programs.

#include "validator/sandbox/executor.hpp"
#include "validator/sandbox/messages.hpp"

namespace firebreak::validator {

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

/// The worker lives, and is of no use any more.
Verdict Executor::program_ended(WireReader& reader) {
    Result<sensor::ProgramEnd> how = decode_end(reader);
    if (!how) return broken("its answer");
    const Outcome outcome = outcome_of(*how);
    return end(outcome, outcome == Outcome::kForbiddenCall ? -1 : how->detail,
               std::move(how->message));
}

}  // namespace firebreak::validator
