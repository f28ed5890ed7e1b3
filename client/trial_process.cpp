// The child's side of a trial. It runs content that nobody on this device has run before, so it
// first makes itself harmless. What it says is believed only as far as trial_runner.cpp goes.

#include <unistd.h>

#include <boost/json/serialize.hpp>
#include <sys/resource.h>

#include "client/engine_sensor.hpp"
#include "client/trial.hpp"
#include "core/base/errc.hpp"
#include "sensor/host/confine.hpp"

namespace firebreak::client {
namespace {

constexpr int kPassed = 0;
constexpr int kContentFailed = 1;
constexpr int kNotRun = 3;
constexpr std::size_t kReasonBytesMax = 400;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kSanitized = true;
#else
constexpr bool kSanitized = false;
#endif

int say(int code, std::string reason) {
    if (reason.size() > kReasonBytesMax) reason.resize(kReasonBytesMax);
    const std::string line =
        json::serialize(json::object{{"passed", code == kPassed}, {"reason", reason}}) + "\n";
    const ssize_t written = ::write(STDOUT_FILENO, line.data(), line.size());
    return written == static_cast<ssize_t>(line.size()) ? code : kNotRun;
}

/// Everything that can be done before the content is seen.
Result<std::unique_ptr<sensor::Engine>> prepare(const TrialOrder& order, Bytes& bundle) {
    const auto cpu_seconds = static_cast<std::uint64_t>(order.limits.seconds_max.count()) + 1;
    const Result<void> limited = sensor::limit_process(
        {.address_space_bytes = kSanitized ? 0 : 2 * order.limits.memory_bytes_max,
         .cpu_seconds = cpu_seconds,
         .stack_bytes = 8U << 20U});
    if (!limited) return fail(limited.error());
    const Result<int> closed = sensor::close_file_system();
    if (!closed) return fail(closed.error());
    const PosixFileStore store;
    Result<Bytes> bytes = store.read(order.bundle, content::BundleLimits{}.bundle_bytes_max);
    if (!bytes) return fail(bytes.error());
    if (sha256(*bytes) != order.bundle_sha256) {
        return fail(Errc::kCorrupt, "the bundle is not the one to be tried");
    }
    bundle = std::move(*bytes);
    return sensor::Engine::open(order.engine, &order.engine_build);
}

/// The most memory that this process ever had resident. What is mapped and never touched does not
/// count against the limit; the address space, at twice the limit, stops what does not stop itself.
Result<void> check_memory(std::uint64_t bytes_max) {
    if (kSanitized) return {};  // Shadow memory is not the content's doing.
    rusage usage{};
    ::getrusage(RUSAGE_SELF, &usage);
    const auto peak_bytes = static_cast<std::uint64_t>(usage.ru_maxrss) * 1024;
    if (peak_bytes <= bytes_max) return {};
    return fail(Errc::kTooLarge, "took " + std::to_string(peak_bytes) + " bytes of memory of " +
                                     std::to_string(bytes_max));
}

Result<void> drive(sensor::Engine& engine, ByteView bytes, const TrialLimits& limits) {
    const Result<content::Bundle> bundle = content::unpack_bundle(bytes);
    if (!bundle) return fail(bundle.error());
    const Result<LoadedBundle> loaded = load_bundle(engine, *bundle);
    if (!loaded) return fail(loaded.error());
    const Result<void> tested = self_test(loaded->events, *loaded->content, limits.seconds_max);
    if (!tested) return tested;
    return check_memory(limits.memory_bytes_max);
}

}  // namespace

int trial_main(const TrialOrder& order) {
    Bytes bundle;
    const Result<std::unique_ptr<sensor::Engine>> engine = prepare(order, bundle);
    if (!engine) return say(kNotRun, engine.error().to_string());
    const Result<sensor::Seal> sealed = sensor::seal_process(
        {.channels = kSanitized ? std::vector<int>{STDOUT_FILENO, STDERR_FILENO}
                                : std::vector<int>{STDOUT_FILENO},
         .on_violation = sensor::OnViolation::kKill,
         .refuse_files_quietly = kSanitized,
         .program = (*engine)->calls().program()});
    if (!sealed) return say(kNotRun, sealed.error().to_string());

    const Result<void> driven = drive(**engine, bundle, order.limits);
    const int code = driven ? say(kPassed, "") : say(kContentFailed, driven.error().to_string());
    // At once: what the content left behind must not run, not even as the process ends.
    ::_exit(code);
}

std::vector<std::string> trial_arguments(const TrialOrder& order) {
    return {"trial",
            "--engine",
            order.engine.string(),
            "--engine-build",
            order.engine_build.hex(),
            "--bundle",
            order.bundle.string(),
            "--bundle-sha256",
            order.bundle_sha256.hex(),
            "--seconds-max",
            std::to_string(order.limits.seconds_max.count()),
            "--memory-bytes-max",
            std::to_string(order.limits.memory_bytes_max)};
}

}  // namespace firebreak::client
