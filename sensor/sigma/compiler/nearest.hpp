#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace firebreak::sigma {

/// The one of `names` that somebody who wrote `name` most likely meant: at most a third of the
/// letters differ, without regard to case. For messages.
std::optional<std::string> nearest(std::string_view name, std::span<const std::string> names);

/// "; did you mean 'Image'?", or nothing.
std::string did_you_mean(std::string_view name, std::span<const std::string> names);

/// A-Z as a-z; nothing else changes.
std::string lower_case(std::string_view text);

}  // namespace firebreak::sigma
