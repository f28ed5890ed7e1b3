#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <sys/stat.h>
#include <thread>

#include "validator/sandbox/descriptor.hpp"
#include "validator/stages/faults.hpp"
#include "validator/stages/goodware.hpp"
#include "validator/stages/stage.hpp"

namespace firebreak::validator {
namespace {

/// A build that dies this often is not worth driving on: the bundle is rejected anyway.
constexpr int kRestartsMax = 10;

/// Matches listed one by one, per rule; the rest are counted.
constexpr std::uint64_t kMatchesListed = 25;

/// A reproducer carries the whole content below this, and the one file with the rule above.
constexpr std::uint64_t kWholeContentBytes = 1U << 20U;
constexpr std::uint64_t kReproducerInputBytes = 8U << 20U;

/// Rules whose matches are counted in a note of their own.
constexpr std::size_t kNotesMax = 100;

constexpr std::chrono::milliseconds kProgressEvery{200};

/// How one file went in one build.
struct FileRun {
    bool read = false;  ///< False: it could not be read, or the stage ended before its turn.
    Sha256 sha256;
    Verdict verdict;
    std::vector<sensor::Match> matches;
};

/// Drives one build over a list of files, with several workers at a time.
class Crew {
public:
    Crew(const Run& run, const Build& build, const ContentImage& content,
         const std::vector<GoodwareFile>& files, StageDeadline deadline)
        : run_(run),
          build_(build),
          content_(content),
          files_(files),
          deadline_(deadline),
          events_(takes_events(run.bundle->manifest.content_type)),
          runs_(files.size()) {}

    /// @returns what happened to each file, in the order of the files.
    std::vector<FileRun>& drive(unsigned jobs);

    /// Why not every file was driven; empty when all were.
    const std::string& trouble() const { return trouble_; }
    const std::vector<Confinement>& confinements() const { return confinements_; }

private:
    void work();
    std::unique_ptr<Executor> fresh_worker();
    bool read_input(const GoodwareFile& file, const Executor& executor, std::size_t& length) const;
    void stop(std::string why);
    void wait_for(unsigned jobs);

    const Run& run_;
    const Build& build_;
    const ContentImage& content_;
    const std::vector<GoodwareFile>& files_;
    StageDeadline deadline_;
    bool events_;
    std::vector<FileRun> runs_;  ///< Each element is written by one worker thread only.
    std::atomic<std::size_t> next_{0};
    std::atomic<int> restarts_{0};
    std::atomic<bool> stopped_{false};

