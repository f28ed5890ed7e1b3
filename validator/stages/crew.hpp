#pragma once

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>

#include "validator/cache/replay_cache.hpp"
#include "validator/stages/goodware.hpp"
#include "validator/stages/stage.hpp"

namespace firebreak::validator {

/// How one file went in one build.
struct FileRun {
    bool read = false;    ///< False: it could not be read, or the stage ended before its turn.
    bool cached = false;  ///< True: it was not driven now, but in an earlier run.
    Sha256 sha256;
    Verdict verdict;
    std::vector<sensor::Match> matches;
};

/// What a crew drives.
struct CrewTask {
    const Build& build;
    const ContentImage& content;
    const std::vector<GoodwareFile>& files;
    StageDeadline deadline;
    ReplayCache* cache = nullptr;  ///< nullptr: everything is driven.
    bool events = false;           ///< The files are events: lines of files.
};

/// Drives one build over a list of files, with several workers at a time: one worker and one
/// thread each. A worker that dies is replaced, up to ten times in all.
///
/// What the cache knows is not driven, nor even read where its identity is known; what is new is
/// saved while it goes on, so that a run that is killed goes on where it was.
class Crew {
public:
    /// All that is given must outlive the crew.
    Crew(const Run& run, const CrewTask& task);

    /// @returns what happened to each file, in the order of the files.
    std::vector<FileRun>& drive(unsigned jobs);

    /// Why not every file was driven; empty when all were.
    const std::string& trouble() const { return trouble_; }
    const std::vector<Confinement>& confinements() const { return confinements_; }

    /// Why nothing could be saved; empty when it could, or nothing was to be.
    const std::string& cache_trouble() const { return cache_trouble_; }

private:
    void work();
    void take(std::size_t index, std::unique_ptr<Executor>& executor);
    bool known(const GoodwareFile& file, FileRun& run) const;
    std::unique_ptr<Executor> fresh_worker();
    bool read_input(const GoodwareFile& file, const Executor& executor, std::size_t& length,
                    std::optional<FileIdentity>& identity) const;
    void save();
    void forget_the_rest();
    void stop(std::string why);
    void wait_for(unsigned jobs);

    const Run& run_;
    CrewTask task_;
    std::vector<FileRun> runs_;  ///< Each element is written by one worker thread only.
    std::atomic<std::size_t> next_{0};
    std::atomic<int> restarts_{0};
    std::atomic<bool> stopped_{false};
    std::string cache_trouble_;

    std::mutex mutex_;  ///< Guards what follows.
    std::condition_variable ended_;
    unsigned workers_ended_ = 0;
    std::string trouble_;
    std::vector<Confinement> confinements_;
};

}  // namespace firebreak::validator
