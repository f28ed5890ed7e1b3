#include <cstdio>

#include "core/signing/key_file.hpp"
#include "core/signing/passphrase.hpp"
#include "sensor/host/engine_location.hpp"
#include "validator/commands/commands.hpp"
#include "validator/sandbox/sanitizer.hpp"

namespace firebreak::validator {
namespace {

constexpr std::uint64_t kEngineBytesMax = 256U << 20U;
constexpr std::uint64_t kKeyFileBytesMax = 64U << 10U;

}  // namespace

int complain(int code, const std::string& line) {
    (void)std::fprintf(stderr, "firebreak-validate: %s\n", line.c_str());
    return code;
}

bool print(const std::string& text) {
    const bool written = std::fwrite(text.data(), 1, text.size(), stdout) == text.size();
    return std::fflush(stdout) == 0 && written;
}

Result<EngineFile> engine_file(const FileStore& files, const std::string& path) {
    const Result<Bytes> bytes = files.read(sensor::EngineLocation::of(path).path, kEngineBytesMax);
    if (!bytes) return fail(bytes.error().seen_from("engine"));
    return EngineFile{path, sha256(*bytes), needs_address_sanitizer(*bytes)};
}

Result<std::optional<WorkerProgram>> find_twin_host(const std::string& option) {
    std::error_code code;
    const std::filesystem::path own = std::filesystem::read_symlink("/proc/self/exe", code);
    const std::filesystem::path beside = own.parent_path() / "firebreak-validate.asan";
    const bool there = std::filesystem::exists(beside, code);
    if (option.empty() && !there) return std::nullopt;
    Result<WorkerProgram> host =
        WorkerProgram::twin_host(option.empty() ? beside : std::filesystem::path(option));
    if (!host) return fail(host.error().seen_from("--twin-host"));
    return *std::move(host);
}

Result<trust::Key> read_public_key(const FileStore& files, const std::string& option,
                                   const std::string& path) {
    const Result<Bytes> file = files.read(path, kKeyFileBytesMax);
    if (!file) return fail(file.error().seen_from(option));
    const Result<json::value> value = parse_json(text_of(*file));
    if (!value) return fail(value.error().seen_from(path));
    const json::object* object = value->if_object();
    const bool bare = object != nullptr && object->contains("keyval");
    Result<trust::Key> key = bare ? trust::Key::from_json(*value) : signing::public_key_of(*file);
    if (!key) return fail(key.error().seen_from(path));
    return key;
}

Result<signing::Ed25519Signer> open_signer(const World& world, const std::string& path,
                                           const std::string& passphrase_file) {
    const Result<Bytes> file = world.files.read(path, kKeyFileBytesMax);
    if (!file) return fail(file.error().seen_from("--key"));
    const Result<SecretBytes> passphrase =
        signing::obtain_passphrase(world.files, passphrase_file, "passphrase for " + path + ": ");
    if (!passphrase) return fail(passphrase.error());
    Result<signing::Ed25519Signer> signer = signing::open_key(*file, *passphrase);
    if (!signer) return fail(signer.error().seen_from(path));
    return signer;
}

}  // namespace firebreak::validator
