#include "core/signing/key_file.hpp"

#include <sodium.h>

#include <algorithm>
#include <filesystem>
#include <initializer_list>
#include <limits>
#include <utility>

#include "core/base/check.hpp"
#include "core/base/encoding.hpp"
#include "core/base/errc.hpp"
#include "core/base/json.hpp"

namespace firebreak::signing {
namespace {

constexpr std::string_view kFormat = "firebreak-key-v1";
constexpr std::string_view kKeyType = "ed25519";
constexpr std::string_view kKdf = "argon2id13";
constexpr std::int64_t kOperationsMax = 16;
constexpr std::int64_t kMemoryBytesMax = 1LL << 30;
constexpr auto kMemoryBytesMin = static_cast<std::int64_t>(crypto_pwhash_argon2id_MEMLIMIT_MIN);
constexpr std::size_t kFileBytesMax = 16U << 10U;
constexpr std::size_t kPassphraseBytesMax = 4096;

/// The file as it stands, not yet opened.
struct Sealed {
    trust::Key key;
    KeyFileCost cost;
    Bytes salt;
    Bytes nonce;
    Bytes box;
};

Result<void> check_cost(const KeyFileCost& cost) {
    if (cost.operations > static_cast<std::uint64_t>(kOperationsMax) ||
        cost.memory_bytes > static_cast<std::uint64_t>(kMemoryBytesMax)) {
        return fail(Errc::kTooLarge, "key file: costs more than 16 operations or 1 GiB to open");
    }
    if (cost.operations < 1 || cost.memory_bytes < static_cast<std::uint64_t>(kMemoryBytesMin)) {
        return fail(Errc::kInvalid, "key file: costs less than 1 operation or 8 KiB to open");
    }
    return {};
}

Result<SecretBytes> derive(const SecretBytes& passphrase, ByteView salt, const KeyFileCost& cost) {
    FIREBREAK_CHECK(sodium_init() >= 0);
    SecretBytes key(crypto_secretbox_KEYBYTES);
    const auto writable = key.writable();
    const ByteView text = passphrase.view();
    if (crypto_pwhash(writable.data(), writable.size(), reinterpret_cast<const char*>(text.data()),
                      text.size(), salt.data(), cost.operations,
                      static_cast<std::size_t>(cost.memory_bytes),
                      crypto_pwhash_ALG_ARGON2ID13) != 0) {
        return fail(Errc::kUnavailable, "key file: not enough memory to derive its key (" +
                                            std::to_string(cost.memory_bytes >> 20U) + " MiB)");
    }
    return key;
}

/// Lower case only, so that one key has one file form.
Result<Bytes> binary(const JsonObject& object, std::string_view name, std::size_t size) {
    const Result<std::string> text = object.string(name);
    if (!text) return fail(text.error());
    Result<Bytes> bytes = hex_decode(*text);
    if (!bytes || bytes->size() != size || hex_encode(*bytes) != *text) {
        return fail(Errc::kMalformed, object.path_to(name) + ": must be " +
                                          std::to_string(2 * size) +
                                          " lower-case hexadecimal digits");
    }
    return bytes;
}

/// Members that nobody reads might be meant to mean something.
Result<void> require_members(const JsonObject& object,
                             std::initializer_list<std::string_view> names) {
    for (const auto& member : object.raw()) {
        if (std::ranges::find(names, std::string_view(member.key())) == names.end()) {
            return fail(Errc::kMalformed, object.path() + ": has a member that it must not have");
        }
    }
    return {};
}

Result<void> require_text(const JsonObject& object, std::string_view name,
                          std::string_view wanted) {
    const Result<std::string> text = object.string(name);
    if (!text) return fail(text.error());
    if (*text == wanted) return {};
    return fail(Errc::kMalformed, object.path_to(name) + ": must be " + std::string(wanted));
}

Result<KeyFileCost> parse_cost(const JsonObject& kdf) {
    const auto members = require_members(kdf, {"algorithm", "operations", "memory_bytes", "salt"});
    if (!members) return fail(members.error());
    const auto algorithm = require_text(kdf, "algorithm", kKdf);
    if (!algorithm) return fail(algorithm.error());
    constexpr std::int64_t kAnything = std::numeric_limits<std::int64_t>::max();
    const Result<std::int64_t> operations = kdf.integer("operations", 1, kAnything);
    if (!operations) return fail(operations.error());
    const Result<std::int64_t> memory = kdf.integer("memory_bytes", kMemoryBytesMin, kAnything);
    if (!memory) return fail(memory.error());
    const KeyFileCost cost{static_cast<std::uint64_t>(*operations),
                           static_cast<std::uint64_t>(*memory)};
    // Before any of it is spent: the file may come from somebody who wants this machine busy.
    if (const auto within = check_cost(cost); !within) return fail(within.error());
    return cost;
}

Result<trust::Key> parse_public(const JsonObject& file) {
    for (const char* name : {"keytype", "scheme"}) {
        if (const auto type = require_text(file, name, kKeyType); !type) return fail(type.error());
    }
    const Result<Bytes> raw = binary(file, "public", crypto_sign_PUBLICKEYBYTES);
    if (!raw) return fail(raw.error());
    // By the reader, which also refuses what is no point on the curve.
    Result<trust::Key> key = trust::Key::from_json(trust::Key::ed25519(*raw).to_json());
    if (!key) return fail(Errc::kMalformed, file.path_to("public") + ": is not an Ed25519 key");
    return key;
}

Result<json::value> parse_document(ByteView bytes) {
    const JsonLimits limits{.bytes_max = kFileBytesMax, .depth_max = 8};
    Result<json::value> document = parse_json(text_of(bytes), limits);
    if (!document) return fail(document.error().seen_from("key file"));
    return document;
}

Result<JsonObject> open_document(const json::value& document) {
    Result<JsonObject> object = JsonObject::of(document, "key file");
    if (!object) return object;
    if (const auto format = require_text(*object, "format", kFormat); !format) {
        return fail(format.error());
    }
    const auto members =
        require_members(*object, {"format", "keytype", "scheme", "public", "kdf", "secretbox"});
    if (!members) return fail(members.error());
    return object;
}

Result<Sealed> parse_sealed(ByteView bytes) {
    const Result<json::value> document = parse_document(bytes);
    if (!document) return fail(document.error());
    const Result<JsonObject> file = open_document(*document);
    if (!file) return fail(file.error());
    Result<trust::Key> key = parse_public(*file);
    if (!key) return fail(key.error());

    const Result<JsonObject> kdf = file->object("kdf");
    if (!kdf) return fail(kdf.error());
    const Result<KeyFileCost> cost = parse_cost(*kdf);
    if (!cost) return fail(cost.error());
    Result<Bytes> salt = binary(*kdf, "salt", crypto_pwhash_SALTBYTES);
    if (!salt) return fail(salt.error());

    const Result<JsonObject> box = file->object("secretbox");
    if (!box) return fail(box.error());
    if (const auto members = require_members(*box, {"nonce", "sealed"}); !members) {
        return fail(members.error());
    }
    Result<Bytes> nonce = binary(*box, "nonce", crypto_secretbox_NONCEBYTES);
    if (!nonce) return fail(nonce.error());
    Result<Bytes> sealed =
        binary(*box, "sealed", crypto_secretbox_MACBYTES + crypto_sign_SEEDBYTES);
    if (!sealed) return fail(sealed.error());
    return Sealed{std::move(*key), *cost, std::move(*salt), std::move(*nonce), std::move(*sealed)};
}

}  // namespace

Result<Bytes> seal_key(const Ed25519Signer& signer, const SecretBytes& passphrase, KeyFileCost cost,
                       Random& random) {
    if (passphrase.size() == 0) {
        return fail(Errc::kInvalid,
                    "passphrase: must not be empty; a key file is never in the clear");
    }
    if (const auto within = check_cost(cost); !within) return fail(within.error());
    const Bytes salt = random.bytes(crypto_pwhash_SALTBYTES);
    const Bytes nonce = random.bytes(crypto_secretbox_NONCEBYTES);
    const Result<SecretBytes> key = derive(passphrase, salt, cost);
    if (!key) return fail(key.error());

    const ByteView seed = signer.seed().view();
    Bytes box(crypto_secretbox_MACBYTES + seed.size());
    FIREBREAK_CHECK(crypto_secretbox_easy(box.data(), seed.data(), seed.size(), nonce.data(),
                                          key->view().data()) == 0);
    const json::object kdf{{"algorithm", kKdf},
                           {"operations", cost.operations},
                           {"memory_bytes", cost.memory_bytes},
                           {"salt", hex_encode(salt)}};
    const json::object secretbox{{"nonce", hex_encode(nonce)}, {"sealed", hex_encode(box)}};
    return to_bytes(
        pretty_json(json::object{{"format", kFormat},
                                 {"keytype", kKeyType},
                                 {"scheme", kKeyType},
                                 {"public", signer.key().to_json().at("keyval").at("public")},
                                 {"kdf", kdf},
                                 {"secretbox", secretbox}}));
}

Result<Ed25519Signer> open_key(ByteView file, const SecretBytes& passphrase) {
    const Result<Sealed> sealed = parse_sealed(file);
    if (!sealed) return fail(sealed.error());
    const Result<SecretBytes> key = derive(passphrase, sealed->salt, sealed->cost);
    if (!key) return fail(key.error());

    SecretBytes seed(crypto_sign_SEEDBYTES);
    const bool opened =
        crypto_secretbox_open_easy(seed.writable().data(), sealed->box.data(), sealed->box.size(),
                                   sealed->nonce.data(), key->view().data()) == 0;
    const auto denied = [] {
        return fail(Errc::kDenied, "key file: wrong passphrase, or the file was changed");
    };
    if (!opened) return denied();
    Ed25519Signer signer = Ed25519Signer::from_seed(seed);
    // The public key stands outside the box: it must be the one that belongs to what is inside.
    if (signer.key().id() != sealed->key.id()) return denied();
    return signer;
}

Result<trust::Key> public_key_of(ByteView file) {
    const Result<json::value> document = parse_document(file);
    if (!document) return fail(document.error());
    const Result<JsonObject> object = open_document(*document);
    if (!object) return fail(object.error());
    return parse_public(*object);
}

Result<SecretBytes> read_passphrase_file(const FileStore& files,
                                         const std::filesystem::path& path) {
    // A path that is only in the store, and not on this machine's disk, has no mode to check.
    std::error_code code;
    const auto status = std::filesystem::status(path, code);
    using Perms = std::filesystem::perms;
    if (std::filesystem::exists(status) &&
        (status.permissions() & (Perms::group_all | Perms::others_all)) != Perms::none) {
        return fail(Errc::kDenied,
                    path.string() + ": others than its owner can use it; chmod 600 it");
    }
    Result<Bytes> bytes = files.read(path, kPassphraseBytesMax);
    if (!bytes) return fail(bytes.error());
    const auto end = std::ranges::find(*bytes, std::uint8_t{'\n'});
    SecretBytes passphrase =
        SecretBytes::take({bytes->data(), static_cast<std::size_t>(end - bytes->begin())});
    wipe(*bytes);
    if (passphrase.size() == 0) {
        return fail(Errc::kInvalid, path.string() + ": its first line, the passphrase, is empty");
    }
    return passphrase;
}

}  // namespace firebreak::signing
