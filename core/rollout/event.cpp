#include "core/rollout/event.hpp"

#include <array>
#include <limits>

#include "core/base/check.hpp"
#include "core/base/errc.hpp"
#include "core/base/utc.hpp"
#include "core/rollout/detail/strict_object.hpp"
#include "core/rollout/plan.hpp"

namespace firebreak::rollout {
namespace {

constexpr std::size_t kIdBytesMax = 256;
constexpr std::size_t kReasonBytesMax = 4096;
constexpr std::size_t kFleetRingsMax = 1024;
constexpr std::int64_t kCountMax = 1'000'000'000'000;

/// In the order of EventBody's alternatives.
constexpr std::array<std::string_view, std::variant_size_v<EventBody>> kTypes{
    "activated",        "confirmed",    "crashed",       "rolled-back", "refused",
    "control-seen",     "fleet-seen",   "started",       "ring-opened", "ring-skipped",
    "widened",          "held",         "resumed",       "halted",      "completed",
    "superseded",       "losses-seen",  "freeze-seen",   "approved",    "override-asked",
    "override-granted", "resume-asked", "resume-granted"};

// A body's members are listed once, in describe(); Writer and Reader walk the list.

template <class Walker>
void describe(Walker& walk, Activated& body) {
    walk.text("device", body.device, kIdBytesMax);
    walk.text("tenant", body.tenant, kIdBytesMax);
    walk.text("ring", body.ring, kIdBytesMax);
    walk.texts("segments", body.segments, kSegmentAxesMax, kIdBytesMax);
}
template <class Walker>
void describe(Walker& walk, Confirmed& body) {
    walk.text("device", body.device, kIdBytesMax);
}
template <class Walker>
void describe(Walker& walk, Crashed& body) {
    walk.text("device", body.device, kIdBytesMax);
}
template <class Walker>
void describe(Walker& walk, RolledBack& body) {
    walk.text("device", body.device, kIdBytesMax);
}
template <class Walker>
void describe(Walker& walk, Refused& body) {
    walk.text("device", body.device, kIdBytesMax);
}
template <class Walker>
void describe(Walker& walk, ControlSeen& body) {
    walk.integer("devices", body.devices, 0, kCountMax);
    walk.integer("silent", body.silent, 0, kCountMax);
    walk.integer("crashed", body.crashed, 0, kCountMax);
}
template <class Walker>
void describe(Walker& walk, FleetSeen& body) {
    walk.counts("active_by_ring", body.active_by_ring);
}
template <class Walker>
void describe(Walker&, Started&) {}
template <class Walker>
void describe(Walker& walk, RingOpened& body) {
    walk.text("ring", body.ring, kIdBytesMax);
}
template <class Walker>
void describe(Walker& walk, RingSkipped& body) {
    walk.text("ring", body.ring, kIdBytesMax);
}
template <class Walker>
void describe(Walker& walk, Widened& body) {
    walk.text("ring", body.ring, kIdBytesMax);
    walk.integer("window", body.window, 0, kCountMax);
    walk.integer("threshold_ppb", body.threshold_ppb, 0, kCountMax);
}
template <class Walker>
void describe(Walker& walk, Held& body) {
    walk.text("reason", body.reason, kReasonBytesMax);
    walk.held_by("by", body.by);
}
template <class Walker>
void describe(Walker& walk, Resumed& body) {
    walk.text("actor", body.actor, kIdBytesMax);
    walk.text("reason", body.reason, kReasonBytesMax);
}
template <class Walker>
void describe(Walker& walk, Halted& body) {
    walk.text("reason", body.reason, kReasonBytesMax);
    walk.integer("log_e_micros", body.log_e_micros, std::numeric_limits<std::int64_t>::min(),
                 std::numeric_limits<std::int64_t>::max());
}
template <class Walker>
void describe(Walker&, Completed&) {}
template <class Walker>
void describe(Walker& walk, Superseded& body) {
    walk.integer("by_counter", body.by_counter, 0, std::numeric_limits<std::int64_t>::max());
}
template <class Walker>
void describe(Walker& walk, LossesSeen& body) {
    walk.counts("heard", body.heard);
    walk.counts("lost", body.lost);
    walk.counts("control_heard", body.control_heard);
    walk.counts("control_lost", body.control_lost);
    walk.counts("silent", body.silent);
    walk.integer("silent_tenants", body.silent_tenants, 0, kCountMax);
}

template <class Walker>
void describe(Walker& walk, FreezeSeen& body) {
    walk.text("name", body.name, kIdBytesMax);
    walk.time("from", body.from);
    walk.time("until", body.until);
}
/// The three in which a person says something about a ring.
template <class Walker, class Said>
void describe_said(Walker& walk, Said& body) {
    walk.text("person", body.person, kIdBytesMax);
    walk.text("ring", body.ring, kIdBytesMax);
    walk.text("reason", body.reason, kReasonBytesMax);
}
template <class Walker>
void describe(Walker& walk, Approved& body) {
    describe_said(walk, body);
}
template <class Walker>
void describe(Walker& walk, OverrideAsked& body) {
    describe_said(walk, body);
}
template <class Walker>
void describe(Walker& walk, OverrideGranted& body) {
    describe_said(walk, body);
}
template <class Walker>
void describe(Walker& walk, ResumeAsked& body) {
    walk.text("person", body.person, kIdBytesMax);
    walk.text("reason", body.reason, kReasonBytesMax);
}
template <class Walker>
void describe(Walker& walk, ResumeGranted& body) {
    walk.text("person", body.person, kIdBytesMax);
    walk.text("asked_by", body.asked_by, kIdBytesMax);
    walk.text("reason", body.reason, kReasonBytesMax);
}

class Writer {
public:
    explicit Writer(json::object& object) : object_(object) {}

