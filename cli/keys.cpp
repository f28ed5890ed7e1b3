#include "cli/keys.hpp"

#include "core/base/errc.hpp"
#include "core/base/json.hpp"

namespace firebreak::cli {
namespace {

constexpr std::uint64_t kKeyFileBytesMax = 64U << 10U;
constexpr signing::KeyFileCost kQuickCost{.operations = 2, .memory_bytes = 64U << 20U};

}  // namespace

Result<Output> generate_key(const Context& context, const KeyGenerateOptions& options) {
    if (const Result<Bytes> existing = context.files.read(options.out, kKeyFileBytesMax);
        existing || existing.error() != firebreak::Errc::kNotFound) {
        return fail(
            Errc::kBadInput,
            options.out + ": exists already; a key is never overwritten, choose another name");
    }
    const Result<SecretBytes> passphrase =
        context.passphrase(options.passphrase_file, "passphrase for " + options.out + ": ");
    if (!passphrase) return fail(passphrase.error());

    const signing::Ed25519Signer signer = signing::Ed25519Signer::generate(context.random);
    const Result<Bytes> sealed = signing::seal_key(
        signer, *passphrase, options.quick ? kQuickCost : signing::KeyFileCost{}, context.random);
    if (!sealed) return fail(sealed.error().seen_from(options.out));
    const Result<void> written = context.files.write(options.out, *sealed, FileMode::kPrivate);
    if (!written) return fail(written.error());

    return Output{.text = "key " + signer.key().id() + " written to " + options.out + "\n",
                  .data = {{"key_id", signer.key().id()}, {"file", options.out}}};
}

Result<Output> show_key(const Context& context, const std::string& key_file,
                        const std::string& out) {
    const Result<trust::Key> key = read_public_key(context, key_file);
    if (!key) return fail(key.error());
    const std::string text = pretty_json(key->to_json());
    if (!out.empty()) {
        const Result<void> written = context.files.write(out, bytes_of(text), FileMode::kPublic);
        if (!written) return fail(written.error());
    }
    return Output{.text = "key id " + key->id() + "\n" + text,
                  .data = {{"key_id", key->id()}, {"key", key->to_json()}}};
}

Result<signing::Ed25519Signer> open_signer(const Context& context, const std::string& path,
                                           const std::string& passphrase_file) {
    const Result<Bytes> file = context.files.read(path, kKeyFileBytesMax);
    if (!file) return fail(file.error());
    const Result<SecretBytes> passphrase =
        context.passphrase(passphrase_file, "passphrase for " + path + ": ");
    if (!passphrase) return fail(passphrase.error());
    Result<signing::Ed25519Signer> signer = signing::open_key(*file, *passphrase);
    if (!signer) return fail(signer.error().seen_from(path));
    return signer;
}

Result<trust::Key> read_public_key(const Context& context, const std::string& path) {
    const Result<Bytes> file = context.files.read(path, kKeyFileBytesMax);
    if (!file) return fail(file.error());
    const Result<json::value> value = parse_json(text_of(*file));
    if (!value) return fail(value.error().seen_from(path));
    const json::object* object = value->if_object();
    const bool bare = object != nullptr && object->contains("keyval");
    Result<trust::Key> key = bare ? trust::Key::from_json(*value) : signing::public_key_of(*file);
    if (!key) return fail(key.error().seen_from(path));
    return key;
}

}  // namespace firebreak::cli
