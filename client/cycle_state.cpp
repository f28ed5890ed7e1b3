#include "client/cycle_state.hpp"

#include <array>
#include <limits>

#include "core/base/errc.hpp"

namespace firebreak::client {
namespace {

constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t kConfirmSecondsMax = 7 * 86'400;
constexpr std::size_t kReasonBytesMax = 500;

constexpr std::array<std::pair<Phase, std::string_view>, 9> kPhases{{
    {Phase::kResting, "resting"},
    {Phase::kRefreshing, "refreshing"},
    {Phase::kDownloading, "downloading"},
    {Phase::kTrying, "trying"},
    {Phase::kAnnouncing, "announcing"},
    {Phase::kActivating, "activating"},
    {Phase::kConfirming, "confirming"},
    {Phase::kReporting, "reporting"},
    {Phase::kRollingBack, "rolling-back"},
}};

json::object content_to_json(const ContentRef& content) {
    return {{"counter", content.counter}, {"sha256", content.sha256.hex()}};
}

json::value placed_to_json(const std::optional<Placed>& placed) {
    if (!placed) return nullptr;
    json::object object = content_to_json(placed->content);
    object["slot"] = name_of(placed->slot);
    return object;
}

Result<ContentRef> parse_content(const JsonObject& object) {
    const Result<std::int64_t> counter = object.integer("counter", 1, kMost);
    if (!counter) return fail(counter.error());
    const Result<std::string> hex = object.string("sha256");
    if (!hex) return fail(hex.error());
    const Result<Sha256> sha256 = Sha256::from_hex(*hex);
    if (!sha256) return fail(sha256.error().seen_from(object.path_to("sha256")));
    return ContentRef{.counter = *counter, .sha256 = *sha256};
}

Result<std::optional<Placed>> parse_placed(const JsonObject& parent, std::string_view name) {
    const json::value* value = parent.find(name);
    if (value == nullptr) return fail(Errc::kMalformed, parent.path_to(name) + ": missing");
    if (value->is_null()) return std::optional<Placed>{};
    const Result<JsonObject> object = JsonObject::of(*value, parent.path_to(name));
    if (!object) return fail(object.error());
    const Result<ContentRef> content = parse_content(*object);
    if (!content) return fail(content.error());
    const Result<std::string> slot = object->string("slot");
    if (!slot) return fail(slot.error());
    for (const SlotName known : {SlotName::kA, SlotName::kB}) {
        if (*slot == name_of(known)) return Placed{.content = *content, .slot = known};
    }
    return fail(Errc::kMalformed, object->path_to("slot") + ": must be \"a\" or \"b\"");
}

Result<Phase> parse_phase(const JsonObject& object) {
    const Result<std::string> text = object.string("phase");
    if (!text) return fail(text.error());
    for (const auto& [phase, name] : kPhases) {
        if (*text == name) return phase;
    }
    return fail(Errc::kMalformed, object.path_to("phase") + ": unknown phase");
}

Result<std::vector<Quarantined>> parse_quarantined(const JsonObject& parent) {
    const Result<const json::array*> array = parent.array("quarantined");
    if (!array) return fail(array.error());
    if ((*array)->size() > kQuarantinedMax) {
        return fail(Errc::kMalformed, parent.path_to("quarantined") + ": too many");
    }
    std::vector<Quarantined> result;
    for (const json::value& value : **array) {
        const Result<JsonObject> object = JsonObject::of(value, parent.path_to("quarantined[]"));
        if (!object) return fail(object.error());
        const Result<ContentRef> content = parse_content(*object);
        if (!content) return fail(content.error());
        Result<std::string> reason = object->string("reason");
        if (!reason) return fail(reason.error());
        if (reason->size() > kReasonBytesMax) reason->resize(kReasonBytesMax);
        result.push_back({.content = *content, .reason = std::move(*reason)});
    }
    return result;
}

struct PlacedMember {
    const char* name;
    std::optional<Placed> CycleState::*member;
};
constexpr std::array<PlacedMember, 4> kPlacedMembers{{
    {"active", &CycleState::active},
    {"last_known_good", &CycleState::last_known_good},
    {"previous_good", &CycleState::previous_good},
    {"candidate", &CycleState::candidate},
}};

struct CountMember {
    const char* name;
    std::int64_t CycleState::*member;
};
constexpr std::array<CountMember, 3> kCountMembers{{
    {"starts", &CycleState::starts},
    {"announced", &CycleState::announced},
    {"healed", &CycleState::healed},
}};

struct ClaimMember {
    const char* name;
    bool CycleState::*member;
};
constexpr std::array<ClaimMember, 2> kClaimMembers{{
    {"active_confirmed", &CycleState::active_confirmed},
    {"candidate_tried", &CycleState::candidate_tried},
}};

/// One slot holds one bundle, and what is last known good has been confirmed.
Result<void> check_consistent(const CycleState& state) {
    for (const PlacedMember& one : kPlacedMembers) {
        for (const PlacedMember& two : kPlacedMembers) {
            const std::optional<Placed>& left = state.*one.member;
            const std::optional<Placed>& right = state.*two.member;
            if (left && right && left->slot == right->slot && left->content != right->content) {
                return fail(Errc::kMalformed,
                            std::string(one.name) + " and " + two.name + " share a slot");
            }
        }
    }
    if (state.active_confirmed && !state.active) {
        return fail(Errc::kMalformed, "active_confirmed: nothing is active");
    }
    return {};
}

}  // namespace

std::int64_t counter_of(const std::optional<Placed>& placed) {
    return placed ? placed->content.counter : 0;
}

std::string printable(std::string text) {
    if (text.size() > kReasonBytesMax) text.resize(kReasonBytesMax);
    for (char& c : text) {
        if (c < ' ' || c > '~') c = '?';
    }
    return text;
}

std::string_view name_of(SlotName slot) {
    return slot == SlotName::kA ? "a" : "b";
}

std::string_view name_of(Phase phase) {
    for (const auto& [known, name] : kPhases) {
        if (known == phase) return name;
    }
    return "unknown";
}

json::object to_json(const CycleState& state) {
    json::object object{{"phase", name_of(state.phase)},
                        {"confirm_wait_seconds", state.confirm_wait.count()}};
    for (const PlacedMember& one : kPlacedMembers) {
        object[one.name] = placed_to_json(state.*one.member);
    }
    for (const CountMember& one : kCountMembers) object[one.name] = state.*one.member;
    for (const ClaimMember& one : kClaimMembers) object[one.name] = state.*one.member;
    json::array quarantined;
    for (const Quarantined& one : state.quarantined) {
        json::object entry = content_to_json(one.content);
        entry["reason"] = one.reason;
        quarantined.push_back(std::move(entry));
    }
    object["quarantined"] = std::move(quarantined);
    return object;
}

Result<CycleState> parse_cycle_state(const json::value& value) {
    const Result<JsonObject> object = JsonObject::of(value, "cycle");
    if (!object) return fail(object.error());

    CycleState state;
    const Result<Phase> phase = parse_phase(*object);
    if (!phase) return fail(phase.error());
    state.phase = *phase;
    for (const PlacedMember& one : kPlacedMembers) {
        const Result<std::optional<Placed>> placed = parse_placed(*object, one.name);
        if (!placed) return fail(placed.error());
        state.*one.member = *placed;
    }
    for (const CountMember& one : kCountMembers) {
        const Result<std::int64_t> count = object->integer(one.name, 0, kMost);
        if (!count) return fail(count.error());
        state.*one.member = *count;
    }
    for (const ClaimMember& one : kClaimMembers) {
        const Result<bool> claim = object->boolean(one.name);
        if (!claim) return fail(claim.error());
        state.*one.member = *claim;
    }
    const Result<std::int64_t> wait =
        object->integer("confirm_wait_seconds", 0, kConfirmSecondsMax);
    if (!wait) return fail(wait.error());
    state.confirm_wait = std::chrono::seconds{*wait};
    Result<std::vector<Quarantined>> quarantined = parse_quarantined(*object);
    if (!quarantined) return fail(quarantined.error());
    state.quarantined = std::move(*quarantined);

    if (const Result<void> consistent = check_consistent(state); !consistent) {
        return fail(consistent.error().seen_from("cycle"));
    }
    return state;
}

}  // namespace firebreak::client