    void text(std::string_view name, const std::string& value, std::size_t) {
        object_[name] = value;
    }
    /// Left out when there are none.
    void texts(std::string_view name, const std::vector<std::string>& values, std::size_t,
               std::size_t) {
        if (!values.empty()) object_[name] = json::array(values.begin(), values.end());
    }
    void integer(std::string_view name, std::int64_t value, std::int64_t, std::int64_t) {
        object_[name] = value;
    }
    void time(std::string_view name, Instant value) { object_[name] = format_utc_millis(value); }
    void held_by(std::string_view name, HeldBy value) {
        if (value != HeldBy::kUnsaid) object_[name] = name_of(value);
    }
    void counts(std::string_view name, const std::map<std::string, std::int64_t>& values) {
        json::object counts;
        for (const auto& [key, value] : values) counts[key] = value;
        object_[name] = std::move(counts);
    }

private:
    json::object& object_;
};

class Reader {
public:
    explicit Reader(const JsonObject& object) : object_(object) {}

    void text(std::string_view name, std::string& into, std::size_t bytes_max) {
        ++members_;
        if (auto value = keep(object_.string(name))) {
            if (value->size() > bytes_max) {
                refuse(object_.path_to(name) + ": is longer than " + std::to_string(bytes_max));
            }
            into = std::move(*value);
        }
    }
    void texts(std::string_view name, std::vector<std::string>& into, std::size_t count_max,
               std::size_t bytes_max) {
        if (!object_.has(name)) return;
        ++members_;
        auto values = keep(object_.strings(name));
        if (!values) return;
        if (values->empty() || values->size() > count_max) {
            refuse(object_.path_to(name) + ": must be 1 to " + std::to_string(count_max) +
                   " texts");
        }
        for (const std::string& value : *values) {
            if (value.size() > bytes_max) {
                refuse(object_.path_to(name) + ": is longer than " + std::to_string(bytes_max));
            }
        }
        into = std::move(*values);
    }
    void integer(std::string_view name, std::int64_t& into, std::int64_t min, std::int64_t max) {
        ++members_;
        if (const auto value = keep(object_.integer(name, min, max))) into = *value;
    }
    void time(std::string_view name, Instant& into) {
        ++members_;
        const auto text = keep(object_.string(name));
        if (!text) return;
        if (const auto value = parse_utc_millis(*text)) {
            into = *value;
        } else {
            refuse(value.error().seen_from(object_.path_to(name)).context());
        }
    }
    void held_by(std::string_view name, HeldBy& into) {
        if (object_.find(name) == nullptr) return;  // In logs of before there is none.
        ++members_;
        const auto text = keep(object_.string(name));
        if (!text) return;
        for (const HeldBy by : {HeldBy::kController, HeldBy::kPerson}) {
            if (*text == name_of(by)) into = by;
        }
        if (into == HeldBy::kUnsaid) refuse(object_.path_to(name) + ": is nobody who holds");
    }
    void counts(std::string_view name, std::map<std::string, std::int64_t>& into) {
        ++members_;
        const auto counts = keep(object_.object(name));
        if (!counts) return;
        if (counts->raw().size() > kFleetRingsMax)
            refuse(object_.path_to(name) + ": too many rings");
        for (const auto& member : counts->raw()) {
            const std::string key(member.key());
            if (key.size() > kIdBytesMax) refuse(object_.path_to(name) + ": a name is too long");
            if (error_) return;
            if (const auto value = keep(counts->integer(key, 0, kCountMax))) into[key] = *value;
        }
    }

