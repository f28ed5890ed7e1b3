#include "cli/drill_devices.hpp"

#include <boost/json/serialize.hpp>

#include "core/base/encoding.hpp"
#include "core/base/errc.hpp"
#include "core/content/manifest.hpp"
#include "core/health/enrolment.hpp"
#include "core/health/message_signature.hpp"
#include "core/signing/key_file.hpp"

namespace firebreak::cli {
namespace {

constexpr std::uint64_t kStateBytesMax = 1U << 20U;
constexpr std::uint64_t kAnswerBytesMax = 65'536;
constexpr std::size_t kSeedBytes = 32;
/// Taken for each drill, before its first report: what a killed drill has used is not used again.
constexpr std::int64_t kSequencesOfADrill = 1'000'000;
constexpr std::int64_t kSequenceMax = std::int64_t{1} << 53U;

net::Request post(const std::string& path, std::string body) {
    return {.method = "POST",
            .target = path,
            .headers = {{"Content-Type", "application/json"}},
            .body = std::move(body)};
}

/// The answer's object, or the server's "no" in one line of printable ASCII.
Result<json::value> accepted(const Result<net::Response>& response, const std::string& doing) {
    if (!response) return fail(response.error());
    Result<json::value> body =
        parse_json(response->body, {.bytes_max = kAnswerBytesMax, .depth_max = 16});
    if (response->status >= 200 && response->status <= 299) {
        if (!body) return fail(body.error().seen_from(doing));
        return body;
    }
    std::string line = doing + ": answered " + std::to_string(response->status);
    if (body && body->is_object()) {
        const json::value* detail = body->as_object().if_contains("detail");
        if (detail != nullptr && detail->is_string()) {
            line += ": " + std::string(detail->as_string()).substr(0, 500);
        }
    }
    for (char& c : line) {
        if (c < ' ' || c > '~') c = '?';
    }
    return fail(Errc::kRefused, std::move(line));
}

Bytes public_key_of(const signing::Ed25519Signer& signer) {
    return *hex_decode(signer.key().to_json().at("keyval").at("public").as_string());
}

/// What the server's docs/api.md asks of a new device.
Result<std::string> enrolment_body(const SecretBytes& seed, const std::string& token,
                                   const Sha256& build) {
    const signing::Ed25519Signer signer = signing::Ed25519Signer::from_seed(seed);
    const Bytes public_key = public_key_of(signer);
    Bytes message = health::enrolment_message(token, public_key);
    const Result<Bytes> signature = signer.sign(message);
    wipe(message);
    if (!signature) return fail(signature.error());
    return json::serialize(json::object{{"token", token},
                                        {"public_key", hex_encode(public_key)},
                                        {"signature", hex_encode(*signature)},
                                        {"engine_build", build.hex()},
                                        {"attributes", {{"host", "drill"}}}});
}

Result<DrillDevice> parse_device(const json::value& value, const std::string& path) {
    const Result<JsonObject> object = JsonObject::of(value, path);
    if (!object) return fail(object.error());
    const auto seed_text = object->string("seed");
    if (!seed_text) return fail(seed_text.error());
    Result<Bytes> seed = hex_decode(*seed_text);
    if (!seed || seed->size() != kSeedBytes) {
        return fail(firebreak::Errc::kInvalid, object->path_to("seed") + ": is no seed");
    }
    const auto id = object->string("device");
    if (!id) return fail(id.error());
    const auto mac_text = object->string("mac_key");
    if (!mac_text) return fail(mac_text.error());
    Result<Bytes> mac_key = base64_decode(*mac_text);
    const bool enrolled = !id->empty();
    if (!mac_key || (enrolled && mac_key->size() < health::kMacKeyBytesMin)) {
        return fail(firebreak::Errc::kInvalid, object->path_to("mac_key") + ": is no key");
    }
    return DrillDevice{
        .seed = SecretBytes::take(*seed), .id = *id, .mac_key = SecretBytes::take(*mac_key)};
}

}  // namespace

Result<DrillPlace> parse_drill_place(const json::value& answer) {
    const Result<JsonObject> object = JsonObject::of(answer, "drill");
    if (!object) return fail(object.error());
    DrillPlace place;
    for (const auto& [name, into] :
         {std::pair("stream", &place.stream), std::pair("tenant", &place.tenant),
          std::pair("ring", &place.ring)}) {
        Result<std::string> text = object->string(name);
        if (!text) return fail(text.error());
        *into = std::move(*text);
    }
    if (!content::valid_stream_name(place.stream)) {
        return fail(firebreak::Errc::kInvalid, "drill.stream: is no name of a stream");
    }
    if (const Result<JsonObject> last = object->object("last")) {
        const auto counter = last->integer("counter", 1, kSequenceMax);
        if (!counter) return fail(counter.error());
        place.newest = *counter;
    }
    return place;
}

Result<void> DrillDevices::load() {
    const Result<Bytes> bytes = context_.files.read(file_, kStateBytesMax);
    if (!bytes && bytes.error() == firebreak::Errc::kNotFound) return {};
    if (!bytes) return fail(bytes.error());
    const Result<json::value> value = parse_json(text_of(*bytes));
    if (!value) return fail(value.error().seen_from(file_.string()));
    const Result<JsonObject> object = JsonObject::of(*value, file_.string());
    if (!object) return fail(object.error());
    const Result<const json::array*> list = object->array("devices");
    if (!list) return fail(list.error());
    if ((*list)->size() > kDrillDevicesMax) {
        return fail(firebreak::Errc::kTooLarge, file_.string() + ": too many devices");
    }
    for (const json::value& each : **list) {
        Result<DrillDevice> device = parse_device(each, file_.string() + ": a device");
        if (!device) return fail(device.error());
        devices_.push_back(std::move(*device));
    }
    const auto sequence = object->integer("sequence", 0, kSequenceMax);
    if (!sequence) return fail(sequence.error());
    used_ = *sequence;
    return {};
}

Result<void> DrillDevices::save() {
    json::array list;
    for (const DrillDevice& device : devices_) {
        list.push_back(json::object{{"seed", hex_encode(device.seed.view())},
                                    {"device", device.id},
                                    {"mac_key", base64_encode(device.mac_key.view())}});
    }
    const json::object all{{"devices", std::move(list)}, {"sequence", used_ + kSequencesOfADrill}};
    Bytes text = to_bytes(json::serialize(all) + "\n");
    Result<void> written = context_.files.write(file_, text, FileMode::kPrivate);
    wipe(text);
    return written;
}

Result<void> DrillDevices::muster(const DrillPlace& place, int count, const std::string& token_file,
                                  const Sha256& build) {
    const auto made = context_.files.make_folder(file_.parent_path(), FileMode::kPrivate);
    if (!made) return made;
    if (const Result<void> loaded = load(); !loaded) return loaded;
    while (devices_.size() < static_cast<std::size_t>(count)) {
        Bytes seed = context_.random.bytes(kSeedBytes);
        devices_.push_back({.seed = SecretBytes::take(seed), .id = {}, .mac_key = SecretBytes(0)});
    }
    for (DrillDevice& device : devices_) device.sequence = used_;
    if (const Result<void> saved = save(); !saved) return saved;

    std::string token;
    for (DrillDevice& device : devices_) {
        if (!device.id.empty()) continue;
        if (token.empty()) {
            if (token_file.empty()) {
                return fail(Errc::kBadInput,
                            "new devices need --enrol-token-file: firebreak fleet enrol-token "
                            "--tenant " +
                                place.tenant + " --ring " + place.ring + " --uses " +
                                std::to_string(count));
            }
            const Result<SecretBytes> text =
                signing::read_passphrase_file(context_.files, token_file);
            if (!text) return fail(text.error());
            token = std::string(text_of(text->view()));
        }
        if (const Result<void> done = enrol(device, place, token, build); !done) return done;
    }
    return {};
}

Result<void> DrillDevices::enrol(DrillDevice& device, const DrillPlace& place,
                                 const std::string& token, const Sha256& build) {
    Result<std::string> body = enrolment_body(device.seed, token, build);
    if (!body) return fail(body.error());
    const Result<json::value> answer =
        accepted(exchange_(post("/v1/enrol", std::move(*body)), kAnswerBytesMax), "enrol");
    if (!answer) return fail(answer.error());
    const Result<JsonObject> object = JsonObject::of(*answer, "enrol");
    if (!object) return fail(object.error());
    const auto id = object->string("device");
    const auto mac_text = object->string("mac_key");
    const std::string tenant = object->string("tenant").value_or("");
    const std::string ring = object->string("ring").value_or("");
    if (!id) return fail(id.error());
    if (!mac_text) return fail(mac_text.error());
    if (tenant != place.tenant || ring != place.ring) {
        // Its key is another device's now, and would stay that under the right token.
        Bytes seed = context_.random.bytes(kSeedBytes);
        device.seed = SecretBytes::take(seed);
        if (const Result<void> saved = save(); !saved) return saved;
        return fail(Errc::kBadInput, "the enrolment token is not for drills, which are of tenant " +
                                         place.tenant + " and ring " + place.ring +
                                         ": revoke what came by it, firebreak fleet revoke " + *id);
    }
    Result<Bytes> mac_key = base64_decode(*mac_text);
    if (!mac_key || mac_key->size() < health::kMacKeyBytesMin) {
        return fail(firebreak::Errc::kInvalid, "enrol: mac_key: is no key");
    }
    device.id = *id;
    device.mac_key = SecretBytes::take(*mac_key);
    return save();
}

Result<bool> DrillDevices::say(DrillDevice& device, health::Kind kind, const DrillPlace& place,
                               std::int64_t counter, const Sha256& build) {
    const Instant now = context_.clock.now();
    const health::Report report{.device = device.id,
                                .sequence = ++device.sequence,
                                .kind = kind,
                                .stream = place.stream,
                                .counter = counter,
                                .to_counter = 0,
                                .engine_build = build,
                                .time = now,
                                .detail = kind == health::Kind::kCrash ? "a drill" : ""};
    net::Request request = post("/v1/reports", health::serialize_report(report));
    const health::SignedHeaders headers =
        health::sign_message({request.method, request.target, bytes_of(request.body)}, device.id,
                             device.mac_key.view(), std::chrono::floor<std::chrono::seconds>(now));
    request.headers["Content-Digest"] = headers.content_digest;
    request.headers["Signature-Input"] = headers.signature_input;
    request.headers["Signature"] = headers.signature;
    const Result<json::value> answer =
        accepted(exchange_(std::move(request), kAnswerBytesMax), "report of device " + device.id);
    if (!answer) return fail(answer.error());
    const Result<JsonObject> object = JsonObject::of(*answer, "answer");
    if (!object) return fail(object.error());
    return object->boolean("may_activate");
}

}  // namespace firebreak::cli
