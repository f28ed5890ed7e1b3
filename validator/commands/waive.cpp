#include <algorithm>

#include "core/base/errc.hpp"
#include "core/base/utc.hpp"
#include "validator/commands/commands.hpp"
#include "validator/report/waivers.hpp"

namespace firebreak::validator {
namespace {

/// What `path` holds and is still in force; nothing where there is no such file. A file that
/// another key signed is not added to: its waivers would pass for ours.
Result<std::vector<Waiver>> kept_waivers(const World& world, const std::string& path,
                                         const trust::Key& key, std::chrono::sys_seconds now) {
    const Result<Bytes> file = world.files.read(path, kWaiverFileBytesMax);
    if (!file && file.error() == Errc::kNotFound) return std::vector<Waiver>{};
    if (!file) return fail(file.error());
    Result<std::vector<Waiver>> waivers = open_waivers(*file, key);
    if (!waivers) return fail(waivers.error().seen_from(path));
    std::erase_if(*waivers, [now](const Waiver& waiver) { return waiver.expires <= now; });
    return waivers;
}

bool same_scope(const Waiver& one, const Waiver& other) {
    return one.finding == other.finding && one.stream == other.stream && one.rule == other.rule &&
           one.file == other.file && one.fingerprint == other.fingerprint;
}

}  // namespace

int waive(const World& world, const WaiveOptions& options) {
    Waiver waiver = options.waiver;
    const Result<std::chrono::sys_seconds> expires = parse_utc(options.expires);
    if (!expires) return complain(kExitUsage, "--expires: " + expires.error().context());
    waiver.expires = *expires;
    const auto now = std::chrono::floor<std::chrono::seconds>(world.clock.now());
    if (const Result<void> valid = check_waivers({waiver}, now); !valid) {
        return complain(kExitUsage, valid.error().context());
    }
    const Result<signing::Ed25519Signer> signer =
        open_signer(world, options.key, options.passphrase_file);
    if (!signer) return complain(kExitNotSigned, signer.error().to_string());
    Result<std::vector<Waiver>> waivers = kept_waivers(world, options.file, signer->key(), now);
    if (!waivers) return complain(kExitUsage, waivers.error().to_string());
    // The same scope again is a new decision about it: the later one counts.
    std::erase_if(*waivers, [&](const Waiver& old) { return same_scope(old, waiver); });
    waivers->push_back(waiver);
    if (const Result<void> valid = check_waivers(*waivers, now); !valid) {
        return complain(kExitUsage, valid.error().context());
    }
    const Result<Bytes> envelope = sign_waivers(*waivers, *signer);
    if (!envelope) return complain(kExitNotSigned, envelope.error().to_string());
    const Result<void> written = world.files.write(options.file, *envelope, FileMode::kPublic);
    if (!written) return complain(kExitNotSigned, written.error().to_string());
    const std::string text = options.file + ": " + std::to_string(waivers->size()) +
                             " waivers in force, " + waiver.finding + " until " +
                             format_utc(waiver.expires) + "\n";
    return print(text) ? kExitAdmitted : complain(kExitInconclusive, "cannot write to stdout");
}

}  // namespace firebreak::validator
