#include "server/store/store.hpp"

#include <array>
#include <utility>

#include "core/base/errc.hpp"

namespace firebreak::server {
namespace {

constexpr std::array<std::pair<Role, std::string_view>, 6> kRoles{{
    {Role::kViewer, "viewer"},
    {Role::kAuthor, "author"},
    {Role::kApprover, "approver"},
    {Role::kReleaseManager, "release-manager"},
    {Role::kAdministrator, "administrator"},
    {Role::kDriller, "driller"},
}};

constexpr std::array<std::pair<PlacedBy, std::string_view>, 5> kPlacedBy{{
    {PlacedBy::kToken, "token"},
    {PlacedBy::kDevice, "device"},
    {PlacedBy::kTag, "tag"},
    {PlacedBy::kTenant, "tenant"},
    {PlacedBy::kDefault, "default"},
}};

}  // namespace

std::string_view name_of(PlacedBy by) {
    for (const auto& [value, name] : kPlacedBy) {
        if (value == by) return name;
    }
    return "unknown";
}

Result<PlacedBy> placed_by_of(std::string_view name) {
    for (const auto& [value, word] : kPlacedBy) {
        if (word == name) return value;
    }
    return fail(Errc::kInvalid, "placed by: unknown word");
}

std::string_view name_of(Role role) {
    for (const auto& [value, name] : kRoles) {
        if (value == role) return name;
    }
    return "unknown";
}

Result<Role> role_of(std::string_view name) {
    std::string known;
    for (const auto& [value, word] : kRoles) {
        if (word == name) return value;
        known += known.empty() ? "" : ", ";
        known += word;
    }
    return fail(Errc::kInvalid, "role: must be one of " + known);
}

}  // namespace firebreak::server
