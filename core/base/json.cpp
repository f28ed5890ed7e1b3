#include "core/base/json.hpp"

#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/serialize.hpp>
#include <cmath>
#include <unordered_set>
#include <vector>

#include "core/base/errc.hpp"

namespace firebreak {
namespace {

/// Boost.JSON's SAX events, turned into a value. Its own DOM parser accepts duplicate names.
class StrictHandler {
public:
    static constexpr std::size_t max_object_size = 1U << 20U;
    static constexpr std::size_t max_array_size = 1U << 20U;
    static constexpr std::size_t max_key_size = 1U << 20U;
    static constexpr std::size_t max_string_size = 64U << 20U;

    using Code = boost::system::error_code;

    bool on_document_begin(Code&) { return true; }
    bool on_document_end(Code&) { return true; }
    bool on_object_begin(Code&) { return open(json::object()); }
    bool on_array_begin(Code&) { return open(json::array()); }
    bool on_object_end(std::size_t, Code&) { return close(); }
    bool on_array_end(std::size_t, Code&) { return close(); }
    bool on_key_part(json::string_view part, std::size_t, Code&) { return append(part); }
    bool on_string_part(json::string_view part, std::size_t, Code&) { return append(part); }
    bool on_number_part(json::string_view, Code&) { return true; }
    bool on_int64(std::int64_t number, json::string_view, Code&) { return put(number); }
    bool on_uint64(std::uint64_t number, json::string_view, Code&) { return put(number); }
    bool on_double(double number, json::string_view, Code& code) {
        // Boost.JSON makes 1e400 infinite, and would write it as a number that nobody can read.
        if (std::isfinite(number)) return put(number);
        code = json::error::exponent_overflow;
        return false;
    }
    bool on_bool(bool truth, Code&) { return put(truth); }
    bool on_null(Code&) { return put(nullptr); }
    bool on_comment_part(json::string_view, Code&) { return true; }
    bool on_comment(json::string_view, Code&) { return true; }

    bool on_key(json::string_view part, std::size_t, Code& code) {
        append(part);
        if (open_.back().value.as_object().contains(text_)) {
            duplicate_ = true;
            code = make_error_code(boost::system::errc::invalid_argument);
            return false;
        }
        open_.back().key = text_;  // A copy: both keep their memory for the next name.
        text_.clear();
        return true;
    }

    bool on_string(json::string_view part, std::size_t, Code&) {
        append(part);
        const bool placed = put(json::string(text_));
        text_.clear();
        return placed;
    }

    json::value take() { return std::move(root_); }
    bool met_duplicate() const { return duplicate_; }

private:
    struct Open {
        json::value value;
        std::string key;
    };

    bool append(json::string_view part) {
        text_.append(part.data(), part.size());
        return true;
    }

    bool open(json::value value) {
        open_.push_back({std::move(value), {}});
        return true;
    }

    bool close() {
        json::value done = std::move(open_.back().value);
        open_.pop_back();
        return put(std::move(done));
    }

    bool put(json::value value) {
        if (open_.empty()) {
            root_ = std::move(value);
        } else if (json::object* object = open_.back().value.if_object()) {
            object->emplace(open_.back().key, std::move(value));
        } else {
            open_.back().value.as_array().push_back(std::move(value));
        }
        return true;
    }

