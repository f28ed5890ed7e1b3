#include "core/health/message_signature.hpp"

#include <algorithm>

#include "core/base/check.hpp"
#include "core/base/digest.hpp"
#include "core/base/encoding.hpp"
#include "core/base/errc.hpp"

namespace firebreak::health {
namespace {

// The pieces of the one form, in their order. Everything else is refused, so that there is nothing
// to interpret: no reordered parameters, no other components, no second signature, no white space.
constexpr std::string_view kLabel = "fb=";
constexpr std::string_view kComponents = R"(("@method" "@path" "content-digest"))";
constexpr std::string_view kCreated = ";created=";
constexpr std::string_view kKeyId = ";keyid=\"";
constexpr std::string_view kAlgorithm = "\";alg=\"hmac-sha256\"";
constexpr std::string_view kDigestLabel = "sha-256=";
constexpr std::size_t kCreatedDigitsMax = 12;
constexpr std::size_t kBase64OfSha256 = 44;

struct SignatureInput {
    std::string_view parameters;  ///< All after the label: what @signature-params signs.
    std::string_view key_id;
};

bool take(std::string_view& text, std::string_view expected) {
    if (!text.starts_with(expected)) return false;
    text.remove_prefix(expected.size());
    return true;
}

/// The characters of a key id: of an sf-string (RFC 8941 section 3.3.3), less the two that need an
/// escape and the space, so that the text between the quotes is the id.
bool is_key_id(std::string_view text) {
    return !text.empty() && text.size() <= kKeyIdBytesMax &&
           std::all_of(text.begin(), text.end(),
                       [](char c) { return c > 0x20 && c < 0x7F && c != '"' && c != '\\'; });
}

bool is_method(std::string_view text) {
    return !text.empty() && text.size() <= 16 &&
           std::all_of(text.begin(), text.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
}

/// A path that cannot bring a line of its own into the signature base.
bool is_path(std::string_view text) {
    return text.starts_with('/') && text.size() <= 2048 &&
           std::all_of(text.begin(), text.end(),
                       [](char c) { return c > 0x20 && c < 0x7F && c != '?' && c != '#'; });
}

tl::unexpected<Error> malformed(std::string_view header, std::string_view form) {
    return fail(Errc::kMalformed, std::string(header) + ": must be " + std::string(form));
}

Result<SignatureInput> parse_signature_input(std::string_view text) {
    const auto refuse = [] {
        return malformed("Signature-Input",
                         R"(fb=("@method" "@path" "content-digest");created=<seconds>;)"
                         R"(keyid="<device>";alg="hmac-sha256")");
    };
    if (!take(text, kLabel)) return refuse();
    SignatureInput input{.parameters = text, .key_id = {}};
    if (!take(text, kComponents) || !take(text, kCreated)) return refuse();

    const std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
    if (digits == 0 || digits > kCreatedDigitsMax || (digits > 1 && text.front() == '0')) {
        return refuse();
    }
    text.remove_prefix(digits);

    if (!take(text, kKeyId)) return refuse();
    const std::size_t quote = text.find('"');
    if (quote == std::string_view::npos || !is_key_id(text.substr(0, quote))) return refuse();
    input.key_id = text.substr(0, quote);
    if (text.substr(quote) != kAlgorithm) return refuse();
    return input;
}

/// The 32 bytes of `<label>:<base64>:`, a byte sequence (RFC 8941 section 3.3.5).
Result<Bytes> parse_digest(std::string_view header, std::string_view text, std::string_view label) {
    const std::string form = std::string(label) + ":<base64 of 32 bytes>:";
    if (text.size() != label.size() + kBase64OfSha256 + 2 || !take(text, label) ||
        !take(text, ":") || text.back() != ':') {
        return malformed(header, form);
    }
    text.remove_suffix(1);
    auto bytes = base64_decode(text);
    if (!bytes || bytes->size() != 32) return malformed(header, form);
    return bytes;
}

std::string content_digest(ByteView body) {
    return std::string(kDigestLabel) + ":" + base64_encode(sha256(body).bytes) + ":";
}

/// The signature base (RFC 9421 section 2.5).
std::string signature_base(std::string_view method, std::string_view path,
                           std::string_view digest_header, std::string_view parameters) {
    std::string base;
    base.append("\"@method\": ").append(method).append("\n");
    base.append("\"@path\": ").append(path).append("\n");
    base.append("\"content-digest\": ").append(digest_header).append("\n");
    base.append("\"@signature-params\": ").append(parameters);
    return base;
}

}  // namespace

SignedHeaders sign_message(const Message& message, std::string_view key_id, ByteView mac_key,
                           std::chrono::sys_seconds created) {
    FIREBREAK_CHECK(is_method(message.method) && is_path(message.path) && is_key_id(key_id));
    FIREBREAK_CHECK(mac_key.size() >= kMacKeyBytesMin);
    const auto seconds = created.time_since_epoch().count();
    FIREBREAK_CHECK(seconds >= 0 && seconds < 1'000'000'000'000);

    std::string parameters(kComponents);
    parameters.append(kCreated).append(std::to_string(seconds));
    parameters.append(kKeyId).append(key_id).append(kAlgorithm);
    SignedHeaders headers;
    headers.content_digest = content_digest(message.body);
    headers.signature_input = std::string(kLabel) + parameters;
    const std::string base =
        signature_base(message.method, message.path, headers.content_digest, parameters);
    headers.signature =
        std::string(kLabel) + ":" + base64_encode(hmac_sha256(mac_key, bytes_of(base)).bytes) + ":";
    return headers;
}

Result<std::string> claimed_key_id(std::string_view signature_input) {
    const auto input = parse_signature_input(signature_input);
    if (!input) return fail(input.error());
    return std::string(input->key_id);
}

Result<void> verify_message(const Message& message, const SignedHeaders& headers,
                            ByteView mac_key) {
    if (!is_method(message.method)) return malformed("method", "upper-case letters");
    if (!is_path(message.path))
        return malformed("path", "printable ASCII from '/', without a query");
    const auto input = parse_signature_input(headers.signature_input);
    if (!input) return fail(input.error());
    const auto digest = parse_digest("Content-Digest", headers.content_digest, kDigestLabel);
    if (!digest) return fail(digest.error());
    const auto mac = parse_digest("Signature", headers.signature, kLabel);
    if (!mac) return fail(mac.error());

    // An empty key would make a MAC that everybody can compute.
    if (mac_key.size() < kMacKeyBytesMin) return fail(Errc::kDenied, "no MAC key for this device");
    const std::string base =
        signature_base(message.method, message.path, headers.content_digest, input->parameters);
    if (!equal_in_constant_time(hmac_sha256(mac_key, bytes_of(base)).bytes, *mac)) {
        return fail(Errc::kDenied, "Signature: not made by this device over this message");
    }
    if (!equal_in_constant_time(sha256(message.body).bytes, *digest)) {
        return fail(Errc::kDenied, "Content-Digest: not the digest of this body");
    }
    return {};
}

Bytes derive_mac_key(ByteView server_secret, std::string_view device_id) {
    FIREBREAK_CHECK(server_secret.size() >= kMacKeyBytesMin);
    constexpr std::string_view kPurpose = "firebreak-device-mac-v1";
    Bytes message = to_bytes(kPurpose);
    message.push_back(0);
    const ByteView id = bytes_of(device_id);
    message.insert(message.end(), id.begin(), id.end());
    return copy_of(hmac_sha256(server_secret, message).bytes);
}

}  // namespace firebreak::health
