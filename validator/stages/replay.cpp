#include <algorithm>

#include "validator/stages/evidence.hpp"
#include "validator/stages/made_samples.hpp"
#include "validator/stages/self_protection.hpp"

namespace firebreak::validator {
namespace {

/// The libraries of the system that an engine draws in, by what changes with each of them: the
/// linker's own table. An answer from before an update is no answer.
std::string system_libraries() {
    struct stat status {};
    if (::stat("/etc/ld.so.cache", &status) != 0) return "none";
    return std::to_string(status.st_mtim.tv_sec) + "." + std::to_string(status.st_mtim.tv_nsec) +
           ":" + std::to_string(status.st_size);
}

/// All that an answer depends on but the file: see ReplayCache.
Sha256 cache_key(const Run& run, const Build& build) {
    Sha256Stream key;
    const auto add = [&](const std::string& part) { key.update(bytes_of(part + "\n")); };
    const SandboxPolicy& policy = run.profile().sandbox;
    add("firebreak-replay-cache/1");
    add(build.file.sha256.hex());
    add(system_libraries());
    for (const std::uint64_t limit : {policy.memory_bytes_max, policy.input_bytes_max,
                                      static_cast<std::uint64_t>(policy.evaluate.cpu.count()),
                                      static_cast<std::uint64_t>(policy.evaluate.wall.count())}) {
        add(std::to_string(limit));
    }
    for (const content::ContentFile& file : run.bundle->files) {
        add(sha256(file.bytes).hex() + "  " + file.name);
    }
    return key.finish();
}

void note_left_out(Run& run, const Goodware& tree, std::uint64_t unread) {
    const auto note = [&](std::uint64_t count, const std::string& why) {
        if (count == 0) return;
        run.notes.push_back(tree.root.string() + ": " + std::to_string(count) + " files " + why);
    };
    if (tree.left_out_folders > 0) {
        run.notes.push_back(tree.root.string() + ": " + std::to_string(tree.left_out_folders) +
                            " folders left out, not readable");
    }
    note(tree.left_out_large, "left out, larger than " +
                                  std::to_string(run.profile().corpus.file_bytes_max >> 20U) +
                                  " MiB");
    note(tree.left_out_sample, "left out, past the sample of this profile");
    note(tree.left_out_no_event, "or lines left out: events are the lines of .jsonl files");
    note(unread, "not driven: not readable, larger than the engine takes, or out of time");
}

/// The stage, over all builds.
class Replay {
public:
    Replay(Run& run, const ContentImage& content, StageDeadline deadline)
        : run_(run),
          content_(content),
          deadline_(deadline),
          events_(takes_events(run.bundle->manifest.content_type)) {
        open_caches();
    }

    void protect_own();
    void goodware();
    void samples();
    StageResult finish() { return std::move(result_); }

    void give_up(std::string why) {
        result_.complete = false;
        if (result_.reason.empty()) result_.reason = std::move(why);
    }

private:
    void open_caches();
    ReplayCache* cache_of(std::size_t build) { return caches_[build] ? &*caches_[build] : nullptr; }
    void tree(const Goodware& tree);
    void own_inputs(const Build& build, ReplayCache* cache, Evidence& evidence);
    std::unique_ptr<Executor> worker(const Build& build);
    std::vector<FileRun> drive(const Build& build, const std::vector<GoodwareFile>& files,
                               bool events, ReplayCache* cache);

