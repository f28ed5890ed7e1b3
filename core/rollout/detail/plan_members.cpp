#include "core/rollout/detail/plan_members.hpp"

#include <algorithm>

#include "core/base/errc.hpp"

namespace firebreak::rollout::detail {
namespace {

constexpr std::size_t kNameBytesMax = 64;
constexpr std::size_t kDescriptionBytesMax = 2000;

}  // namespace

tl::unexpected<Error> invalid(const std::string& path, std::string_view rule) {
    return fail(Errc::kInvalid, path + ": " + std::string(rule));
}

tl::unexpected<Error> invalid(const Error& error) {
    return fail(Errc::kInvalid, error.context());
}

Result<void> read_text(const JsonObject& object, std::string_view name, std::string& into) {
    if (!object.has(name)) return {};
    auto text = object.string(name);
    if (!text) return invalid(text.error());
    if (text->size() > kDescriptionBytesMax) {
        return invalid(object.path_to(name), "must be at most 2000 bytes");
    }
    into = std::move(*text);
    return {};
}

Result<void> read_duration(const JsonObject& object, std::string_view name, milliseconds& into) {
    if (!object.has(name)) return {};
    const auto text = object.string(name);
    if (!text) return invalid(text.error());
    const auto duration = parse_duration(*text);
    if (!duration) return invalid(object.path_to(name), duration.error().context());
    into = *duration;
    return {};
}

Result<void> read_integer(const JsonObject& object, std::string_view name, std::int64_t max,
                          std::int64_t& into) {
    if (!object.has(name)) return {};
    const auto number = object.integer(name, 1, max);
    if (!number) return invalid(number.error());
    into = *number;
    return {};
}

Result<void> read_number(const JsonObject& object, std::string_view name, Bounds bounds,
                         double& into) {
    if (!object.has(name)) return {};
    const auto number = object.number(name);
    if (!number) return invalid(number.error());
    const bool low_enough = *number <= bounds.at_most;
    const bool high_enough = *number > bounds.above || (bounds.zero_allowed && *number == 0);
    if (!low_enough || !high_enough) {
        return invalid(object.path_to(name),
                       "is outside what makes sense; see the ring plan's schema");
    }
    into = *number;
    return {};
}

Result<std::string> read_name(const JsonObject& object, std::string_view name) {
    const auto text = object.string(name);
    if (!text) return invalid(text.error());
    const auto allowed = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
    };
    if (text->empty() || text->size() > kNameBytesMax || text->front() == '-' ||
        !std::all_of(text->begin(), text->end(), allowed)) {
        return invalid(object.path_to(name), "must be 1 to 64 of a-z, 0-9 and -, not - first");
    }
    return *text;
}

Result<void> all_of(std::initializer_list<Result<void>> results) {
    for (const Result<void>& result : results) {
        if (!result) return result;
    }
    return {};
}

Result<void> require(const JsonObject& object, std::string_view name) {
    if (!object.has(name)) return invalid(object.path_to(name), "is missing");
    return {};
}

}  // namespace firebreak::rollout::detail
