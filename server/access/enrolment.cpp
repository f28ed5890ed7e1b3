#include "server/access/enrolment.hpp"

#include <algorithm>
#include <boost/json/value_from.hpp>

#include "core/base/encoding.hpp"
#include "core/base/errc.hpp"
#include "core/base/secret.hpp"
#include "core/health/enrolment.hpp"
#include "core/trust/key.hpp"

namespace firebreak::server {
namespace {

constexpr std::size_t kPublicKeyBytes = 32;
constexpr std::size_t kSignatureBytes = 64;
constexpr std::size_t kAttributesMax = 16;
constexpr std::size_t kAttributeBytesMax = 256;
constexpr std::size_t kDeviceIdDigits = 32;

Result<Bytes> hex_member(const JsonObject& body, std::string_view name, std::size_t size) {
    const Result<std::string> text = body.string(name);
    if (!text) return fail(text.error());
    Result<Bytes> bytes = hex_decode(*text);
    if (!bytes || bytes->size() != size) {
        return fail(Errc::kInvalid, body.path_to(name) + ": must be " + std::to_string(2 * size) +
                                        " hexadecimal digits");
    }
    return bytes;
}

Result<json::object> attributes_member(const JsonObject& body) {
    const Result<JsonObject> attributes = body.object("attributes");
    if (!attributes) return fail(attributes.error());
    if (attributes->raw().size() > kAttributesMax) {
        return fail(Errc::kInvalid, attributes->path() + ": has more than " +
                                        std::to_string(kAttributesMax) + " members");
    }
    for (const auto& [name, value] : attributes->raw()) {
        const json::string* text = value.if_string();
        if (name.size() > kAttributeBytesMax || text == nullptr ||
            text->size() > kAttributeBytesMax) {
            return fail(Errc::kInvalid, attributes->path() + ": must hold strings of at most " +
                                            std::to_string(kAttributeBytesMax) + " bytes");
        }
    }
    return attributes->raw();
}

tl::unexpected<Error> denied() {
    return fail(Errc::kDenied, "enrolment token");
}

/// The row that `text` proves to know the secret of. It may be spent or expired.
Result<EnrolmentToken> find_token(Store& store, const std::string& text) {
    const std::optional<TokenText> token = parse_token(kEnrolmentTokenPrefix, text);
    if (!token) return denied();
    Result<std::optional<EnrolmentToken>> row = store.enrolment_token(token->id);
    if (!row) return fail(row.error());
    if (!*row) return denied();
    const Sha256 hash = sha256(bytes_of(token->secret));
    if (!equal_in_constant_time(hash.bytes, (*row)->secret_hash.bytes)) return denied();
    return std::move(**row);
}

/// The ring of a device that comes by `token`.
Result<Placed> ring_for(const EnrolmentToken& token, const PlacementGround& ground,
                        const std::string& device) {
    if (token.ring) return Placed{*token.ring, {PlacedBy::kToken, ""}};
    return place(ground.rules, ground.rings, {device, token.tenant, token.tags});
}

Result<void> add(Store& store, const EnrolmentToken& token, const Device& device) {
    return store.transact([&](StoreWriter& writer) -> Result<void> {
        const Result<bool> spent = writer.spend_enrolment_token(token.id);
        if (!spent) return fail(spent.error());
        if (!*spent) return denied();
        if (const Result<void> added = writer.add_device(device); !added) return added;
        const auto entry =
            writer.append({"device.enrolled",
                           "device:" + device.id,
                           json::object{{"device", device.id},
                                        {"tenant", device.tenant},
                                        {"ring", device.ring},
                                        {"placed_by", name_of(device.placement.by)},
                                        {"placed_name", device.placement.name},
                                        {"tags", json::value_from(device.tags)},
                                        {"public_key", hex_encode(device.public_key)},
                                        {"token", token.id}},
                           device.enrolled,
                           {}});
        if (!entry) return fail(entry.error());
        return {};
    });
}

}  // namespace

Result<EnrolmentRequest> parse_enrolment(const json::value& value) {
    const Result<JsonObject> body = JsonObject::of(value, "body");
    if (!body) return fail(body.error());
    EnrolmentRequest request;
    Result<std::string> token = body->string("token");
    if (!token) return fail(token.error());
    request.token_text = std::move(*token);
    Result<Bytes> key = hex_member(*body, "public_key", kPublicKeyBytes);
    if (!key) return fail(key.error());
    request.public_key = std::move(*key);
    Result<Bytes> signature = hex_member(*body, "signature", kSignatureBytes);
    if (!signature) return fail(signature.error());
    request.signature = std::move(*signature);
    const Result<Bytes> build =
        hex_member(*body, "engine_build", request.engine_build.bytes.size());
    if (!build) return fail(build.error());
    std::ranges::copy(*build, request.engine_build.bytes.begin());
    Result<json::object> attributes = attributes_member(*body);
    if (!attributes) return fail(attributes.error());
    request.attributes = std::move(*attributes);
    return request;
}

bool proves_key(const EnrolmentRequest& request) {
    Bytes message = health::enrolment_message(request.token_text, request.public_key);
    const bool proven =
        trust::Key::ed25519(request.public_key).verifies(message, request.signature);
    wipe(message);
    return proven;
}

std::string device_id_of(ByteView public_key) {
    return "d-" + sha256(public_key).hex().substr(0, kDeviceIdDigits);
}

Result<Device> enrol(Store& store, const PlacementGround& ground, const EnrolmentRequest& request,
                     Instant now) {
    const Result<EnrolmentToken> token = find_token(store, request.token_text);
    if (!token) return fail(token.error());
    const std::string id = device_id_of(request.public_key);
    Result<std::optional<Device>> known = store.device(id);
    if (!known) return fail(known.error());
    const bool usable = token->uses_left > 0 && token->expires > now;
    if (*known) {
        const bool same_token = (*known)->enrolment_token == token->id;
        if ((*known)->revoked || !(usable || same_token)) return denied();
        return std::move(**known);
    }
    if (!usable) return denied();
    Result<Placed> placed = ring_for(*token, ground, id);
    if (!placed) return fail(placed.error());

    Device device;
    device.id = id;
    device.tenant = token->tenant;
    device.ring = std::move(placed->ring);
    device.placement = std::move(placed->placement);
    device.tags = token->tags;
    device.public_key = request.public_key;
    device.enrolment_token = token->id;
    device.engine_build = request.engine_build;
    device.attributes = request.attributes;
    device.enrolled = now;
    device.last_seen = now;
    if (const Result<void> added = add(store, *token, device); !added) return fail(added.error());
    return device;
}

}  // namespace firebreak::server