    Run& run_;
    const ContentImage& content_;
    StageDeadline deadline_;
    bool events_;
    StageResult result_;
    std::vector<std::optional<ReplayCache>> caches_;  ///< One for each build.
};

void Replay::open_caches() {
    for (const Build& build : run_.builds) {
        caches_.emplace_back();
        if (run_.request().cache.empty()) continue;
        Result<ReplayCache> cache =
            ReplayCache::open(run_.tools().files, run_.request().cache, cache_key(run_, build));
        if (cache) {
            caches_.back().emplace(*std::move(cache));
        } else {
            run_.notes.push_back("replay goes without its cache: " + cache.error().to_string());
        }
    }
}

std::vector<FileRun> Replay::drive(const Build& build, const std::vector<GoodwareFile>& files,
                                   bool events, ReplayCache* cache) {
    Crew crew(run_, {build, content_, files, deadline_, cache, events});
    std::vector<FileRun> runs = std::move(crew.drive(std::max(1U, run_.request().jobs)));
    for (const Confinement& confinement : crew.confinements()) run_.record(confinement);
    if (!crew.cache_trouble().empty()) {
        run_.notes.push_back("replay could not save its cache: " + crew.cache_trouble());
    }
    if (!crew.trouble().empty()) {
        const auto done =
            static_cast<std::uint64_t>(std::ranges::count(runs, true, &FileRun::read));
        give_up(build.label() + ": " + crew.trouble() + " after " + std::to_string(done) + " of " +
                std::to_string(files.size()) + " inputs");
    }
    return runs;
}

/// A worker with the content; nullptr when there is none, which is said.
std::unique_ptr<Executor> Replay::worker(const Build& build) {
    auto executor = std::make_unique<Executor>(run_.program_for(build.file), run_.profile().sandbox,
                                               run_.tools().clock);
    Verdict verdict = executor->open(build.file, content_).verdict;
    run_.record(executor->confinement());
    if (passes(verdict)) {
        verdict =
            executor->load({.memory_bytes_max = run_.profile().sandbox.memory_bytes_max}).verdict;
    }
    if (passes(verdict)) return executor;
    give_up(build.label() + ": no worker: " + describe(verdict));
    return nullptr;
}

/// The inputs that are no files, one after the other.
void Replay::own_inputs(const Build& build, ReplayCache* cache, Evidence& evidence) {
    std::vector<OwnInput> inputs{own_configuration(run_.request().update_host)};
    if (events_) inputs = own_events(run_.request().update_host);
    std::unique_ptr<Executor> executor;
    for (const OwnInput& input : inputs) {
        FileRun run;
        run.read = true;
        run.sha256 = sha256(input.bytes);
        if (auto known = cache != nullptr ? cache->matches_of(run.sha256) : std::nullopt) {
            run.cached = true;
            run.verdict.outcome = Outcome::kAccepted;
            run.matches = *std::move(known);
        } else {
            if (!executor) executor = worker(build);
            if (!executor) return;
            EvaluateRun scan = executor->evaluate(input.name, input.bytes);
            run.verdict = std::move(scan.verdict);
            run.matches = std::move(scan.matches);
            if (cache != nullptr && passes(run.verdict)) cache->remember(run.sha256, run.matches);
        }
        evidence.weigh(input.name, input.bytes, run);
    }
}

void Replay::protect_own() {
    const std::vector<GoodwareFile> files = own_files(run_.request().own_paths);
    if (files.empty()) {
        return give_up("found none of Firebreak's own files, which no rule may match");
    }
    for (std::size_t index = 0; index < run_.builds.size(); ++index) {
        const Build& build = run_.builds[index];
        Evidence evidence(run_, build, CorpusKind::kOwn);
        std::vector<FileRun> runs;
        // An engine of events sees what programs do and not what they are made of.
        if (!events_) {
            runs = drive(build, files, false, cache_of(index));
            evidence.weigh(files, runs);
        }
        own_inputs(build, cache_of(index), evidence);
        evidence.finish();
        if (evidence.unread() + evidence.not_run() > 0) {
            give_up(build.label() + ": could not look at all of Firebreak's own files");
        }
        if (index > 0) continue;
        run_.notes.push_back("self-protection: " + std::to_string(evidence.executions()) +
                             " inputs of Firebreak's own" +
                             (evidence.cached() > 0 ? " (" + std::to_string(evidence.cached()) +
                                                          " answers from the cache)"
                                                    : ""));
        if (!events_) run_.corpora.push_back(attested_corpus("self-protection", files, runs));
    }
}

void Replay::tree(const Goodware& tree) {
    for (std::size_t index = 0; index < run_.builds.size(); ++index) {
        const Build& build = run_.builds[index];
        const std::vector<FileRun> runs = drive(build, tree.files, events_, cache_of(index));
        Evidence evidence(run_, build, CorpusKind::kGoodware);
        evidence.weigh(tree.files, runs);
        evidence.finish();
        result_.executions += evidence.executions();
        result_.cached += evidence.cached();
        if (evidence.not_run() > 0) {
            give_up(build.label() + ": " + std::to_string(evidence.not_run()) +
                    " files could not be driven");
        }
        if (evidence.cached() > 0) {
            run_.notes.push_back(tree.root.string() + ": " + std::to_string(evidence.cached()) +
                                 " of " + std::to_string(evidence.executions()) + " answers of " +
                                 build.label() + " are from the cache");
        }
        if (index > 0) continue;
        run_.corpora.push_back(attested_corpus("goodware:" + tree.root.string(), tree.files, runs));
        note_left_out(run_, tree, evidence.unread());
    }
}

void Replay::goodware() {
    if (run_.request().goodware.empty()) {
        return give_up(events_ ? "no goodware was given: pass --goodware DIR, a folder with events "
                                 "of good machines in .jsonl files"
                               : "no goodware was given: pass --goodware DIR, such as /usr/bin");
    }
    const CorpusCaps& caps = run_.profile().corpus;
    const std::uint64_t seed = run_.request().seed;
    for (const std::filesystem::path& root : run_.request().goodware) {
        const Result<Goodware> listed = events_ ? list_events(root, caps, seed, run_.tools().files)
                                                : list_goodware(root, caps, seed);
        if (listed) {
            tree(*listed);
        } else {
            give_up(listed.error().to_string());
        }
    }
}

void Replay::samples() {
    for (std::size_t index = 0; index < run_.builds.size(); ++index) {
        ReplayCache* cache = cache_of(index);
        std::string trouble = check_samples(run_, run_.builds[index], content_, deadline_, cache);
        if (!trouble.empty()) give_up(std::move(trouble));
        const Result<void> saved = cache != nullptr ? cache->save() : Result<void>{};
        if (!saved) {
            run_.notes.push_back("replay could not save its cache: " + saved.error().to_string());
        }
    }
}

}  // namespace

StageResult check_replay(Run& run, StageDeadline deadline) {
    const Result<ContentImage> content = ContentImage::make(run.content_views());
    if (!content) return {.complete = false, .reason = content.error().to_string()};
    Replay replay(run, *content, deadline);
    replay.goodware();
    replay.protect_own();
    replay.samples();
    return replay.finish();
}

}  // namespace firebreak::validator
