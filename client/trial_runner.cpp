// The agent's side of a trial.

#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "client/platform/child_process.hpp"
#include "client/trial.hpp"
#include "core/base/errc.hpp"
#include "core/net/deadline.hpp"

namespace firebreak::client {
namespace {

namespace asio = boost::asio;

constexpr std::size_t kAnswerBytesMax = 4096;
constexpr int kExitNotRun = 3;
/// Beyond the trial's own limit: to start, and to die of the CPU limit, which says more.
constexpr std::chrono::seconds kGrace{5};

/// Everything the child writes until it ends. @returns Errc::kTooLarge for more than an answer.
asio::awaitable<Result<std::string>> read_answer(int descriptor) {
    asio::posix::stream_descriptor output(co_await asio::this_coro::executor, descriptor);
    std::string answer;
    std::array<char, 1024> buffer{};
    for (;;) {
        const auto [error, count] = co_await output.async_read_some(
            asio::buffer(buffer), asio::as_tuple(asio::use_awaitable));
        if (error == asio::error::eof) co_return answer;
        if (error) co_return fail(error, "read from the trial");
        answer.append(buffer.data(), count);
        if (answer.size() > kAnswerBytesMax) co_return fail(Errc::kTooLarge, "the trial's answer");
    }
}

/// What the child said about itself. Only ever text for people; but "passed" must be there.
struct Said {
    bool passed = false;
    std::string reason;
};

Said parse_said(const std::string& answer) {
    const Result<json::value> value = parse_json(answer);
    if (!value) return {};
    const Result<JsonObject> object = JsonObject::of(*value, "trial");
    if (!object) return {};
    Said said;
    said.passed = object->boolean("passed").value_or(false);
    said.reason = object->string("reason").value_or("");
    return said;
}

TrialVerdict judge_trial(const Result<std::string>& answer, const ExitStatus& status) {
    using Outcome = TrialVerdict::Outcome;
    if (!answer && answer.error() == std::make_error_code(std::errc::timed_out)) {
        return {.outcome = Outcome::kFailed, .reason = "trial: still running at its deadline"};
    }
    if (!answer) return {.outcome = Outcome::kFailed, .reason = "trial: answered too much"};
    const Said said = parse_said(*answer);
    if (status.succeeded() && said.passed) return {.outcome = Outcome::kPassed, .reason = ""};
    if (status.exited && status.code == kExitNotRun) {
        return {.outcome = Outcome::kNotRun, .reason = "trial: " + said.reason};
    }
    if (status.exited && !said.reason.empty()) {
        return {.outcome = Outcome::kFailed, .reason = "trial: " + said.reason};
    }
    return {.outcome = Outcome::kFailed, .reason = "trial: ended with " + status.to_string()};
}

}  // namespace

ProcessTrialRunner::ProcessTrialRunner(std::filesystem::path program, std::filesystem::path engine,
                                       Sha256 engine_build, TrialLimits limits)
    : program_(std::move(program)),
      engine_(std::move(engine)),
      engine_build_(engine_build),
      limits_(limits) {}

asio::awaitable<TrialVerdict> ProcessTrialRunner::run(std::filesystem::path bundle,
                                                      Sha256 bundle_sha256) {
    const TrialOrder order{.engine = engine_,
                           .engine_build = engine_build_,
                           .bundle = std::move(bundle),
                           .bundle_sha256 = bundle_sha256,
                           .limits = limits_};
    Result<ChildProcess> child = ChildProcess::start(program_, trial_arguments(order));
    if (!child) {
        co_return TrialVerdict{.outcome = TrialVerdict::Outcome::kNotRun,
                               .reason = child.error().to_string()};
    }
    const Result<std::string> answer = co_await net::with_deadline(
        read_answer(child->release_output()), limits_.seconds_max + kGrace);
    const ExitStatus status = child->end();
    co_return judge_trial(answer, status);
}

}  // namespace firebreak::client
