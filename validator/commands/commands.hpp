#pragma once

#include <string>
#include <vector>

#include "core/base/clock.hpp"
#include "core/base/file_store.hpp"
#include "core/base/terminal.hpp"
#include "core/signing/signer.hpp"
#include "validator/run.hpp"

namespace firebreak::validator {

/// What the sub-commands of firebreak-validate do, once the command line is read. Each prints its
/// answer to stdout, what went wrong in one line to stderr, and returns the exit code.

/// Exit codes, documented in docs/cli.md: never renumber.
enum ExitCode : int {
    kExitAdmitted = 0,
    kExitRejected = 1,
    kExitUsage = 2,
    kExitInconclusive = 3,
    kExitNotSigned = 4,
};

/// What every command needs of the world.
struct World {
    FileStore& files;
    const Clock& clock;
    const Terminal& terminal;
};

struct JudgeOptions {
    std::string bundle{};
    std::vector<std::string> engines{};
    std::vector<std::string> builds{};  ///< Folders of engines.
    std::vector<std::string> twins{};   ///< "ENGINE=TWIN", both files.
    std::string twin_host{};            ///< Empty: the one beside the program, if it is there.
    std::string census{};               ///< What `firebreak fleet census --json` printed.
    std::vector<std::string> goodware{};
    std::vector<std::string> samples{};
    std::string update_host{};  ///< Empty: that of the documentation.
    std::string cache{};        ///< Empty: replay remembers nothing.
    std::string profile = "gate";
    std::string previous{};
    std::string seed{};  ///< Empty: made from the bundle's digest, so that a run can be repeated.
    unsigned jobs = 0;   ///< 0: one for each processor.
    unsigned patience = 1;  ///< RunRequest::patience.
    std::vector<std::string> skipped{};
    std::string sarif{};
    std::string junit{};
    std::string html{};
    std::string waivers{};
    std::string waiver_key{};
    std::string attestation{};
    std::string key{};
    std::string passphrase_file{};
    std::string reproducers = "firebreak-reproducers";
    std::string fuzz_executions{};  ///< A number; empty: the profile's.
    std::string fuzz_seconds{};     ///< Likewise; empty: the stage's.
    std::string fuzz_corpus{};      ///< A folder; empty: none.
};

int judge_bundle(const World& world, const JudgeOptions& options);

struct VerifyOptions {
    std::string attestation{};
    std::string bundle{};
    std::string key{};
    bool no_waivers = false;            ///< Refuse it when an error was waived.
    std::vector<std::string> builds{};  ///< SHA-256 of builds that it must name.
    std::uint64_t age_hours_max = 0;    ///< 0: of any age.
};

/// 0: signed by that key, about these bytes, admitted, with no waiver that has expired by now, and
/// as the options demand. 1: anything else.
int verify_attestation(const World& world, const VerifyOptions& options);

struct WaiveOptions {
    std::string file;  ///< Written anew; what is in it and in force stays.
    std::string key;
    std::string passphrase_file;
    Waiver waiver;
    std::string expires;
};

/// Adds a waiver to a file of them and signs the whole. 0: written. 2: what was asked is no waiver,
/// or the file is not one of that key. 4: could not sign.
int waive(const World& world, const WaiveOptions& options);

struct ReproduceOptions {
    std::string file;
    std::string engine;
    std::string twin_host{};  ///< As in JudgeOptions.
};

/// 0: the misbehaviour showed again. 1: it did not. 3: could not be run.
int reproduce(const World& world, const ReproduceOptions& options);

/// Prints the capability manifest of an engine, asked for in the sandbox.
int show_engine(const World& world, const std::string& engine);

struct EngineCheckOptions {
    std::string engine;
    std::string content{};  ///< A file, a folder or a bundle; empty: the built-in sample.
    std::string input{};    ///< What that content matches.
};

/// Whether an engine keeps the rules of the sensor ABI (docs/sensor-abi.md). 0: all of them. 1:
/// breaks one. 3: one could not be looked at.
int check_engine(const World& world, const EngineCheckOptions& options);

struct EngineLiveOptions {
    std::string engine{};
    std::string live{};                  ///< A folder of bundles.
    std::vector<std::string> against{};  ///< Builds that run them now.
};

/// Whether a new engine build takes all content that is live: the release gate of an engine, as
/// judge_bundle() is that of content. 0: all of it. 1: not one of them. 3: could not look at all.
int check_engine_live(const World& world, const EngineLiveOptions& options);

struct MuseumOptions {
    std::string museum{};                ///< Empty: the one beside the program.
    std::vector<std::string> engines{};  ///< Folders; empty: those beside the program.
    std::vector<std::string> skipped{};
};

/// Plays every exhibit of a museum (docs/formats/museum.md). 0: each was stopped by the gate
/// expected. 1: one was not. 2: no museum. 3: one could not be played.
int show_museum(const World& world, const MuseumOptions& options);

// ---- Shared by the commands ----------------------------------------------------------------

/// "firebreak-validate: …" on stderr; returns `code`.
int complain(int code, const std::string& line);

/// Writes all of `text` to stdout. False when that failed: a script must not take a cut-off answer
/// for a whole one.
bool print(const std::string& text);

/// A public key as `firebreak keys show` saves it, or the public half of a key file.
///
/// @param option  What errors call it: "--key".
[[nodiscard]] Result<trust::Key> read_public_key(const FileStore& files, const std::string& option,
                                                 const std::string& path);

/// The key in `path`, opened with the passphrase in `passphrase_file` or from the terminal.
[[nodiscard]] Result<signing::Ed25519Signer> open_signer(const World& world,
                                                         const std::string& path,
                                                         const std::string& passphrase_file);

/// The engine's bytes, hashed without mapping them. `path` may be "exec:" and a program.
[[nodiscard]] Result<EngineFile> engine_file(const FileStore& files, const std::string& path);

/// Appends `engine`, unless a build of the same bytes is there.
void add_engine(std::vector<EngineFile>& engines, EngineFile engine);

/// Every engine below `folder`, by path: files named .so, and programs that may be run (as
/// "exec:"). Anything else is no engine; NAME.twin.so is the sanitizer twin of the NAME.so beside
/// it.
///
/// @returns Errc::kNotFound when there is none, Errc::kTooLarge past 1,000; Errc::kInvalid for a
///   twin of nothing, or one that is no sanitizer build.
struct BuildsFolder {
    std::vector<EngineFile> engines{};
    std::vector<TwinFile> twins{};
};
[[nodiscard]] Result<BuildsFolder> engines_in(const FileStore& files, const std::string& folder);

/// Appends `twin`, unless it is there. @returns Errc::kInvalid when it is no sanitizer build.
[[nodiscard]] Result<void> add_twin(std::vector<TwinFile>& twins, TwinFile twin);

/// The program that opens sanitizer builds: `option`, or firebreak-validate.asan beside this one.
///
/// @returns nothing when none was named and none is there; an errno when the one named is not.
[[nodiscard]] Result<std::optional<WorkerProgram>> find_twin_host(const std::string& option);

/// The builds that are alive, from what `firebreak fleet census --json` printed.
[[nodiscard]] Result<std::vector<Sha256>> read_census(const FileStore& files,
                                                      const std::string& path);

}  // namespace firebreak::validator
