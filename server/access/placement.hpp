#pragma once

#include <string>
#include <vector>

#include "core/base/error.hpp"
#include "server/store/store.hpp"

namespace firebreak::server {

/// Whom one rule puts into a ring: whoever is named by any of the three lists.
struct PlacementRule {
    std::string ring;
    std::vector<std::string> devices{};  ///< Ids.
    std::vector<std::string> tags{};
    std::vector<std::string> tenants{};
};

/// The part "placement" of the configuration.
struct PlacementRules {
    std::vector<std::string> rings;  ///< In the order of exposure: the last is the slowest.
    std::vector<PlacementRule> rules;
};

/// The rings that the offline keys signed a ceiling for; none before the first release.
struct SignedRings {
    std::vector<std::string> names;
    std::string slowest;  ///< The last of the release that was published last.
};

/// Who enrols, in what others say of it: its id is a function of its key, tenant and tags are those
/// of the token that an administrator made. Nothing that the device says of itself is here.
struct Newcomer {
    std::string device;
    std::string tenant;
    std::vector<std::string> tags;
};

/// A device's ring, and what put it there.
struct Placed {
    std::string ring;
    Placement placement;
};

/// Places a device whose token names no ring. A rule that names the device goes before any that
/// names one of its tags, that before any that names its tenant; of each kind the first in the
/// list. Whom no rule places is in the slowest ring. A rule whose ring no release has any longer is
/// passed over: a device in a ring that nobody knows would get nothing at all.
///
/// The slowest is the last of the signed ceiling; before the first release, of the configuration.
/// @returns Errc::kNotFound when neither says one.
/// Source: ADR 0011.
[[nodiscard]] Result<Placed> place(const PlacementRules& rules, const SignedRings& known,
                                   const Newcomer& newcomer);

}  // namespace firebreak::server
