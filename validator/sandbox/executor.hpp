#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <vector>

#include "core/base/clock.hpp"
#include "core/base/digest.hpp"
#include "sensor/host/engine.hpp"
#include "validator/abi/check.hpp"
#include "validator/sandbox/cgroup.hpp"
#include "validator/sandbox/launch.hpp"
#include "validator/sandbox/policy.hpp"
#include "validator/sandbox/process_figures.hpp"
#include "validator/sandbox/shared_memory.hpp"
#include "validator/sandbox/verdict.hpp"
#include "validator/sandbox/wire.hpp"

namespace firebreak::validator {

/// An engine build, known by its bytes before any of its code has run.
struct EngineFile {
    std::filesystem::path path;
    Sha256 sha256;
    bool sanitized = false;  ///< Built with AddressSanitizer: opens in a host that is, too.
};

/// The program whose workers open `engine`: a sanitizer build needs a sanitizer's runtime, which
/// `own` or else `twin_host` has; with neither it is `own`, and the engine does not open.
const WorkerProgram& program_to_open(const EngineFile& engine, const WorkerProgram& own,
                                     const WorkerProgram* twin_host);

/// Files of a ContentImage that stand behind one another.
struct ImagePart {
    std::size_t first = 0;
    std::size_t count = 0;
};

struct OpenRun {
    Verdict verdict;
    sensor::CapabilityManifest capabilities;  ///< When the verdict passes.
};

struct LoadRun {
    Verdict verdict;
    std::uint64_t rules = 0;                      ///< When the verdict passes.
    std::vector<sensor::Diagnostic> diagnostics;  ///< Also when the engine refused.
};

struct EvaluateRun {
    Verdict verdict;
    std::vector<sensor::Match> matches;  ///< When the verdict passes.
};

/// What became of the inputs of a batch.
struct BatchRun {
    /// How the batch ended. Passes also when it was answered only in part; otherwise it is about
    /// the input behind the last of `runs`, and the worker may be gone.
    Verdict verdict;
    /// Of the first inputs, in their order. Matches come without details, and at most
    /// kBatchMatchesMax of them; the time is the worker's own word.
    std::vector<EvaluateRun> runs{};
    /// By run: features of coverage that this worker had not shown before. Empty for builds that
    /// are not instrumented.
    std::vector<std::vector<std::uint32_t>> features{};
};

struct CheckRun {
    Verdict verdict;
    CheckResult result;    ///< When the verdict passes.
    std::string output{};  ///< What the worker wrote to stdout and stderr meanwhile.
};

struct DescribeRun {
    Verdict verdict;
    json::value description;  ///< When the verdict passes.
};

/// One engine build in a process of its own, seen from the supervisor.
///
/// The supervisor never maps a byte of engine code. The worker is a fresh exec of this program,
/// opens the engine, gives up everything (sensor/host/confine.hpp) and only then sees content.
/// From that moment it is treated as hostile: every answer is bounded and parsed strictly, every
/// call has a deadline that is kept from outside, and a worker that misbehaves once is killed.
///
/// A program with a sanitizer's runtime (WorkerProgram::sanitized()) is given four times the
/// patience and the memory that the policy says, and no limit of address space.
///
/// Use: open(), load(), then evaluate() as often as wanted. After a verdict for which
/// ends_worker() holds, the worker is gone and every call says kNotRun; make a new Executor.
///
/// What it cannot see: an engine that was taken over by its content and then lies quietly ("no
/// match") within the protocol. The sentinel of the load stage is the check against that.
///
/// Thread safety: one thread at a time, and the thread that called open() must live as long as the
/// worker (the kernel kills a worker whose parent thread ends).
/// Tests: tests/integration/validator/executor_test.cpp.
class Executor {
public:
    /// All references must outlive the executor.
    Executor(const WorkerProgram& program, const SandboxPolicy& policy, const Clock& clock);
    Executor(const Executor&) = delete;
    Executor& operator=(const Executor&) = delete;
    ~Executor();

    /// Starts the worker, has it open `engine` (which must have its digest) and seals it.
    ///
    /// @returns kRefused when the file is no engine of this ABI, kNotRun when the sandbox could not
    ///   be made or stays below its floor, and what the engine did otherwise.
    OpenRun open(const EngineFile& engine, const ContentImage& content);

    /// Loads the content image, all of it.
    LoadRun load(const sensor::LoadLimits& limits);
    LoadRun load(const sensor::LoadLimits& limits, const Patience& patience);

    /// Loads some of the image's files: an image can hold several contents. @pre it has them.
    LoadRun load(const sensor::LoadLimits& limits, const Patience& patience, const ImagePart& part);

    /// Gives the content back to the engine; load() may follow.
    Verdict unload();

    DescribeRun describe();

    /// Has the engine measure which fields its rules really read, from here on.
    ///
    /// @returns kRefused when this engine cannot.
    Verdict start_coverage();

    /// What was measured since (docs/sensor-abi.md, "Coverage").
    DescribeRun coverage();

