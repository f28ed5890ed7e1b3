#include "validator/sandbox/executor.hpp"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <linux/seccomp.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "core/base/check.hpp"
#include "core/base/errc.hpp"
#include "sensor/host/answers.hpp"
#include "sensor/host/engine_location.hpp"
#include "sensor/host/manifest.hpp"
#include "validator/sandbox/messages.hpp"

namespace firebreak::validator {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

/// How long a worker that closed its channel gets to end by itself, so that its status is true.
constexpr int kLastBreathMs = 2000;

constexpr std::size_t kLastWordsMax = 2000;
constexpr std::size_t kManifestBytesMax = 2U << 20U;

tl::unexpected<Error> fail_errno(const char* doing) {
    return fail({errno, std::generic_category()}, doing);
}

Result<std::pair<Descriptor, Descriptor>> channel_pair() {
    std::array<int, 2> ends{};
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) {
        return fail_errno("socketpair");
    }
    return std::pair{Descriptor(ends[0]), Descriptor(ends[1])};
}

/// Not blocking at the worker's end: what does not fit is lost, and nobody waits.
Result<std::pair<Descriptor, Descriptor>> output_pipe() {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK) != 0) return fail_errno("pipe");
    return std::pair{Descriptor(ends[0]), Descriptor(ends[1])};
}

/// The descriptor that came with the answer to kSeal, if any.
Descriptor descriptor_in(msghdr& message) {
    for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr;
         header = CMSG_NXTHDR(&message, header)) {
        const bool rights = header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS &&
                            header->cmsg_len == CMSG_LEN(sizeof(int));
        if (!rights) continue;
        int number = -1;
        std::memcpy(&number, CMSG_DATA(header), sizeof number);
        return Descriptor(number);
    }
    return {};
}

}  // namespace

Executor::Executor(const WorkerProgram& program, const SandboxPolicy& policy, const Clock& clock)
    : program_(program), policy_(policy), clock_(clock) {}

Executor::~Executor() {
    if (alive()) kill_and_reap();
}

Result<void> Executor::start(const ContentImage& content) {
    if (!input_) {
        Result<InputArea> area = InputArea::make(policy_.input_bytes_max);
        if (!area) return fail(area.error());
        input_.emplace(*std::move(area));
    }
    if (!batch_) {
        Result<BatchArea> area = BatchArea::make();
        if (!area) return fail(area.error());
        batch_.emplace(*std::move(area));
    }
    Result<std::pair<Descriptor, Descriptor>> channel = channel_pair();
    if (!channel) return fail(channel.error());
    Result<std::pair<Descriptor, Descriptor>> output = output_pipe();
    if (!output) return fail(output.error());
    std::optional<Cgroup> cgroup = own_cgroup();
    Result<LaunchedProcess> launched = launch({.program = program_.descriptor(),
                                               .channel = channel->second.get(),
                                               .input = input_->descriptor(),
                                               .content = content.descriptor(),
                                               .batch = batch_->descriptor(),
                                               .output = output->second.get(),
                                               .cgroup = cgroup ? cgroup->descriptor() : -1,
                                               .fixes_addresses = policy_.fixes_addresses});
    if (!launched) return fail(launched.error());
    const ProcessFigures figures(launched->id);
    process_.emplace(Process{.self = *std::move(launched),
                             .cgroup = std::move(cgroup),
                             .figures = figures,
                             .channel = std::move(channel->first),
                             .output = std::move(output->first),
                             .listener = {}});
    content_bytes_ = content.size();
    content_files_ = content.entries().size();
    confinement_ = {.namespaces = process_->self.namespaces,
                    .cgroup = process_->self.cgroup,
                    .sanitized = program_.sanitized()};
    return {};
}

