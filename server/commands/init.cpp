#include "core/base/clock.hpp"
#include "core/base/errc.hpp"
#include "server/commands/commands.hpp"
#include "server/commands/online_key.hpp"
#include "server/repository/repository.hpp"
#include "server/state_folder.hpp"
#include "server/store/sqlite_store.hpp"

namespace firebreak::server {
namespace {

constexpr std::uint64_t kMetadataBytesMax = 5'000'000;

Result<CeremonyFiles> read_ceremony(const FileStore& files, const InitOptions& options) {
    CeremonyFiles ceremony;
    for (const auto& [path, into] :
         {std::pair(&options.root, &ceremony.root), std::pair(&options.targets, &ceremony.targets),
          std::pair(&options.content, &ceremony.content)}) {
        Result<Bytes> bytes = files.read(*path, kMetadataBytesMax);
        if (!bytes) return fail(bytes.error());
        *into = std::move(*bytes);
    }
    return ceremony;
}

/// The first content metadata and the log's first entry, unless an init before this one got as far.
Result<void> fill_store(Store& store, const CeremonyFiles& files, const Ceremony& ceremony,
                        Instant now) {
    const Result<Bytes> there = store.content_role();
    if (there && *there == files.content) return {};
    if (there) {
        return fail(Errc::kConflict,
                    "the state folder holds the beginning of another ceremony; remove it");
    }
    if (there.error() != Errc::kNotFound) return fail(there.error());
    return store.transact([&](StoreWriter& writer) -> Result<void> {
        const Result<void> added = writer.add_content_role(ceremony.content.version, files.content);
        if (!added) return added;
        const Result<rollout::LogEntry> entry =
            writer.append({"server.initialised",
                           "operator:local",
                           json::object{{"root", sha256(files.root).hex()},
                                        {"targets", sha256(files.targets).hex()},
                                        {"content", sha256(files.content).hex()}},
                           now,
                           {}});
        if (!entry) return fail(entry.error());
        return {};
    });
}

Result<void> make_folders(FileStore& files, const StateFolder& state) {
    for (const auto& [folder, mode] :
         {std::pair(state.root, FileMode::kPrivate), std::pair(state.blobs(), FileMode::kPrivate),
          std::pair(state.repository(), FileMode::kPublic)}) {
        if (const Result<void> made = files.make_folder(folder, mode); !made) return made;
    }
    return {};
}

RepositoryOptions repository_options(const Config& config, const StateFolder& state) {
    return {state.repository(), config.timestamp_lifetime, config.snapshot_lifetime,
            config.rollout_lifetime};
}

}  // namespace

Outcome init(const Config& config, const InitOptions& options) {
    PosixFileStore files;
    const SystemClock clock;
    SystemRandom random;
    const Instant now = clock.now();
    const auto today = std::chrono::floor<std::chrono::seconds>(now);

    const Result<CeremonyFiles> ceremony_files = read_ceremony(files, options);
    if (!ceremony_files) return end_with(ExitCode::kFailed, ceremony_files.error());
    const Result<signing::Ed25519Signer> online = open_online_key(files, config);
    if (!online) return end_with(ExitCode::kCannotStart, online.error());
    // Before anything is made: a ceremony that is refused leaves nothing behind.
    const Result<Ceremony> ceremony = verify_ceremony(*ceremony_files, online->key(), today);
    if (!ceremony) return end_with(ExitCode::kFailed, ceremony.error());

    const StateFolder state{config.state};
    if (const auto made = make_folders(files, state); !made) {
        return end_with(ExitCode::kFailed, made.error());
    }
    const Result<StateLock> lock = StateLock::take(state);
    if (!lock) return end_with(ExitCode::kCannotStart, lock.error());
    if (const auto made = make_mac_secret(files, state, random); !made) {
        return end_with(ExitCode::kFailed, made.error());
    }
    const auto store = open_sqlite_store(state.database(), {.create = true});
    if (!store) return end_with(ExitCode::kFailed, store.error());
    // The repository last: a timestamp says that all the rest is there.
    const Result<void> filled = fill_store(**store, *ceremony_files, *ceremony, now);
    if (!filled) return end_with(ExitCode::kFailed, filled.error());
    const Result<void> created = Repository::create(
        files, *online, repository_options(config, state), *ceremony_files, today);
    if (!created) return end_with(ExitCode::kFailed, created.error());

    return Output{"initialised " + state.root.string() + "\n",
                  json::object{{"state", state.root.string()},
                               {"root_version", ceremony->root.version},
                               {"online_key", online->key().id()}}};
}

}  // namespace firebreak::server
