// The processor time of this process, and of a program beside it.

#include "client/platform/processor_time.hpp"

#include <sched.h>
#include <unistd.h>

#include <csignal>
#include <gtest/gtest.h>
#include <sys/syscall.h>
#include <sys/wait.h>

namespace firebreak::client {
namespace {

using std::chrono::milliseconds;

/// A process that computes until it is killed.
class Busy {
public:
    Busy() : id_(::fork()) {
        if (id_ != 0) return;
        for (;;) (void)::getppid();
    }
    ~Busy() {
        end();
        ::close(descriptor_);
    }
    Busy(const Busy&) = delete;
    Busy& operator=(const Busy&) = delete;

    int descriptor() {
        descriptor_ = static_cast<int>(::syscall(SYS_pidfd_open, id_, 0));
        return descriptor_;
    }
    void end() {
        if (id_ <= 0) return;
        ::kill(id_, SIGKILL);
        ::waitpid(id_, nullptr, 0);
        id_ = 0;
    }

private:
    pid_t id_;
    int descriptor_ = -1;
};

TEST(ProcessorTime, GrowsWithWhatThisProcessComputes) {
    const ProcessorTime time;
    const auto before = time.used();
    // Ends as soon as it is so, and never if it is not.
    while (time.used() - before < milliseconds{5}) {}
    SUCCEED();
}

TEST(ProcessorTime, CountsAProgramBesideUntilItEnds) {
    Busy busy;
    const ProcessorTime own;
    const ProcessorTime both(busy.descriptor());
    while (both.used() - own.used() < milliseconds{20}) ::sched_yield();

    busy.end();

    EXPECT_LT(both.used() - own.used(), milliseconds{20});
}

TEST(ProcessorTime, TakesNoProgramForNoTime) {
    const ProcessorTime nobody(-1);
    EXPECT_GT(nobody.used().count(), 0);
}

}  // namespace
}  // namespace firebreak::client