OpenRun Executor::open(const EngineFile& engine, const ContentImage& content) {
    FIREBREAK_CHECK(!alive());
    OpenRun run;
    if (const Result<void> started = start(content); !started) {
        run.verdict.message = started.error().to_string();
        return run;
    }
    const OpenRequest request{
        .engine = sensor::EngineLocation::of(engine.path)
                      .from(std::filesystem::current_path())
                      .to_string(),
        .sha256 = engine.sha256,
        .limits = {.address_space_bytes = address_space_max(),
                   .cpu_seconds = policy_.cpu_seconds,
                   .stack_bytes = policy_.stack_bytes},
        .input_bytes = input_->capacity(),
        .content_bytes = content.size(),
        .entries = content.entries(),
    };
    Reply reply = ask(encode(request), policy_.open);
    run.verdict = reply.verdict;
    if (!reply.body) return run;
    WireReader reader(*reply.body);
    if (reader.type() != MessageType::kOpened) {
        run.verdict = refusal_or_broken(reader);
        return run;
    }
    confinement_.limits = true;
    const std::string manifest(reader.text(kManifestBytesMax));
    auto capabilities = sensor::parse_capability_manifest(manifest);
    if (!reader.finished() || !capabilities) {
        run.verdict = broken("its capability manifest");
        return run;
    }
    run.capabilities = *std::move(capabilities);
    if (sensor::EngineLocation::of(engine.path).program) process_->figures.find_program();
    run.verdict = seal();
    return run;
}

Verdict Executor::seal() {
    const Reply reply = ask(WireWriter(MessageType::kSeal).frame(), policy_.open);
    if (!reply.body) return reply.verdict;
    WireReader reader(*reply.body);
    if (reader.type() != MessageType::kSealed) return refusal_or_broken(reader);
    confinement_.landlock_abi = static_cast<int>(reader.u32());
    const bool reports = reader.u32() != 0;
    confinement_.fixed_addresses = reader.u32() != 0;
    if (!reader.finished() || reports != process_->listener.ok()) return broken("seal");
    confinement_.seccomp = true;
    confinement_.call_reports = reports;
    if (!confinement_.above_floor()) {
        return end(Outcome::kNotRun, 0, "the sandbox is below its floor on this machine");
    }
    return reply.verdict;
}

LoadRun Executor::load(const sensor::LoadLimits& limits) {
    return load(limits, policy_.load);
}

LoadRun Executor::load(const sensor::LoadLimits& limits, const Patience& patience) {
    return load(limits, patience, {.first = 0, .count = content_files_});
}

LoadRun Executor::load(const sensor::LoadLimits& limits, const Patience& patience,
                       const ImagePart& part) {
    FIREBREAK_CHECK(part.first + part.count <= content_files_ || !alive());
    WireWriter request(MessageType::kLoad);
    request.u64(limits.rules_max);
    request.u64(limits.memory_bytes_max);
    request.u64(part.first);
    request.u64(part.count);
    const Reply reply = ask(request.frame(), patience);
    LoadRun run{.verdict = reply.verdict, .rules = 0, .diagnostics = {}};
    if (!reply.body) return run;
    WireReader reader(*reply.body);
    if (reader.type() == MessageType::kLoaded) {
        Result<LoadedAnswer> answer = decode_loaded(reader);
        if (!answer) {
            run.verdict = broken("load");
            return run;
        }
        run.verdict.memory_peak_bytes = memory_peak_bytes();
        // Looked at once more, because a load can be over before the next look at its memory.
        if (run.verdict.memory_peak_bytes > resident_max()) {
            run.verdict = end(Outcome::kOutOfMemory, 0, "physical memory past its limit");
            return run;
        }
        run.rules = answer->rules;
        run.diagnostics = std::move(answer->diagnostics);
        return run;
    }
    // The engine refused: its diagnostics say where.
    WireReader again(*reply.body);
    if (Result<TroubleAnswer> answer = decode_trouble(again)) {
        run.diagnostics = std::move(answer->diagnostics);
    }
    run.verdict = refusal_or_broken(reader);
    run.verdict.cpu = reply.verdict.cpu;
    return run;
}

