#pragma once

#include <optional>
#include <string>

#include "core/base/error.hpp"
#include "core/rollout/plan.hpp"

namespace firebreak::cli {

/// What the release does to a device that it harms.
enum class Harm {
    kNone,
    kSilent,  ///< Nothing is heard of it again: it does not boot, or has no network.
    kCrash,   ///< It restarts, reports, and goes back to last-known-good.
    kFlood,   ///< More alerts than it may give: it notices, reports, and goes back.
    kSlow,    ///< It is slow, notices within ten minutes, reports, and goes back.
};

/// Something that goes wrong with a rollout, with the release or around it:
/// examples/incidents/*.yaml, schemas/incident.v1.json.
struct Incident {
    std::string name;
    std::string description;
    Harm harm = Harm::kNone;
    double share = 1;                           ///< Of the devices that it can harm.
    std::string system;                         ///< Only devices with this OS build; empty: all.
    std::string sensor;                         ///< Only those with this sensor build, likewise.
    rollout::milliseconds after{0};             ///< From activation to the harm.
    std::optional<rollout::milliseconds> at{};  ///< From publication: harm at a date.
    rollout::milliseconds reboot_every{0};      ///< Harm at the next reboot; 0: at once.
    /// Nothing gets through to the server, from all devices or those of one tenant.
    std::optional<rollout::milliseconds> outage_at{};
    rollout::milliseconds outage_for{0};
    bool outage_of_one_tenant = false;
    double crash_rate_factor = 1;  ///< The whole world's crashes, release or not.
};

/// Reads an incident that require_schema("incident.v1") has passed.
/// @returns Errc::kBadInput for members that exclude each other.
[[nodiscard]] Result<Incident> parse_incident(const json::value& document);

}  // namespace firebreak::cli
