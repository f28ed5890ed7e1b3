#include "server/commands/online_key.hpp"

namespace firebreak::server {
namespace {

constexpr std::uint64_t kKeyFileBytesMax = 64U << 10U;

Result<trust::Key> read_public_key(const FileStore& files, const std::filesystem::path& path) {
    const Result<Bytes> file = files.read(path, kKeyFileBytesMax);
    if (!file) return fail(file.error());
    const Result<json::value> value = parse_json(text_of(*file));
    if (!value) return fail(value.error().seen_from(path.string()));
    const json::object* object = value->if_object();
    const bool bare = object != nullptr && object->contains("keyval");
    Result<trust::Key> key = bare ? trust::Key::from_json(*value) : signing::public_key_of(*file);
    if (!key) return fail(key.error().seen_from(path.string()));
    return key;
}

}  // namespace

Result<signing::Ed25519Signer> open_online_key(const FileStore& files, const Config& config) {
    const Result<Bytes> file = files.read(config.online_key, kKeyFileBytesMax);
    if (!file) return fail(file.error().seen_from("online key"));
    const Result<SecretBytes> passphrase =
        signing::read_passphrase_file(files, config.online_passphrase);
    if (!passphrase) return fail(passphrase.error().seen_from("online key"));
    Result<signing::Ed25519Signer> signer = signing::open_key(*file, *passphrase);
    if (!signer) return fail(signer.error().seen_from("online key " + config.online_key.string()));
    return signer;
}

Result<std::vector<trust::Key>> read_validator_keys(const FileStore& files, const Config& config) {
    std::vector<trust::Key> keys;
    for (const std::filesystem::path& path : config.validator_keys) {
        Result<trust::Key> key = read_public_key(files, path);
        if (!key) return fail(key.error().seen_from("validator key"));
        keys.push_back(std::move(*key));
    }
    return keys;
}

}  // namespace firebreak::server
