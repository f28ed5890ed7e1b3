#pragma once

#include <initializer_list>
#include <string_view>

#include "core/base/errc.hpp"
#include "core/base/json.hpp"

namespace firebreak::rollout::detail {

/// @returns Errc::kMalformed, naming the member, when `object` has one that is not in `known`: a
///   misspelt limit must not silently become its default.
[[nodiscard]] inline Result<void> only_known(const JsonObject& object,
                                             std::initializer_list<std::string_view> known) {
    for (const auto& member : object.raw()) {
        const std::string_view name{member.key().data(), member.key().size()};
        bool found = false;
        for (const std::string_view candidate : known) found = found || candidate == name;
        if (!found) {
            std::string shown;
            for (const char c : name.substr(0, 40)) shown += c > 0x20 && c < 0x7F ? c : '?';
            return fail(Errc::kMalformed, object.path_to(shown) + ": is not a member of this");
        }
    }
    return {};
}

}  // namespace firebreak::rollout::detail
