#include "cli/simulate/incident.hpp"

#include <array>

#include "cli/command.hpp"
#include "cli/simulate/members.hpp"

namespace firebreak::cli {
namespace {

constexpr std::array<std::pair<std::string_view, Harm>, 5> kHarms{{{"none", Harm::kNone},
                                                                   {"silent", Harm::kSilent},
                                                                   {"crash", Harm::kCrash},
                                                                   {"flood", Harm::kFlood},
                                                                   {"slow", Harm::kSlow}}};

Result<void> read_outage(const JsonObject& fields, Incident& incident) {
    const Result<JsonObject> outage = fields.object("outage");
    if (!outage) return fail(outage.error());
    Members members(*outage);
    members.duration("at", incident.outage_at);
    members.duration("for", incident.outage_for);
    std::string of = "everybody";
    members.text("of", of);
    incident.outage_of_one_tenant = of == "one-tenant";
    return members.done();
}

}  // namespace

Result<Incident> parse_incident(const json::value& document) {
    const Result<JsonObject> fields = JsonObject::of(document, "incident");
    if (!fields) return fail(fields.error());
    Incident incident;
    Members members(*fields);
    std::string harm = "none";
    members.text("name", incident.name);
    members.text("description", incident.description);
    members.text("harm", harm);
    members.number("share", incident.share);
    members.text("system", incident.system);
    members.text("sensor", incident.sensor);
    members.duration("after", incident.after);
    members.duration("at", incident.at);
    members.duration("reboot_every", incident.reboot_every);
    members.number("crash_rate_factor", incident.crash_rate_factor);
    if (!members.done()) return fail(members.done().error());
    for (const auto& [name, value] : kHarms) {
        if (name == harm) incident.harm = value;
    }
    if (incident.at && incident.reboot_every.count() > 0) {
        return fail(Errc::kBadInput, "incident: either 'at' or 'reboot_every', not both");
    }
    if (fields->has("outage")) {
        if (auto read = read_outage(*fields, incident); !read) return fail(read.error());
    }
    return incident;
}

}  // namespace firebreak::cli
