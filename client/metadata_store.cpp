#include "client/metadata_store.hpp"

#include "core/base/encoding.hpp"
#include "core/base/errc.hpp"

namespace firebreak::client {
namespace {

constexpr std::string_view kSuffix = ".json";
constexpr std::size_t kEncodedBytesMax = 200;
constexpr std::uint64_t kMetadataBytesMax = 5'000'000;
constexpr std::string_view kDigits = "0123456789ABCDEF";

bool stands_for_itself(char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

}  // namespace

std::string encode_role(std::string_view role) {
    std::string encoded;
    for (const char c : role) {
        if (stands_for_itself(c)) {
            encoded += c;
            continue;
        }
        const auto byte = static_cast<unsigned char>(c);
        encoded += '%';
        encoded += kDigits[byte >> 4U];
        encoded += kDigits[byte & 0xFU];
    }
    return encoded;
}

Result<std::string> decode_role(std::string_view encoded) {
    std::string role;
    for (std::size_t i = 0; i < encoded.size(); ++i) {
        if (encoded[i] != '%') {
            role += encoded[i];
            continue;
        }
        const Result<Bytes> byte = hex_decode(encoded.substr(i + 1, 2));
        if (!byte || byte->size() != 1) return fail(Errc::kMalformed, "role name: a broken %XX");
        role += static_cast<char>(byte->front());
        i += 2;
    }
    if (encode_role(role) != encoded) return fail(Errc::kMalformed, "role name: not as encoded");
    return role;
}

MetadataStore::MetadataStore(FileStore& store, std::filesystem::path folder)
    : store_(store), folder_(std::move(folder)) {}

Result<void> MetadataStore::prepare() {
    return store_.make_folder(folder_, FileMode::kPrivate);
}

trust::LocalMetadata MetadataStore::load() const {
    trust::LocalMetadata local;
    const Result<std::vector<std::string>> names = store_.list(folder_);
    if (!names) return local;
    for (const std::string& name : *names) {
        if (!name.ends_with(kSuffix)) continue;
        Result<std::string> role =
            decode_role(std::string_view(name).substr(0, name.size() - kSuffix.size()));
        if (!role) continue;
        Result<Bytes> bytes = store_.read(folder_ / name, kMetadataBytesMax);
        if (bytes) local[*role] = std::move(*bytes);
    }
    return local;
}

Result<void> MetadataStore::persist(std::string_view role, ByteView bytes) {
    const Result<std::filesystem::path> path = path_of(role);
    if (!path) return fail(path.error());
    return store_.write(*path, bytes, FileMode::kPrivate);
}

Result<void> MetadataStore::forget(std::string_view role) {
    const Result<std::filesystem::path> path = path_of(role);
    if (!path) return fail(path.error());
    return store_.remove(*path);
}

Result<std::filesystem::path> MetadataStore::path_of(std::string_view role) const {
    const std::string encoded = encode_role(role);
    if (encoded.empty() || encoded.size() > kEncodedBytesMax) {
        return fail(Errc::kInvalid, "role name: empty, or too long for a file");
    }
    return folder_ / (encoded + std::string(kSuffix));
}

}  // namespace firebreak::client
