#include "validator/stages/crew.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <thread>

#include "validator/sandbox/descriptor.hpp"

namespace firebreak::validator {
namespace {

/// A build that dies this often is not worth driving on: the bundle is rejected anyway.
constexpr int kRestartsMax = 10;

constexpr std::chrono::milliseconds kProgressEvery{200};

/// What a run that is killed loses at most.
constexpr std::chrono::seconds kSaveEvery{10};

}  // namespace

Crew::Crew(const Run& run, const CrewTask& task)
    : run_(run), task_(task), runs_(task.files.size()) {}

std::vector<FileRun>& Crew::drive(unsigned jobs) {
    std::vector<std::thread> threads;
    threads.reserve(jobs);
    for (unsigned index = 0; index < jobs; ++index) {
        threads.emplace_back([this] {
            work();
            const std::lock_guard lock(mutex_);
            ++workers_ended_;
            ended_.notify_one();
        });
    }
    wait_for(jobs);
    for (std::thread& thread : threads) thread.join();
    if (restarts_ > kRestartsMax) forget_the_rest();
    save();
    return runs_;
}

/// Which file the last worker died of depends on which thread was faster. Files are taken in their
/// order, so all before the death that was one too many have been driven: what came after it, in
/// that order, does not count.
void Crew::forget_the_rest() {
    int deaths = 0;
    for (FileRun& run : runs_) {
        if (deaths > kRestartsMax) {
            run = {};
        } else if (run.read && ends_worker(run.verdict.outcome)) {
            ++deaths;
        }
    }
}

void Crew::wait_for(unsigned jobs) {
    auto saved = run_.tools().clock.steady();
    std::unique_lock lock(mutex_);
    while (!ended_.wait_for(lock, kProgressEvery, [&] { return workers_ended_ == jobs; })) {
        run_.tools().progress.show("replay in " + task_.build.label(),
                                   std::min(next_.load(), task_.files.size()), task_.files.size(),
                                   task_.events ? "events" : "files");
        if (run_.tools().clock.steady() - saved < kSaveEvery) continue;
        lock.unlock();
        save();
        saved = run_.tools().clock.steady();
        lock.lock();
    }
}

void Crew::save() {
    if (task_.cache == nullptr) return;
    const Result<void> saved = task_.cache->save();
    if (!saved) cache_trouble_ = saved.error().to_string();
}

void Crew::stop(std::string why) {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
    if (trouble_.empty()) trouble_ = std::move(why);
}

std::unique_ptr<Executor> Crew::fresh_worker() {
    auto executor = std::make_unique<Executor>(run_.program_for(task_.build.file),
                                               run_.profile().sandbox, run_.tools().clock);
    const OpenRun opened = executor->open(task_.build.file, task_.content);
    {
        const std::lock_guard lock(mutex_);
        confinements_.push_back(executor->confinement());
    }
    if (!passes(opened.verdict)) {
        stop("no worker: " + describe(opened.verdict));
        return nullptr;
    }
    const LoadRun loaded =
        executor->load({.memory_bytes_max = run_.profile().sandbox.memory_bytes_max});
    if (!passes(loaded.verdict)) {
        stop("the content loaded before, and not now: " + describe(loaded.verdict));
        return nullptr;
    }
    return executor;
}

/// Reads the file into the worker's input area. The supervisor opens it: the worker can open
/// nothing.
bool Crew::read_input(const GoodwareFile& file, const Executor& executor, std::size_t& length,
                      std::optional<FileIdentity>& identity) const {
    const Descriptor descriptor(
        ::open(file.path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
    struct stat status {};
    if (!descriptor.ok() || ::fstat(descriptor.get(), &status) != 0 || !S_ISREG(status.st_mode)) {
        return false;
    }
    // A file as large as it is now; an event as long as its line was.
    const auto size = static_cast<std::uint64_t>(status.st_size);
    const std::uint64_t bytes = task_.events ? file.bytes : size;
    const SandboxPolicy& policy = run_.profile().sandbox;
    if (bytes > std::min(policy.input_bytes_max, task_.build.capabilities.input_bytes_max)) {
        return false;
    }
    length = static_cast<std::size_t>(bytes);
    std::span<std::uint8_t> rest = executor.input(length);
    auto offset = static_cast<off_t>(file.offset);
    while (!rest.empty()) {
        const ssize_t got = ::pread(descriptor.get(), rest.data(), rest.size(), offset);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return false;  // It shrank while we read.
        offset += got;
        rest = rest.subspan(static_cast<std::size_t>(got));
    }
    const FileIdentity before = FileIdentity::of(status);
    const bool same = ::fstat(descriptor.get(), &status) == 0 && before == FileIdentity::of(status);
    const auto now = std::chrono::floor<std::chrono::seconds>(run_.tools().clock.now());
    if (same && !task_.events && before.settled(now)) identity = before;
    return true;
}

/// True when the cache has the file's digest, and with it an answer.
bool Crew::known(const GoodwareFile& file, FileRun& run) const {
    if (task_.cache == nullptr || task_.events) return false;
    struct stat status {};
    if (::lstat(file.path.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) return false;
    const std::optional<Sha256> digest = task_.cache->digest_of(FileIdentity::of(status));
    if (!digest) return false;
    std::optional<std::vector<sensor::Match>> matches = task_.cache->matches_of(*digest);
    if (!matches) return false;
    run = {.read = true,
           .cached = true,
           .sha256 = *digest,
           .verdict = {.outcome = Outcome::kAccepted},
           .matches = *std::move(matches)};
    return true;
}

void Crew::work() {
    std::unique_ptr<Executor> executor;
    while (!stopped_) {
        const std::size_t index = next_++;
        if (index >= task_.files.size()) return;
        if (run_.tools().clock.steady() > task_.deadline) {
            stop("out of time");
            return;
        }
        if (!known(task_.files[index], runs_[index])) take(index, executor);
    }
}

void Crew::take(std::size_t index, std::unique_ptr<Executor>& executor) {
    // As late as this: a corpus that is known needs no worker at all.
    if (!executor) executor = fresh_worker();
    if (!executor) return;
    FileRun& run = runs_[index];
    std::size_t length = 0;
    std::optional<FileIdentity> identity;
    if (!read_input(task_.files[index], *executor, length, identity)) return;
    run.sha256 = sha256(executor->input(length));
    run.read = true;
    if (task_.cache != nullptr) {
        if (identity) task_.cache->remember(*identity, run.sha256);
        if (auto matches = task_.cache->matches_of(run.sha256)) {
            run.cached = true;
            run.verdict.outcome = Outcome::kAccepted;
            run.matches = *std::move(matches);
            return;
        }
    }
    EvaluateRun scan = executor->evaluate(task_.files[index].name, length);
    run.verdict = std::move(scan.verdict);
    run.matches = std::move(scan.matches);
    if (task_.cache != nullptr && passes(run.verdict)) {
        task_.cache->remember(run.sha256, run.matches);
    }
    if (!ends_worker(run.verdict.outcome)) return;
    if (++restarts_ > kRestartsMax) {
        stop("gave up after " + std::to_string(kRestartsMax) + " dead workers");
    }
    executor.reset();
}

}  // namespace firebreak::validator
