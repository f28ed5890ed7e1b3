#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

#include "core/base/json.hpp"
#include "core/rollout/plan.hpp"

/// How a plan's members are read. Each read_… leaves `into` alone when the member is missing, and
/// refuses a wrong one: Errc::kInvalid with its path.
namespace firebreak::rollout::detail {

tl::unexpected<Error> invalid(const std::string& path, std::string_view rule);
/// Whatever was wrong with a plan's JSON, the plan is what is invalid.
tl::unexpected<Error> invalid(const Error& error);

/// At most 2000 bytes.
[[nodiscard]] Result<void> read_text(const JsonObject& object, std::string_view name,
                                     std::string& into);
[[nodiscard]] Result<void> read_duration(const JsonObject& object, std::string_view name,
                                         milliseconds& into);
/// 1 to `max`.
[[nodiscard]] Result<void> read_integer(const JsonObject& object, std::string_view name,
                                        std::int64_t max, std::int64_t& into);

struct Bounds {
    double above;  ///< Exclusive, unless it is zero_allowed.
    double at_most;
    bool zero_allowed = false;
};
[[nodiscard]] Result<void> read_number(const JsonObject& object, std::string_view name,
                                       Bounds bounds, double& into);

/// A name of a plan or ring, which must be there: 1 to 64 of a-z, 0-9 and -, not - first.
[[nodiscard]] Result<std::string> read_name(const JsonObject& object, std::string_view name);

[[nodiscard]] Result<void> require(const JsonObject& object, std::string_view name);

/// The first of `results` that failed, or success: the reads of one object, all of them
/// independent.
[[nodiscard]] Result<void> all_of(std::initializer_list<Result<void>> results);

}  // namespace firebreak::rollout::detail