Verdict Executor::unload() {
    const Reply reply = ask(WireWriter(MessageType::kUnload).frame(), policy_.load);
    if (!reply.body) return reply.verdict;
    WireReader reader(*reply.body);
    if (reader.type() != MessageType::kUnloaded) return refusal_or_broken(reader);
    return reader.finished() ? reply.verdict : broken("unload");
}

std::span<std::uint8_t> Executor::input(std::size_t length) const {
    FIREBREAK_CHECK(input_.has_value());
    return input_->last(length);
}

EvaluateRun Executor::evaluate(std::string_view name, std::size_t length) {
    return evaluate(name, length, policy_.evaluate);
}

EvaluateRun Executor::evaluate(std::string_view name, std::size_t length,
                               const Patience& patience) {
    WireWriter request(MessageType::kEvaluate);
    request.text(name.substr(0, kNameBytesMax));
    request.u64(length);
    // The engine is asked to give up by itself first: that tells more than a kill does.
    request.u64(static_cast<std::uint64_t>(granted(patience).cpu.count()));
    const Reply reply = ask(request.frame(), patience);
    EvaluateRun run{.verdict = reply.verdict, .matches = {}};
    if (!reply.body) return run;
    WireReader reader(*reply.body);
    if (reader.type() != MessageType::kMatches) {
        run.verdict = refusal_or_broken(reader);
        run.verdict.cpu = reply.verdict.cpu;
        return run;
    }
    Result<std::vector<sensor::Match>> matches = decode_matches(reader);
    if (!matches) {
        run.verdict = broken("evaluate");
    } else {
        run.matches = *std::move(matches);
    }
    return run;
}

EvaluateRun Executor::evaluate(std::string_view name, ByteView bytes) {
    std::ranges::copy(bytes, input(bytes.size()).begin());
    return evaluate(name, bytes.size());
}

Executor::Reply Executor::ask(const Bytes& frame, const Patience& patience) {
    if (!alive()) return {.body = {}, .verdict = {.message = "its worker is gone"}};
    Watch watch{
        .patience = granted(patience), .started = clock_.steady(), .cpu_before = cpu_time()};
    return observe(frame, watch);
}

Executor::Reply Executor::observe(const Bytes& frame, Watch& watch) {
    const microseconds before = watch.cpu_before;
    Reply reply = exchange(frame, watch);
    // A worker that has ended was already read out by end().
    if (alive()) reply.verdict.cpu = cpu_time() - before;
    return reply;
}

Executor::Reply Executor::exchange(const Bytes& frame, Watch& watch) {
    // Nothing may be there yet: an answer that comes before its question answers another one.
    std::uint8_t unasked = 0;
    if (::recv(process_->channel.get(), &unasked, 1, MSG_PEEK | MSG_DONTWAIT) > 0) {
        return {.body = {}, .verdict = broken("an answer that nobody asked for")};
    }
    if (auto ended = send(frame, watch)) return {.body = {}, .verdict = *std::move(ended)};
    Bytes received;
    for (;;) {
        if (auto ended_while = wait(POLLIN, watch)) {
            return {.body = {}, .verdict = *std::move(ended_while)};
        }
        bool closed = false;
        if (!receive(received, closed)) continue;
        if (closed) return {.body = {}, .verdict = ended(watch)};
        if (received.size() < kFrameHeaderBytes) continue;
        const std::size_t length = frame_length(received);
        if (length > policy_.answer_bytes_max || received.size() > kFrameHeaderBytes + length) {
            return {.body = {}, .verdict = broken("the length of its answer")};
        }
        if (received.size() < kFrameHeaderBytes + length) continue;
        received.erase(received.begin(), received.begin() + kFrameHeaderBytes);
        if (WireReader(received).type() == MessageType::kAborted) {
            return {.body = {}, .verdict = aborted(watch)};
        }
        return {.body = std::move(received), .verdict = {.outcome = Outcome::kAccepted}};
    }
}

