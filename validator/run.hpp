#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "core/base/clock.hpp"
#include "core/base/file_store.hpp"
#include "core/base/json.hpp"
#include "core/content/attestation.hpp"
#include "core/content/bundle.hpp"
#include "validator/profile.hpp"
#include "validator/progress.hpp"
#include "validator/report/finding.hpp"
#include "validator/report/reproducer.hpp"
#include "validator/report/waivers.hpp"
#include "validator/sandbox/executor.hpp"

namespace firebreak::validator {

/// The update host where none is given: that of the documentation.
inline constexpr std::string_view kUpdateHost = "firebreak.example";

/// What the fuzz stage is told by hand. Fewer executions than its minimum leave it inconclusive.
struct FuzzRequest {
    std::optional<std::uint64_t> executions{};        ///< For each build; absent: the profile's.
    std::optional<std::chrono::milliseconds> time{};  ///< At most; absent: the stage's.
    std::filesystem::path corpus{};                   ///< Kept between runs; empty: none.
};

/// A build of the source of another one, with AddressSanitizer in it.
struct TwinFile {
    Sha256 of;  ///< The engine file that is in the field.
    EngineFile file;
};

/// What a run is asked to judge, and how.
struct RunRequest {
    std::string bundle_name;
    Bytes bundle;
    std::optional<Bytes> previous{};  ///< The last release of the stream.
    std::vector<EngineFile> engines{};
    std::vector<TwinFile> twins{};  ///< Of some of `engines`. One that cannot run: inconclusive.
    /// The builds of the fleet's census. One that is not among `engines` leaves the run
    /// inconclusive.
    std::vector<Sha256> alive{};
    std::vector<std::filesystem::path> goodware{};
    std::vector<std::filesystem::path> samples{};  ///< Folders of what rules should match.
    /// Firebreak's own files, which no rule may match: without any the run is inconclusive.
    std::vector<std::filesystem::path> own_paths{};
    std::string update_host = std::string(kUpdateHost);  ///< Whom agents ask for updates.
    std::filesystem::path cache{};  ///< What replay remembers between runs; empty: nothing.
    ProfileName profile = ProfileName::kGate;
    std::optional<Profile> figures{};  ///< In place of those that the profile's name stands for.
    std::uint64_t seed = 0;
    unsigned jobs = 1;
    /// Every stage but fuzz, which stops by itself, has this many times its time: for machines that
    /// are slow or busy.
    unsigned patience = 1;
    std::vector<std::string> skipped{};  ///< Stages switched off by hand.
    bool stops_at_failure = false;       ///< The first stage that fails is the last one run.
    /// Ids of findings that are not made: for the test that tries what each of them is good for.
    /// Such a run admits nothing.
    std::vector<std::string> muted{};
    std::filesystem::path reproducers{};
    std::vector<Waiver> waivers{};  ///< All of them in force: check_waivers() was asked.
    FuzzRequest fuzz{};
};

/// What a run works with. All of it outlives the run.
struct Tools {
    const WorkerProgram& program;
    const Clock& clock;
    FileStore& files;
    Progress& progress;
    const WorkerProgram* twin_host = nullptr;  ///< Null: there is none.
};

/// What a report holds at most; schemas/validation-report.v1.json has the same number.
inline constexpr std::size_t kFindingsMax = 10'000;
using content::kNoveltyMax;

/// One engine build under test.
struct Build {
    EngineFile file;
    sensor::CapabilityManifest capabilities{};
    std::uint64_t rules = 0;           ///< After the load stage.
    std::vector<Place> rule_places{};  ///< Where describe() says each rule stands.
    json::value description{};         ///< After the load stage, where the build has one.