    std::mutex mutex_;  ///< Guards what follows.
    std::condition_variable ended_;
    unsigned workers_ended_ = 0;
    std::string trouble_;
    std::vector<Confinement> confinements_;
};

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
    return runs_;
}

void Crew::wait_for(unsigned jobs) {
    std::unique_lock lock(mutex_);
    while (!ended_.wait_for(lock, kProgressEvery, [&] { return workers_ended_ == jobs; })) {
        run_.tools().progress.show("replay in " + build_.label(),
                                   std::min(next_.load(), files_.size()), files_.size(), "files");
    }
}

void Crew::stop(std::string why) {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
    if (trouble_.empty()) trouble_ = std::move(why);
}

std::unique_ptr<Executor> Crew::fresh_worker() {
    auto executor = std::make_unique<Executor>(run_.tools().program, run_.profile().sandbox,
                                               run_.tools().clock);
    const OpenRun opened = executor->open(build_.file, content_);
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
bool Crew::read_input(const GoodwareFile& file, const Executor& executor,
                      std::size_t& length) const {
    const Descriptor descriptor(
        ::open(file.path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
    struct stat status {};
    if (!descriptor.ok() || ::fstat(descriptor.get(), &status) != 0 || !S_ISREG(status.st_mode)) {
        return false;
    }
    // A file as large as it is now; an event as long as its line was.
    const auto size = static_cast<std::uint64_t>(status.st_size);
    const std::uint64_t bytes = events_ ? file.bytes : size;
    if (bytes >
        std::min(run_.profile().sandbox.input_bytes_max, build_.capabilities.input_bytes_max)) {
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
    return true;
}

void Crew::work() {
    std::unique_ptr<Executor> executor = fresh_worker();
    while (executor && !stopped_) {
        const std::size_t index = next_++;
        if (index >= files_.size()) return;
        if (run_.tools().clock.steady() > deadline_) {
            stop("out of time");
            return;
        }
        FileRun& run = runs_[index];
        std::size_t length = 0;
        if (!read_input(files_[index], *executor, length)) continue;
        run.sha256 = sha256(executor->input(length));
        EvaluateRun scan = executor->evaluate(files_[index].name, length);
        run.read = true;
        run.verdict = std::move(scan.verdict);
        run.matches = std::move(scan.matches);
        if (!ends_worker(run.verdict.outcome)) continue;
        if (++restarts_ > kRestartsMax) {
            stop("gave up after " + std::to_string(kRestartsMax) + " dead workers");
            return;
        }
        executor = fresh_worker();
    }
}

/// The replay of one tree in one build: what the file runs mean.
class Evidence {
public:
    Evidence(Run& run, const Build& build) : run_(run), build_(build) {}

    void weigh(const std::vector<GoodwareFile>& files, const std::vector<FileRun>& runs);

    std::uint64_t executions() const { return executions_; }
    std::uint64_t unread() const { return unread_; }
    std::uint64_t not_run() const { return not_run_; }

    /// Says how many matches were not listed.
    void finish();

private:
    void match(const GoodwareFile& file, const FileRun& run, const sensor::Match& match);
    void fault(const GoodwareFile& file, const FileRun& run);
    void attach(const GoodwareFile& file, const FileRun& run, std::string_view rule,
                Finding& finding);
    Place place_of(const std::string& rule) const;

    Run& run_;
    const Build& build_;
    std::map<std::string, std::uint64_t> matches_;  ///< By rule.
    std::uint64_t executions_ = 0;
    std::uint64_t unread_ = 0;
    std::uint64_t not_run_ = 0;
};

Place Evidence::place_of(const std::string& rule) const {
    const auto found = std::ranges::find(build_.rule_places, rule, &Place::rule);
    return found == build_.rule_places.end() ? Place{.file = {}, .line = 0, .rule = rule} : *found;
}

void Evidence::weigh(const std::vector<GoodwareFile>& files, const std::vector<FileRun>& runs) {
    for (std::size_t index = 0; index < files.size(); ++index) {
        const FileRun& run = runs[index];
        if (!run.read) {
            ++unread_;
        } else if (run.verdict.outcome == Outcome::kNotRun) {
            ++not_run_;
        } else {
            ++executions_;
            if (!passes(run.verdict)) fault(files[index], run);
            for (const sensor::Match& found : run.matches) match(files[index], run, found);
        }
    }
}

void Evidence::match(const GoodwareFile& file, const FileRun& run, const sensor::Match& found) {
    const std::uint64_t number = ++matches_[found.rule];
    if (number > kMatchesListed) return;
    Finding finding{.id = "FB701",
                    .place = place_of(found.rule),
                    .message = "rule " + found.rule + " matches goodware " + file.name,
                    .build = build_.label(),
                    .input = file.name,
                    .evidence = found.detail};
    if (number == 1) attach(file, run, found.rule, finding);
    run_.add(std::move(finding));
}

void Evidence::fault(const GoodwareFile& file, const FileRun& run) {
    Finding finding{.id = std::string(scan_fault_id(run.verdict.outcome)),
                    .message = build_.label() + " " + describe(run.verdict) + " on " + file.name,
                    .build = build_.label(),
                    .input = file.name,
                    .evidence = run.verdict.message};
    attach(file, run, {}, finding);
    run_.add(std::move(finding));
}

void Evidence::attach(const GoodwareFile& file, const FileRun& run, std::string_view rule,
                      Finding& finding) {
    Result<Bytes> input = run_.tools().files.read(file.path, kReproducerInputBytes);
    // Too large to carry along, or no longer the file that was driven.
    if (!input || sha256(*input) != run.sha256) return;
    Reproducer reproducer{.finding = finding.id,
                          .engine = build_.file.sha256,
                          .evaluates = true,
                          .input_name = file.name,
                          .input = *std::move(input),
                          .expected = run.verdict.outcome,
                          .expected_rule = std::string(rule)};
    std::uint64_t bytes = 0;
    for (const content::ContentFile& part : run_.bundle->files) bytes += part.bytes.size();
    for (const content::ContentFile& part : run_.bundle->files) {
        const bool needed = bytes <= kWholeContentBytes || finding.place.file.empty() ||
                            part.name == finding.place.file;
        if (needed) reproducer.files.push_back(part);
    }
    run_.attach(reproducer, build_.file, finding);
}

void Evidence::finish() {
    std::size_t notes = 0;
    for (const auto& [rule, count] : matches_) {
        if (count <= kMatchesListed || ++notes > kNotesMax) continue;
        run_.notes.push_back("rule " + rule + " matches " + std::to_string(count) +
                             " goodware files in " + build_.label() + "; the first " +
                             std::to_string(kMatchesListed) + " are listed");
    }
}

/// The corpus as the attestation names it: SHA-256 over the lines "<hex digest>  <path>\n" that
/// sha256sum prints, in the order of the paths.
content::AttestedCorpus attested(const Goodware& tree, const std::vector<FileRun>& runs) {
    Sha256Stream stream;
    content::AttestedCorpus corpus{
        .name = "goodware:" + tree.root.string(), .sha256 = {}, .files = 0};
    for (std::size_t index = 0; index < runs.size(); ++index) {
        if (!runs[index].read) continue;
        const std::string line =
            runs[index].sha256.hex() + "  " + tree.files[index].path.string() + "\n";
        stream.update(bytes_of(line));
        ++corpus.files;
    }
    corpus.sha256 = stream.finish();
    return corpus;
}

void note_left_out(Run& run, const Goodware& tree, std::uint64_t unread) {
    const auto note = [&](std::uint64_t count, const std::string& why) {
        if (count == 0) return;
        run.notes.push_back(tree.root.string() + ": " + std::to_string(count) + " files " + why);
    };
    note(tree.left_out_large, "left out, larger than " +
                                  std::to_string(run.profile().corpus.file_bytes_max >> 20U) +
                                  " MiB");
    note(tree.left_out_sample, "left out, past the sample of this profile");
    note(tree.left_out_no_event, "or lines left out: events are the lines of .jsonl files");
    note(unread, "not driven: not readable, larger than the engine takes, or out of time");
}

void replay_tree(Run& run, const Goodware& tree, const ContentImage& content,
                 StageDeadline deadline, StageResult& result) {
    bool first = true;
    for (const Build& build : run.builds) {
        Crew crew(run, build, content, tree.files, deadline);
        const std::vector<FileRun>& runs = crew.drive(std::max(1U, run.request().jobs));
        for (const Confinement& confinement : crew.confinements()) run.record(confinement);
        Evidence evidence(run, build);
        evidence.weigh(tree.files, runs);
        evidence.finish();
        result.executions += evidence.executions();
        if (!crew.trouble().empty()) {
            result.complete = false;
            result.reason = build.label() + ": " + crew.trouble() + " after " +
                            std::to_string(evidence.executions()) + " of " +
                            std::to_string(tree.files.size()) + " files of " + tree.root.string();
        } else if (evidence.not_run() > 0) {
            result.complete = false;
            result.reason = build.label() + ": " + std::to_string(evidence.not_run()) +
                            " files could not be driven";
        }
        if (first) {
            run.corpora.push_back(attested(tree, runs));
            note_left_out(run, tree, evidence.unread());
        }
        first = false;
    }
}

}  // namespace

StageResult check_replay(Run& run, StageDeadline deadline) {
    StageResult result;
    const bool events = takes_events(run.bundle->manifest.content_type);
    if (run.request().goodware.empty()) {
        return {.complete = false,
                .reason = events ? "no goodware was given: pass --goodware DIR, a folder with "
                                   "events of good machines in .jsonl files"
                                 : "no goodware was given: pass --goodware DIR, such as /usr/bin"};
    }
    const Result<ContentImage> content = ContentImage::make(run.content_views());
    if (!content) return {.complete = false, .reason = content.error().to_string()};
    for (const std::filesystem::path& root : run.request().goodware) {
        const CorpusCaps& caps = run.profile().corpus;
        const std::uint64_t seed = run.request().seed;
        const Result<Goodware> tree = events ? list_events(root, caps, seed, run.tools().files)
                                             : list_goodware(root, caps, seed);
        if (!tree) {
            result.complete = false;
            result.reason = tree.error().to_string();
            continue;
        }
        replay_tree(run, *tree, *content, deadline, result);
    }
    return result;
}

}  // namespace firebreak::validator