    json::value root_;
    std::vector<Open> open_;
    std::string text_;
    bool duplicate_ = false;
};

void pretty(const json::value& value, std::size_t indent, std::string& out) {
    const auto new_line = [&out](std::size_t spaces) { out.append("\n").append(spaces, ' '); };
    const json::object* object = value.if_object();
    const json::array* array = value.if_array();
    if (object != nullptr && !object->empty()) {
        out += "{";
        bool first = true;
        for (const auto& [name, member] : *object) {
            if (!first) out += ",";
            first = false;
            new_line(indent + 2);
            out += json::serialize(json::string_view(name)) + ": ";
            pretty(member, indent + 2, out);
        }
        new_line(indent);
        out += "}";
    } else if (array != nullptr && !array->empty()) {
        out += "[";
        bool first = true;
        for (const json::value& element : *array) {
            if (!first) out += ",";
            first = false;
            new_line(indent + 2);
            pretty(element, indent + 2, out);
        }
        new_line(indent);
        out += "]";
    } else {
        out += json::serialize(value);
    }
}

}  // namespace

Result<json::value> parse_json(std::string_view text, JsonLimits limits) {
    std::size_t failed_at = 0;
    return parse_json(text, limits, failed_at);
}

Result<json::value> parse_json(std::string_view text, JsonLimits limits, std::size_t& failed_at) {
    failed_at = 0;
    if (text.size() > limits.bytes_max) {
        return fail(Errc::kTooLarge, "JSON of " + std::to_string(text.size()) + " bytes, limit " +
                                         std::to_string(limits.bytes_max));
    }
    json::parse_options options;
    options.max_depth = limits.depth_max;
    json::basic_parser<StrictHandler> parser(options);
    boost::system::error_code code;
    const std::size_t used = parser.write_some(false, text.data(), text.size(), code);
    if (!code && used < text.size()) code = json::error::extra_data;
    failed_at = used;
    if (parser.handler().met_duplicate()) {
        return fail(Errc::kMalformed,
                    "JSON: duplicate member name before byte " + std::to_string(used));
    }
    if (code == json::error::too_deep) {
        return fail(Errc::kTooLarge,
                    "JSON: nested deeper than " + std::to_string(limits.depth_max));
    }
    if (code) {
        return fail(Errc::kMalformed,
                    "JSON: " + code.message() + " at byte " + std::to_string(used));
    }
    return parser.handler().take();
}

std::string pretty_json(const json::value& value) {
    std::string out;
    pretty(value, 0, out);
    return out + "\n";
}

Result<JsonObject> JsonObject::of(const json::value& value, std::string path) {
    const json::object* object = value.if_object();
    if (object == nullptr) return fail(Errc::kMalformed, path + ": must be an object");
    return JsonObject(*object, std::move(path));
}

const json::value* JsonObject::find(std::string_view name) const {
    return object_->if_contains({name.data(), name.size()});
}

Result<std::string> JsonObject::string(std::string_view name) const {
    const json::value* value = find(name);
    if (value == nullptr || !value->is_string()) {
        return fail(Errc::kMalformed, path_to(name) + ": must be a string");
    }
    return std::string(value->get_string());
}

Result<std::int64_t> JsonObject::integer(std::string_view name, std::int64_t min,
                                         std::int64_t max) const {
    const json::value* value = find(name);
    const std::int64_t* number = value != nullptr ? value->if_int64() : nullptr;
    if (number == nullptr || *number < min || *number > max) {
        return fail(Errc::kMalformed, path_to(name) + ": must be an integer from " +
                                          std::to_string(min) + " to " + std::to_string(max));
    }
    return *number;
}

Result<bool> JsonObject::boolean(std::string_view name) const {
    const json::value* value = find(name);
    if (value == nullptr || !value->is_bool()) {
        return fail(Errc::kMalformed, path_to(name) + ": must be true or false");
    }
    return value->get_bool();
}

Result<double> JsonObject::number(std::string_view name) const {
    const json::value* value = find(name);
    if (value != nullptr && value->is_number()) {
        const auto number = value->to_number<double>();
        if (std::isfinite(number)) return number;
    }
    return fail(Errc::kMalformed, path_to(name) + ": must be a number");
}

Result<JsonObject> JsonObject::object(std::string_view name) const {
    const json::value* value = find(name);
    if (value == nullptr) return fail(Errc::kMalformed, path_to(name) + ": must be an object");
    return of(*value, path_to(name));
}

Result<const json::array*> JsonObject::array(std::string_view name) const {
    const json::value* value = find(name);
    if (value == nullptr || !value->is_array()) {
        return fail(Errc::kMalformed, path_to(name) + ": must be an array");
    }
    return &value->get_array();
}

Result<std::vector<std::string>> JsonObject::strings(std::string_view name) const {
    const Result<const json::array*> elements = array(name);
    if (!elements) return fail(elements.error());
    std::vector<std::string> texts;
    for (const json::value& element : **elements) {
        if (!element.is_string()) {
            return fail(Errc::kMalformed, path_to(name) + ": must hold strings");
        }
        texts.emplace_back(element.get_string());
    }
    return texts;
}

}  // namespace firebreak