std::optional<Verdict> Executor::send(const Bytes& frame, Watch& watch) {
    ByteView rest = frame;
    while (!rest.empty()) {
        const ssize_t sent =
            ::send(process_->channel.get(), rest.data(), rest.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent > 0) {
            rest = rest.subspan(static_cast<std::size_t>(sent));
        } else if (errno == EPIPE || errno == ECONNRESET) {
            return ended(watch);
        } else if (auto ended_while = wait(POLLOUT, watch)) {
            return ended_while;
        }
    }
    return std::nullopt;
}

/// Until the channel is ready for `events`, the worker has ended, or a limit was passed.
std::optional<Verdict> Executor::wait(short events, Watch& watch) {
    for (;;) {
        std::array<pollfd, 3> watched{{{process_->channel.get(), events, 0},
                                       {process_->listener.get(), POLLIN, 0},
                                       {process_->self.handle.get(), POLLIN, 0}}};
        const int ready = ::poll(watched.data(), watched.size(), static_cast<int>(kTick.count()));
        if (ready < 0 && errno != EINTR) return end(Outcome::kNotRun, 0, "poll failed");
        if (ready > 0) {
            if ((watched[1].revents & POLLIN) != 0) return forbidden();
            if (watched[0].revents != 0) return std::nullopt;
            if (watched[2].revents != 0) return ended(watch);
        }
        if (auto over = check_limits(watch)) return over;
    }
}

std::optional<Verdict> Executor::check_limits(Watch& watch) {
    if (watch.finished) note_progress(watch);
    watch.address_space_peak = std::max(watch.address_space_peak, memory_figure("VmPeak:"));
    const microseconds cpu = cpu_time() - watch.cpu_before;
    const auto wall = std::chrono::ceil<milliseconds>(clock_.steady() - watch.started);
    if (memory_peak_bytes() > resident_max()) {
        return end(Outcome::kOutOfMemory, 0, "physical memory past its limit");
    }
    const bool over = cpu > watch.patience.cpu || wall > watch.patience.wall || batch_over(watch);
    if (!over) return std::nullopt;
    Verdict verdict = end(Outcome::kTimedOut, 0, "stopped");
    verdict.message.clear();
    verdict.measured = "stopped after " + std::to_string(cpu.count() / 1000) + " ms of CPU time, " +
                       std::to_string(wall.count()) + " ms by the clock";
    verdict.cpu = cpu;
    return verdict;
}

/// Takes what has arrived, of which there may be nothing; also the listener, once.
///
/// @returns false when there was nothing to take.
bool Executor::receive(Bytes& bytes, bool& closed) {
    std::array<std::uint8_t, 64U << 10U> piece;  // NOLINT: filled by the kernel.
    iovec part{.iov_base = piece.data(), .iov_len = piece.size()};
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    // One descriptor is expected, once; others are closed by the kernel on arrival.
    const bool expects_listener = !confinement_.seccomp && !process_->listener.ok();
    if (expects_listener) {
        message.msg_control = control.data();
        message.msg_controllen = control.size();
    }
    const ssize_t got = ::recvmsg(process_->channel.get(), &message,
                                  MSG_DONTWAIT | (expects_listener ? MSG_CMSG_CLOEXEC : 0));
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return false;
    closed = got <= 0;
    if (closed) return true;
    if (expects_listener) process_->listener = descriptor_in(message);
    bytes.insert(bytes.end(), piece.begin(), piece.begin() + got);
    return true;
}

Verdict Executor::refusal_or_broken(WireReader& reader) {
    const MessageType type = reader.type();
    if (type == MessageType::kEngineEnded) return program_ended(reader);
    Result<TroubleAnswer> answer = decode_trouble(reader);
    if (!answer) return broken("its answer");
    switch (type) {
        case MessageType::kRefused:
            return {.outcome = Outcome::kRefused, .message = answer->message};
        case MessageType::kFailed: return {.outcome = Outcome::kFailed, .message = answer->message};
        case MessageType::kSetupFailed: return end(Outcome::kNotRun, 0, answer->message);
        default: return broken("the type of its answer");
    }
}

