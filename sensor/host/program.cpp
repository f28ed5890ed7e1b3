#include "sensor/host/program.hpp"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "core/base/clock.hpp"
#include "core/base/errc.hpp"
#include "sensor/host/answers.hpp"
#include "sensor/host/program_launch.hpp"

namespace firebreak::sensor {
namespace {

constexpr std::size_t kLastWordsMax = 1000;
constexpr std::size_t kErrorPipeBytes = 64U << 10U;
constexpr std::size_t kReadAhead = 64U << 10U;

/// How long a program that closed its channel gets to end by itself, so that its status is true.
constexpr int kLastBreathMs = 2000;

int milliseconds_to(Program::Deadline deadline) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(deadline - SystemClock().steady());
    return static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, 3'600'000));
}

std::string signal_name(int signal) {
    const char* name = ::sigabbrev_np(signal);
    return name != nullptr ? "SIG" + std::string(name) : "signal " + std::to_string(signal);
}

}  // namespace

Result<std::unique_ptr<Program>> Program::start(const SealedFile& file) {
    const Result<LaunchedProgram> launched = launch_program(file);
    if (!launched) return fail(launched.error());
    std::unique_ptr<Program> program(new Program());  // The constructor is private.
    program->id_ = launched->id;
    program->handles_ = launched->handles;
    return program;
}

Program::~Program() {
    if (!end_) finish(ProgramEnd::How::kExited, "");
    for (const int descriptor :
         {handles_.requests, handles_.answers, handles_.errors, handles_.process}) {
        if (descriptor >= 0) ::close(descriptor);
    }
}

/// Until `descriptor` is ready; what it writes to stderr meanwhile is taken, so that it never
/// fills up. @returns false at the deadline.
bool Program::wait(int descriptor, short events, Deadline deadline) {
    for (;;) {
        std::array<pollfd, 2> watched{{{descriptor, events, 0}, {handles_.errors, POLLIN, 0}}};
        const int left = milliseconds_to(deadline);
        const int ready = ::poll(watched.data(), watched.size(), left);
        if (ready < 0 && errno != EINTR) return false;
        if (ready > 0 && watched[1].revents != 0) drain_errors();
        if (ready > 0 && watched[0].revents != 0) return true;
        if (left == 0) return false;
        // A stderr that was closed would be ready for ever.
        if (ready > 0 && (watched[1].revents & (POLLHUP | POLLERR)) != 0) {
            pollfd one{descriptor, events, 0};
            return ::poll(&one, 1, milliseconds_to(deadline)) > 0;
        }
    }
}

/// Takes what it wrote to stderr; no more at a time than the pipe holds, so that one who writes as
/// fast as this reads keeps nobody from looking at the clock.
void Program::drain_errors() {
    std::array<char, 4096> piece{};
    for (std::size_t taken = 0; taken < kErrorPipeBytes; taken += piece.size()) {
        const ssize_t got = ::read(handles_.errors, piece.data(), piece.size());
        if (got <= 0) return;
        last_words_.append(piece.data(), static_cast<std::size_t>(got));
        if (last_words_.size() > kLastWordsMax) {
            last_words_.erase(0, last_words_.size() - kLastWordsMax);
        }
        if (static_cast<std::size_t>(got) < piece.size()) return;
    }
}

Result<void> Program::write(ByteView bytes, Deadline deadline) {
    if (end_) return fail(gone());
    while (!bytes.empty()) {
        // sendmsg, because a sealed host may make no other call.
        iovec part{.iov_base = const_cast<std::uint8_t*>(bytes.data()), .iov_len = bytes.size()};
        msghdr message{};
        message.msg_iov = &part;
        message.msg_iovlen = 1;
        const ssize_t sent = ::sendmsg(handles_.requests, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent > 0) {
            bytes = bytes.subspan(static_cast<std::size_t>(sent));
        } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
            if (!wait(handles_.requests, POLLOUT, deadline)) {
                return fail(finish(ProgramEnd::How::kDeadline, "did not read its request in time"));
            }
        } else if (errno != EINTR) {
            return fail(finish(ProgramEnd::How::kExited, "ended"));
        }
    }
    return {};
}

Result<void> Program::read(std::span<std::uint8_t> bytes, Deadline deadline) {
    if (end_) return fail(gone());
    while (!bytes.empty()) {
        if (unread_from_ < unread_.size()) {
            const std::size_t count = std::min(bytes.size(), unread_.size() - unread_from_);
            std::memcpy(bytes.data(), unread_.data() + unread_from_, count);
            unread_from_ += count;
            bytes = bytes.subspan(count);
            continue;
        }
        unread_.resize(kReadAhead);
        const ssize_t got = ::read(handles_.answers, unread_.data(), unread_.size());
        unread_.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
        unread_from_ = 0;
        if (got == 0) return fail(finish(ProgramEnd::How::kExited, "ended without an answer"));
        if (got < 0 && (errno == EAGAIN || errno == EINTR)) {
            if (!wait(handles_.answers, POLLIN, deadline)) {
                return fail(finish(ProgramEnd::How::kDeadline, "did not answer in time"));
            }
        } else if (got < 0) {
            return fail(finish(ProgramEnd::How::kBroken, "cannot be read from"));
        }
    }
    return {};
}

bool Program::has_unread() const {
    if (unread_from_ < unread_.size()) return true;
    pollfd answers{handles_.answers, POLLIN, 0};
    return !end_ && ::poll(&answers, 1, 0) > 0 && (answers.revents & POLLIN) != 0;
}

Error Program::breach(const std::string& what) {
    if (end_) return gone();
    return finish(ProgramEnd::How::kBroken, "breaks the pipe protocol: " + what);
}

/// Kills what still runs, reaps it, and keeps how it ended.
Error Program::finish(ProgramEnd::How how, const std::string& what) {
    if (how == ProgramEnd::How::kExited && !what.empty()) {
        pollfd process{handles_.process, POLLIN, 0};
        const bool by_itself = ::poll(&process, 1, kLastBreathMs) > 0;
        if (!by_itself) return finish(ProgramEnd::How::kBroken, "closed its end of the pipe");
    }
    ::syscall(SYS_pidfd_send_signal, handles_.process, SIGKILL, nullptr, 0);
    siginfo_t status{};
    while (::waitid(P_PIDFD, static_cast<id_t>(handles_.process), &status, WEXITED) < 0 &&
           errno == EINTR) {}
    drain_errors();

    ProgramEnd end{.how = how, .detail = 0, .message = "the engine " + what};
    if (how == ProgramEnd::How::kExited) {
        end.detail = status.si_status;
        if (status.si_code == CLD_EXITED) {
            end.message = "the engine ended with exit code " + std::to_string(end.detail);
        } else {
            end.how = ProgramEnd::How::kSignal;
            end.message = "the engine was ended by " + signal_name(end.detail);
            if (end.detail == SIGSYS) end.message += ", for a system call it must not make";
        }
    }
    // The end of what it said is what matters: the exception, below its trace.
    std::string words = printable(last_words_, kLastWordsMax);
    if (words.size() > 300) words.erase(0, words.size() - 300);
    if (!words.empty()) end.message += "; its last words: " + printable(words, kLastWordsMax);
    end_ = end;
    return gone();
}

Error Program::gone() const {
    return {Errc::kUnavailable, end_->message};
}

}  // namespace firebreak::sensor