    /// "yara 4.2.3".
    std::string label() const { return capabilities.name + " " + capabilities.version; }
};

/// A sanitizer twin that was driven.
struct Twin {
    Build build;
    Sha256 of;  ///< The engine file of its production build.
};

using FieldCoverage = content::AttestedCoverage;

/// How one stage went. Only kPassed counts for the bundle.
enum class StageOutcome : std::uint8_t {
    kPassed,
    kFailed,        ///< With at least one finding of level error.
    kInconclusive,  ///< Ran out of budget, fell short of its minimum, or could not look.
    kSkipped        ///< Was not run at all.
};

std::string_view to_string(StageOutcome outcome);

struct StageReport {
    std::string name;
    StageOutcome outcome = StageOutcome::kSkipped;
    std::string reason;  ///< For anything but passed and failed; or what is worth knowing.
    std::uint64_t executions = 0;
    std::uint64_t findings = 0;
    std::chrono::milliseconds took{};
    std::uint64_t executions_min = 0;    ///< 0 where it was skipped.
    std::chrono::milliseconds budget{};  ///< Likewise.
    std::uint64_t cached = 0;  ///< Of the executions: made by an earlier run, and remembered.
};

/// Everything a run has found out so far. The stages fill it in their order; the reports read it.
class Run {
public:
    Run(RunRequest request, const Tools& tools);

    const RunRequest& request() const noexcept { return request_; }
    const Profile& profile() const {
        return request_.figures ? *request_.figures : validator::profile(request_.profile);
    }
    const Tools& tools() const noexcept { return tools_; }

    std::optional<content::Bundle> bundle;    ///< From the structure stage on, when it is whole.
    std::optional<content::Bundle> previous;  ///< Likewise.
    std::vector<Build> builds;                ///< From open_builds() on.
    std::vector<Twin> twins;                  ///< From the load stage on.
    std::vector<std::string> unopened;        ///< Engines that did not open, and why.
    bool builds_opened = false;               ///< By open_builds().
    std::vector<content::AttestedCorpus> corpora;
    std::vector<FieldCoverage> coverage;  ///< After the directed stage, where an engine measures.
    std::vector<StageReport> stages;
    std::vector<Finding> findings;              ///< Written by add() alone.
    std::vector<content::AttestedUse> novelty;  ///< From the lint stage; at most kNoveltyMax.
    std::vector<std::string> notes;  ///< What a person should know that is not about the content.
    std::vector<std::string> measured;  ///< Notes with times and sizes of this run in them.
    std::chrono::sys_seconds finished{};

    /// Adds a finding of the running stage, waived if one of the request's waivers takes it in.
    /// Past kFindingsMax they are counted and not kept: nobody reads on, and a rule file can be
    /// made to produce any number.
    void add(Finding finding);

    /// How many findings reject the bundle, those not kept included.
    std::uint64_t errors() const noexcept { return errors_; }
    std::uint64_t findings_not_kept() const noexcept { return not_kept_; }

    /// How many findings each of the request's waivers took in.
    const std::vector<std::uint64_t>& waived() const noexcept { return waived_; }

    /// The program whose workers open `engine`: a sanitizer build needs the twin host.
    const WorkerProgram& program_for(const EngineFile& engine) const;

    /// The build, or the twin, with that engine file; nullptr: neither.
    const Build* build_of(const Sha256& engine) const;

    /// The weakest confinement that any worker of this run reached. Twins are left out, as they
    /// admit nothing; of them, and of every sanitizer build, the second tells.
    std::string sandbox_level() const;
    std::string twin_sandbox_level() const;
    void record(const Confinement& confinement);

    /// Writes `reproducer` beside the others, puts its path and command into `finding`, and keeps
    /// it for the verdict stage, if there is room. So with the first kReproducersMax of a run;
    /// failing to write one is a note, and no more.
    void attach(Reproducer reproducer, const EngineFile& engine, Finding& finding);

    /// A reproducer that was attached.
    struct Case {
        Reproducer reproducer;
        std::filesystem::path file;  ///< Empty: not written.
    };

    /// @pre `finding` has one: case_number is not 0.
    Case& case_of(const Finding& finding) { return cases_.at(finding.case_number - 1); }

    /// Writes it again, as it is now.
    void rewrite(const Case& changed);

    /// The bundle as views, for a ContentImage.
    std::vector<FileView> content_views() const;

    content::Verdict verdict() const;
    std::string stage;  ///< The running one's name.

private:
    std::filesystem::path write_new(const Case& made, const EngineFile& engine, int number);

    RunRequest request_;
    Tools tools_;
    std::optional<Confinement> confinement_;
    std::optional<Confinement> twin_confinement_;
    std::vector<Case> cases_;
    std::uint64_t case_bytes_ = 0;
    int attached_ = 0;
    std::uint64_t errors_ = 0;
    std::uint64_t not_kept_ = 0;
    std::vector<std::uint64_t> waived_;
};

}  // namespace firebreak::validator