Verdict Executor::broken(std::string what) {
    return end(Outcome::kBrokenAnswer, 0, std::move(what));
}

Verdict Executor::aborted(const Watch& watch) {
    // It waits for us in its handler, so the figures can still be read.
    const bool memory = address_space_was_full(watch);
    return end(memory ? Outcome::kOutOfMemory : Outcome::kCrashed, memory ? 0 : SIGABRT, {});
}

/// The kernel holds the worker at a call that is not allowed, and tells us which.
Verdict Executor::forbidden() {
    // The kernel may write more than this header knows about (seccomp_unotify(2)).
    alignas(seccomp_notif) std::array<std::uint8_t, 512> room{};
    auto* notice = reinterpret_cast<seccomp_notif*>(room.data());
    const bool received = ::ioctl(process_->listener.get(), SECCOMP_IOCTL_NOTIF_RECV, notice) == 0;
    return end(Outcome::kForbiddenCall, received ? notice->data.nr : -1, {});
}

/// The worker's channel closed, or its process ended: find out which, and how.
Verdict Executor::ended(const Watch& watch) {
    pollfd handle{process_->self.handle.get(), POLLIN, 0};
    const bool by_itself = ::poll(&handle, 1, kLastBreathMs) > 0;
    if (!by_itself) return broken("it closed its channel");
    const std::string words = last_words();
    const bool memory = address_space_was_full(watch);
    const int status = kill_and_reap();
    if (WIFEXITED(status)) {
        return {.outcome = Outcome::kExited, .detail = WEXITSTATUS(status), .message = words};
    }
    const int signal = WTERMSIG(status);
    if (signal == SIGSYS) return {.outcome = Outcome::kForbiddenCall, .detail = -1};
    // Nobody else kills it: the kernel does at the end of its CPU time, or when memory runs out.
    if (signal == SIGKILL || memory) return {.outcome = Outcome::kOutOfMemory, .message = words};
    return {.outcome = Outcome::kCrashed, .detail = signal, .message = words};
}

Verdict Executor::end(Outcome outcome, std::int32_t detail, std::string message) {
    Verdict verdict{.outcome = outcome, .detail = detail, .message = std::move(message)};
    verdict.cpu = cpu_time();
    verdict.memory_peak_bytes = memory_peak_bytes();
    if (verdict.message.empty()) verdict.message = last_words();
    kill_and_reap();
    return verdict;
}

int Executor::kill_and_reap() {
    // By the process id: it cannot be reused before the wait below.
    ::kill(process_->self.id, SIGKILL);
    int status = 0;
    while (::waitpid(process_->self.id, &status, 0) < 0 && errno == EINTR) {}
    process_.reset();
    return status;
}

/// What it wrote to stderr (a sanitizer's report, an assertion), cut and made printable.
std::string Executor::last_words() const {
    // More than is kept: where it is cut must not depend on how long an address is.
    std::array<char, 2 * kLastWordsMax> text{};
    const ssize_t got = ::read(process_->output.get(), text.data(), text.size());
    if (got <= 0) return {};
    const std::string words = steady_words({text.data(), static_cast<std::size_t>(got)});
    return sensor::printable(words, kLastWordsMax);
}

microseconds Executor::cpu_time() const {
    return process_ ? process_->figures.cpu_time() : microseconds{0};
}

std::uint64_t Executor::memory_peak_bytes() const {
    return process_ ? memory_figure("VmHWM:") : 0;
}

std::uint64_t Executor::memory_figure(std::string_view field) const {
    return process_->figures.memory(field);
}

}  // namespace firebreak::validator
