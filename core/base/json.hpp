#pragma once

#include <boost/json/value.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/bytes.hpp"
#include "core/base/error.hpp"

namespace firebreak {

namespace json = boost::json;

/// What a JSON text may cost us. The defaults fit every document of ours.
struct JsonLimits {
    std::size_t bytes_max = 8U << 20U;
    std::size_t depth_max = 32;
};

/// Parses one JSON text strictly (RFC 8259), as bytes from outside must be: valid UTF-8, no
/// duplicate member names, no comments or trailing commas, nothing after the value but white space.
///
/// (Boost.JSON by itself keeps the last of two members of one name; a verifier and a reader that
/// disagree on which one counts is an attack.)
///
/// @returns the value, or Errc::kMalformed with the byte offset, or Errc::kTooLarge.
[[nodiscard]] Result<json::value> parse_json(std::string_view text, JsonLimits limits = {});

/// The same, for a caller that turns offsets into lines.
///
/// @param failed_at  On failure, the offset in `text` at which it stopped being good.
[[nodiscard]] Result<json::value> parse_json(std::string_view text, JsonLimits limits,
                                             std::size_t& failed_at);

/// `value` in two-space indentation, members in their order, a line feed at the end: for files and
/// terminals. For one line use json::serialize.
std::string pretty_json(const json::value& value);

/// Reads the members of one JSON object, and says in each error where it looked
/// ("manifest.files[2].length: must be an integer from 0 to 1048576").
///
/// Refers to the value given; does not own it.
class JsonObject {
public:
    /// @param path  What errors call this object: "manifest".
    [[nodiscard]] static Result<JsonObject> of(const json::value& value, std::string path);

    [[nodiscard]] Result<std::string> string(std::string_view name) const;
    [[nodiscard]] Result<std::int64_t> integer(std::string_view name, std::int64_t min,
                                               std::int64_t max) const;
    [[nodiscard]] Result<bool> boolean(std::string_view name) const;
    [[nodiscard]] Result<double> number(std::string_view name) const;
    [[nodiscard]] Result<JsonObject> object(std::string_view name) const;
    [[nodiscard]] Result<const json::array*> array(std::string_view name) const;
    [[nodiscard]] Result<std::vector<std::string>> strings(std::string_view name) const;

    /// nullptr when there is none.
    const json::value* find(std::string_view name) const;
    bool has(std::string_view name) const { return find(name) != nullptr; }

    /// "manifest.files": for errors about a member.
    std::string path_to(std::string_view name) const { return path_ + "." + std::string(name); }
    const std::string& path() const { return path_; }
    const json::object& raw() const { return *object_; }

private:
    JsonObject(const json::object& object, std::string path)
        : object_(&object), path_(std::move(path)) {}

    const json::object* object_;
    std::string path_;
};

}  // namespace firebreak
