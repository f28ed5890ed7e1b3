#include "client/device_identity.hpp"

#include <sodium.h>

#include <algorithm>
#include <boost/json/serialize.hpp>

#include "core/base/check.hpp"
#include "core/base/encoding.hpp"
#include "core/base/errc.hpp"
#include "core/base/json.hpp"

namespace firebreak::client {
namespace {

static_assert(crypto_sign_PUBLICKEYBYTES == std::tuple_size_v<DeviceKey::PublicKey>);
static_assert(crypto_sign_BYTES == std::tuple_size_v<DeviceKey::Signature>);

constexpr std::size_t kNameBytesMax = 64;
constexpr std::size_t kMacKeyBytesMin = 32;
constexpr std::size_t kMacKeyBytesMax = 64;
constexpr std::uint64_t kIdentityBytesMax = 4096;

/// Names become parts of paths, headers and log lines; so they are plain.
bool plain_name(std::string_view name) {
    const auto plain = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '-' || c == '_' || c == '.';
    };
    return !name.empty() && name.size() <= kNameBytesMax &&
           std::all_of(name.begin(), name.end(), plain);
}

}  // namespace

DeviceKey::DeviceKey(SecretBytes seed)
    : seed_(std::move(seed)), secret_key_(crypto_sign_SECRETKEYBYTES) {
    FIREBREAK_CHECK(seed_.size() == crypto_sign_SEEDBYTES);
    crypto_sign_seed_keypair(public_key_.data(), secret_key_.writable().data(),
                             seed_.view().data());
}

DeviceKey DeviceKey::generate(Random& random) {
    SecretBytes seed(crypto_sign_SEEDBYTES);
    random.fill(seed.writable());
    return DeviceKey(std::move(seed));
}

Result<DeviceKey> DeviceKey::load(const FileStore& store, const std::filesystem::path& path) {
    Result<Bytes> bytes = store.read(path, crypto_sign_SEEDBYTES);
    if (!bytes) {
        if (bytes.error() == make_error_code(Errc::kTooLarge)) {
            return fail(Errc::kCorrupt, path.string() + ": not a device key");
        }
        return fail(bytes.error());
    }
    if (bytes->size() != crypto_sign_SEEDBYTES) {
        wipe(*bytes);
        return fail(Errc::kCorrupt, path.string() + ": not a device key");
    }
    return DeviceKey(SecretBytes::take(*bytes));
}

Result<void> DeviceKey::save(FileStore& store, const std::filesystem::path& path) const {
    return store.write(path, seed_.view(), FileMode::kPrivate);
}

DeviceKey::Signature DeviceKey::sign(ByteView message) const {
    Signature signature{};
    crypto_sign_detached(signature.data(), nullptr, message.data(), message.size(),
                         secret_key_.view().data());
    return signature;
}

Result<Identity> parse_identity(std::string_view text) {
    const Result<json::value> value = parse_json(text);
    if (!value) return fail(value.error());
    const Result<JsonObject> object = JsonObject::of(*value, "identity");
    if (!object) return fail(object.error());

    std::array<std::string, 3> names;
    constexpr std::array<const char*, 3> kMembers{"device", "tenant", "ring"};
    for (std::size_t i = 0; i < kMembers.size(); ++i) {
        Result<std::string> name = object->string(kMembers[i]);
        if (!name) return fail(name.error());
        if (!plain_name(*name)) {
            return fail(Errc::kMalformed, object->path_to(kMembers[i]) + ": not a plain name");
        }
        names[i] = std::move(*name);
    }
    Result<std::string> encoded = object->string("mac_key");
    if (!encoded) return fail(encoded.error());
    Result<Bytes> mac_key = base64_decode(*encoded);
    wipe({reinterpret_cast<std::uint8_t*>(encoded->data()), encoded->size()});
    if (!mac_key) return fail(Errc::kMalformed, object->path_to("mac_key") + ": not base64");
    if (mac_key->size() < kMacKeyBytesMin || mac_key->size() > kMacKeyBytesMax) {
        return fail(Errc::kMalformed, object->path_to("mac_key") + ": wrong length");
    }
    return Identity{.device = std::move(names[0]),
                    .tenant = std::move(names[1]),
                    .ring = std::move(names[2]),
                    .mac_key = SecretBytes::take(*mac_key)};
}

Result<Identity> load_identity(const FileStore& store, const std::filesystem::path& path) {
    Result<Bytes> bytes = store.read(path, kIdentityBytesMax);
    if (!bytes) return fail(bytes.error());
    Result<Identity> identity = parse_identity(text_of(*bytes));
    wipe(*bytes);
    if (!identity) {
        return fail(Errc::kCorrupt, path.string() + ": " + identity.error().context());
    }
    return identity;
}

Result<void> save_identity(FileStore& store, const std::filesystem::path& path,
                           const Identity& identity) {
    std::string text = json::serialize(json::object{
        {"device", identity.device},
        {"tenant", identity.tenant},
        {"ring", identity.ring},
        {"mac_key", base64_encode(identity.mac_key.view())},
    });
    Result<void> written = store.write(path, bytes_of(text), FileMode::kPrivate);
    wipe({reinterpret_cast<std::uint8_t*>(text.data()), text.size()});
    return written;
}

}  // namespace firebreak::client