    /// What the build supplies for an input type (sensor.h, inputs()): an event contract, or
    /// "file". kFailed for a type that it does not supply.
    DescribeRun inputs(std::string_view type);

    /// Where to put the next input. @pre length <= policy.input_bytes_max.
    std::span<std::uint8_t> input(std::size_t length) const;

    /// Runs the content over the last `length` bytes of the input area.
    EvaluateRun evaluate(std::string_view name, std::size_t length);
    EvaluateRun evaluate(std::string_view name, std::size_t length, const Patience& patience);

    /// The same for bytes that lie elsewhere.
    EvaluateRun evaluate(std::string_view name, ByteView input);

    /// How many inputs evaluate_batch() takes, and where the one with that number goes.
    /// @pre number < batch_slots(), length <= BatchArea::kSlotBytes, and open() was called.
    std::size_t batch_slots() const;
    std::span<std::uint8_t> batch_input(std::size_t number, std::size_t length) const;

    /// Runs the content over the inputs with the numbers 0, 1, … and these lengths: one exchange
    /// with the worker for all, which for small inputs is many times faster than evaluate().
    ///
    /// Each input has a deadline of its own, kept from outside, and the page behind it may not be
    /// touched. Whether the engine left a signal handler is checked for all together (a kFailed
    /// without runs). @pre lengths.size() <= batch_slots(), and not 0.
    BatchRun evaluate_batch(std::string_view name, std::span<const std::size_t> lengths,
                            const Patience& patience);

    /// Runs the ABI check of that id, with the content image and the last `length` bytes of the
    /// input area to check with. The worker is good for nothing else afterwards.
    CheckRun check(std::string_view id, std::string_view input_name, std::size_t length);

    bool alive() const noexcept { return process_.has_value(); }
    const Confinement& confinement() const noexcept { return confinement_; }

    /// The most physical memory the worker has had at a time, from the kernel. 0 when it is gone.
    std::uint64_t memory_peak_bytes() const;

private:
    /// How often a running worker's CPU time and memory are looked at.
    static constexpr std::chrono::milliseconds kTick{25};

    struct Process {
        LaunchedProcess self;
        std::optional<Cgroup> cgroup;  ///< Goes with the worker, and takes what it left behind.
        ProcessFigures figures;
        Descriptor channel;
        Descriptor output;    ///< What it writes to stdout and stderr, bounded by the pipe.
        Descriptor listener;  ///< Of seccomp; see sensor::OnViolation::kReport.
    };

    /// The body of the one frame that answered, or how the worker ended instead.
    struct Reply {
        std::optional<Bytes> body;
        Verdict verdict;  ///< `cpu` always; the rest when there is no body.
    };

    /// One call under observation.
    struct Watch {
        Patience patience;
        std::chrono::steady_clock::time_point started;
        std::chrono::microseconds cpu_before{};
        std::uint64_t address_space_peak = 0;
        /// Of a batch: how many inputs are done, as far as was looked; each has the patience above.
        std::optional<std::uint32_t> finished{};
        std::chrono::steady_clock::time_point batch_started{};
        std::chrono::microseconds batch_cpu_before{};
    };

    Patience granted(const Patience& patience) const;
    [[nodiscard]] Result<void> start(const ContentImage& content);
    Verdict seal();

    Reply ask(const Bytes& frame, const Patience& patience);
    Reply observe(const Bytes& frame, Watch& watch);
    void note_progress(Watch& watch) const;
    bool take_entries(std::size_t asked, BatchRun& run) const;
    Reply exchange(const Bytes& frame, Watch& watch);
    std::optional<Verdict> send(const Bytes& frame, Watch& watch);
    std::optional<Verdict> wait(short events, Watch& watch);
    std::optional<Verdict> check_limits(Watch& watch);
    bool batch_over(const Watch& watch) const;
    bool receive(Bytes& bytes, bool& closed);

    DescribeRun ask_for_json(WireWriter& request, MessageType expected, std::string_view what);
    Verdict refusal_or_broken(WireReader& reader);
    Verdict program_ended(WireReader& reader);
    Verdict broken(std::string what);
    Verdict aborted(const Watch& watch);
    Verdict forbidden();
    Verdict ended(const Watch& watch);
    Verdict end(Outcome outcome, std::int32_t detail, std::string message);
    int kill_and_reap();
    std::string last_words() const;
    std::chrono::microseconds cpu_time() const;
    std::uint64_t memory_figure(std::string_view field) const;
    std::uint64_t address_space_max() const;
    bool address_space_was_full(const Watch& watch) const;
    std::optional<Cgroup> own_cgroup() const;
    std::uint64_t resident_max() const;

    const WorkerProgram& program_;
    const SandboxPolicy& policy_;
    const Clock& clock_;
    std::optional<InputArea> input_;
    std::optional<BatchArea> batch_;
    std::optional<Process> process_;
    Confinement confinement_;
    std::uint64_t content_bytes_ = 0;
    std::size_t content_files_ = 0;
};

}  // namespace firebreak::validator
