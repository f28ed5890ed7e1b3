#include "validator/report/waivers.hpp"

#include <algorithm>
#include <array>
#include <boost/json/serialize.hpp>

#include "core/base/errc.hpp"
#include "core/base/json.hpp"
#include "core/base/utc.hpp"
#include "core/content/schema.hpp"
#include "core/signing/dsse.hpp"

namespace firebreak::validator {
namespace {

constexpr std::string_view kFormat = "firebreak-waivers/1";

/// docs/formats/waivers.md says why these and no others.
constexpr std::array<std::string_view, 10> kWaivable{"FB401", "FB405", "FB412", "FB414", "FB415",
                                                     "FB701", "FB901", "FB902", "FB903", "FB905"};

json::object to_object(const Waiver& waiver) {
    return {{"finding", waiver.finding},
            {"stream", waiver.stream},
            {"rule", waiver.rule},
            {"file", waiver.file},
            {"fingerprint", waiver.fingerprint},
            {"reason", waiver.reason},
            {"who", waiver.who},
            {"expires", format_utc(waiver.expires)}};
}

Result<Waiver> read_waiver(const json::value& value, const std::string& path) {
    const Result<JsonObject> object = JsonObject::of(value, path);
    if (!object) return fail(object.error());
    Waiver waiver;
    std::string expires;
    struct Member {
        std::string_view name;
        std::string* into;
    };
    for (const Member& member :
         {Member{"finding", &waiver.finding}, Member{"stream", &waiver.stream},
          Member{"rule", &waiver.rule}, Member{"file", &waiver.file},
          Member{"fingerprint", &waiver.fingerprint}, Member{"reason", &waiver.reason},
          Member{"who", &waiver.who}, Member{"expires", &expires}}) {
        Result<std::string> text = object->string(member.name);
        if (!text) return fail(text.error());
        *member.into = *std::move(text);
    }
    const Result<std::chrono::sys_seconds> time = parse_utc(expires);
    if (!time) return fail(time.error().seen_from(object->path_to("expires")));
    waiver.expires = *time;
    return waiver;
}

bool blank(std::string_view text) {
    return text.find_first_not_of(" \t") == std::string_view::npos;
}

/// What is wrong with it; empty: nothing.
std::string fault_of(const Waiver& waiver, std::chrono::sys_seconds now) {
    const auto rules = finding_rules();
    const auto rule = std::ranges::find(rules, waiver.finding, &FindingRule::id);
    if (rule == rules.end()) return "there is no finding " + waiver.finding;
    if (rule->level == Level::kWarning) {
        return waiver.finding + " is a warning: there is nothing to waive";
    }
    if (!waivable(waiver.finding)) return waiver.finding + " can never be waived";
    if (waiver.stream.empty()) return "names no stream";
    if (waiver.rule.empty() && waiver.file.empty() && waiver.fingerprint.empty()) {
        return "names no rule, file or fingerprint: it would take in every " + waiver.finding;
    }
    if (blank(waiver.reason)) return "gives no reason";
    if (blank(waiver.who)) return "does not say who decided it";
    if (waiver.expires <= now) return "expired on " + format_utc(waiver.expires);
    if (waiver.expires > now + kWaiverDaysMax) {
        return "expires on " + format_utc(waiver.expires) + ", more than " +
               std::to_string(kWaiverDaysMax.count()) + " days from now";
    }
    return {};
}

}  // namespace

bool waivable(std::string_view finding_id) {
    return std::ranges::find(kWaivable, finding_id) != kWaivable.end();
}

bool covers(const Waiver& waiver, const Finding& finding, std::string_view stream) {
    return waiver.finding == finding.id && waiver.stream == stream &&
           (waiver.rule.empty() || waiver.rule == finding.place.rule) &&
           (waiver.file.empty() || waiver.file == finding.place.file) &&
           (waiver.fingerprint.empty() || waiver.fingerprint == fingerprint(finding));
}

Result<void> check_waivers(const std::vector<Waiver>& waivers, std::chrono::sys_seconds now) {
    if (waivers.size() > kWaiversMax) {
        return fail(Errc::kTooLarge, "more than " + std::to_string(kWaiversMax) + " waivers");
    }
    for (std::size_t index = 0; index < waivers.size(); ++index) {
        const std::string fault = fault_of(waivers[index], now);
        if (fault.empty()) continue;
        return fail(Errc::kInvalid, "waiver " + std::to_string(index + 1) + " " + fault);
    }
    return {};
}

Result<Bytes> sign_waivers(const std::vector<Waiver>& waivers, const signing::Signer& signer) {
    json::array list;
    for (const Waiver& waiver : waivers) list.push_back(to_object(waiver));
    const std::string text =
        json::serialize(json::object{{"format", kFormat}, {"waivers", std::move(list)}});
    return signing::sign_dsse(kWaiversPayloadType, bytes_of(text), {&signer});
}

Result<std::vector<Waiver>> open_waivers(ByteView envelope, const trust::Key& key) {
    const Result<signing::DsseEnvelope> parsed = signing::parse_dsse(envelope);
    if (!parsed) return fail(parsed.error());
    const Result<Bytes> payload = signing::verify_dsse(*parsed, {key}, 1);
    if (!payload) return fail(payload.error());
    if (parsed->payload_type != kWaiversPayloadType) {
        return fail(Errc::kMalformed, "payloadType: not " + std::string(kWaiversPayloadType));
    }
    const Result<content::Document> document =
        content::read_json("waivers", text_of(*payload), {.bytes_max = kWaiverFileBytesMax});
    if (!document) return fail(document.error());
    const Result<void> in_form = content::require_schema("waivers.v1", *document);
    if (!in_form) return fail(in_form.error());
    std::vector<Waiver> waivers;
    const json::array& list = document->value.at("waivers").as_array();
    for (std::size_t index = 0; index < list.size(); ++index) {
        Result<Waiver> waiver = read_waiver(list[index], "waivers[" + std::to_string(index) + "]");
        if (!waiver) return fail(waiver.error());
        waivers.push_back(*std::move(waiver));
    }
    return waivers;
}

}  // namespace firebreak::validator