    /// @param common  Members that every event has.
    Result<void> result(std::size_t common) {
        if (!error_ && object_.raw().size() != members_ + common) {
            refuse(object_.path() + ": has members that this type of event does not");
        }
        if (error_) return fail(*error_);
        return {};
    }

private:
    template <class Value>
    Result<Value> keep(Result<Value> value) {
        if (!value && !error_) error_ = value.error();
        return value;
    }
    void refuse(std::string context) {
        if (!error_) error_ = Error(Errc::kMalformed, std::move(context));
    }

    const JsonObject& object_;
    std::size_t members_ = 0;
    std::optional<Error> error_;  ///< The first.
};

/// A body of alternative number `type`, empty.
template <std::size_t... I>
EventBody body_of(std::size_t type, std::index_sequence<I...>) {
    EventBody body;
    (void)((I == type ? (body.emplace<I>(), true) : false) || ...);
    return body;
}

std::optional<std::size_t> index_of(std::string_view type) {
    for (std::size_t i = 0; i < kTypes.size(); ++i) {
        if (kTypes.at(i) == type) return i;
    }
    return std::nullopt;
}

}  // namespace

std::string_view type_of(const EventBody& body) {
    return kTypes.at(body.index());
}

std::string_view name_of(HeldBy by) {
    switch (by) {
        case HeldBy::kUnsaid: return "";
        case HeldBy::kController: return "controller";
        case HeldBy::kPerson: return "person";
    }
    check_failed("who holds", __FILE__, __LINE__);
}

json::value to_json(const Event& event) {
    json::object object;
    object["type"] = type_of(event.body);
    object["time"] = format_utc_millis(event.time);
    Writer writer(object);
    EventBody body = event.body;  // describe() serves the reader too, which writes to it.
    std::visit([&writer](auto& alternative) { describe(writer, alternative); }, body);
    return object;
}

Result<Event> parse_event(const json::value& value) {
    const auto object = JsonObject::of(value, "event");
    if (!object) return fail(object.error());
    const auto type = object->string("type");
    if (!type) return fail(type.error());
    const auto index = index_of(*type);
    if (!index) return fail(Errc::kMalformed, object->path_to("type") + ": no such type of event");
    const auto time_text = object->string("time");
    if (!time_text) return fail(time_text.error());
    const auto time = parse_utc_millis(*time_text);
    if (!time) return fail(time.error().seen_from(object->path_to("time")));

    Event event{*time, body_of(*index, std::make_index_sequence<std::variant_size_v<EventBody>>{})};
    Reader reader(*object);
    std::visit([&reader](auto& alternative) { describe(reader, alternative); }, event.body);
    if (auto read = reader.result(2); !read) return fail(read.error());
    return event;
}

}  // namespace firebreak::rollout
