#include "server/http/request.hpp"

#include <algorithm>
#include <charconv>

#include "core/base/check.hpp"
#include "core/base/errc.hpp"

namespace firebreak::server {
namespace {

constexpr std::size_t kParametersMax = 32;
constexpr std::size_t kSegmentsMax = 32;

int hex_value(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

// How many bytes the sequence has that `lead` begins, and the least code point it may stand for
// (RFC 3629, 3); 0 bytes for what begins none.
struct Sequence {
    std::size_t bytes;
    std::uint32_t least;
    std::uint32_t bits;
};
Sequence sequence_of(unsigned char lead) {
    if (lead < 0x80) return {1, 0, lead};
    if (lead >= 0xC2 && lead < 0xE0) return {2, 0x80, lead & 0x1FU};
    if (lead >= 0xE0 && lead < 0xF0) return {3, 0x800, lead & 0x0FU};
    if (lead >= 0xF0 && lead < 0xF5) return {4, 0x10000, lead & 0x07U};
    return {0, 0, 0};
}

// UTF-8 without control characters.
bool is_plain_text(std::string_view text) {
    for (std::size_t i = 0; i < text.size();) {
        const Sequence sequence = sequence_of(static_cast<unsigned char>(text[i]));
        if (sequence.bytes == 0 || i + sequence.bytes > text.size()) return false;
        std::uint32_t point = sequence.bits;
        for (std::size_t k = 1; k < sequence.bytes; ++k) {
            const auto byte = static_cast<unsigned char>(text[i + k]);
            if ((byte & 0xC0U) != 0x80U) return false;
            point = (point << 6U) | (byte & 0x3FU);
        }
        const bool surrogate = point >= 0xD800 && point <= 0xDFFF;
        const bool control = point < 0x20 || (point >= 0x7F && point < 0xA0);
        if (point < sequence.least || point > 0x10FFFF || surrogate || control) return false;
        i += sequence.bytes;
    }
    return true;
}

Result<std::vector<std::string>> parse_path(std::string_view path) {
    std::vector<std::string> segments;
    if (path == "/") return segments;
    while (!path.empty()) {
        path.remove_prefix(1);  // The '/'.
        const std::size_t end = std::min(path.find('/'), path.size());
        Result<std::string> segment = percent_decode(path.substr(0, end));
        if (!segment) return fail(segment.error().seen_from("path"));
        if (segment->empty()) return fail(Errc::kMalformed, "path: has an empty segment");
        if (*segment == "." || *segment == "..") {
            return fail(Errc::kMalformed, "path: has a relative segment");
        }
        if (segment->find_first_of("/\\") != std::string::npos) {
            return fail(Errc::kMalformed, "path: has a slash or backslash inside a segment");
        }
        if (segments.size() == kSegmentsMax) return fail(Errc::kMalformed, "path: is too deep");
        segments.push_back(std::move(*segment));
        path.remove_prefix(end);
    }
    return segments;
}

// What stands behind the authority of an absolute form; nullopt for neither form.
std::optional<std::string_view> origin_form(std::string_view target) {
    if (target.starts_with('/')) return target;
    const std::size_t scheme_end = target.find("://");
    const std::string_view scheme = target.substr(0, std::min(scheme_end, target.size()));
    if (!net::equal_without_case(scheme, "https") && !net::equal_without_case(scheme, "http")) {
        return std::nullopt;
    }
    const std::size_t path = target.find('/', scheme_end + 3);
    if (path == std::string_view::npos) return std::nullopt;
    return target.substr(path);
}

std::optional<std::int64_t> decimal(std::string_view text) {
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return number;
}

}  // namespace

Result<std::string> percent_decode(std::string_view text) {
    std::string decoded;
    decoded.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            decoded.push_back(text[i]);
            continue;
        }
        const int high = i + 1 < text.size() ? hex_value(text[i + 1]) : -1;
        const int low = i + 2 < text.size() ? hex_value(text[i + 2]) : -1;
        if (high < 0 || low < 0) {
            return fail(Errc::kMalformed, "has a '%' without two hexadecimal digits");
        }
        decoded.push_back(static_cast<char>(high * 16 + low));
        i += 2;
    }
    if (!is_plain_text(decoded)) {
        return fail(Errc::kMalformed, "has a control character, or is not UTF-8");
    }
    return decoded;
}

Result<Query> Query::parse(std::string_view text) {
    Query query;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('&'), text.size());
        const std::string_view pair = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        const std::size_t equals = std::min(pair.find('='), pair.size());
        Result<std::string> name = percent_decode(pair.substr(0, equals));
        if (!name) return fail(name.error().seen_from("query"));
        Result<std::string> value = percent_decode(pair.substr(std::min(equals + 1, pair.size())));
        if (!value) return fail(value.error().seen_from("query"));
        if (name->empty()) return fail(Errc::kMalformed, "query: has a parameter without a name");
        if (query.values_.size() == kParametersMax) {
            return fail(Errc::kInvalid, "query: has more than 32 parameters");
        }
        if (!query.values_.try_emplace(std::move(*name), std::move(*value)).second) {
            return fail(Errc::kInvalid, "query: has a parameter twice");
        }
    }
    return query;
}

const std::string* Query::find(std::string_view name) const {
    const auto found = values_.find(name);
    return found == values_.end() ? nullptr : &found->second;
}

Result<std::optional<std::int64_t>> Query::integer(std::string_view name, std::int64_t min,
                                                   std::int64_t max) const {
    const std::string* text = find(name);
    if (text == nullptr) return std::optional<std::int64_t>();
    const std::optional<std::int64_t> number = decimal(*text);
    if (!number || *number < min || *number > max) {
        return fail(Errc::kInvalid, "query: " + std::string(name) + ": must be an integer from " +
                                        std::to_string(min) + " to " + std::to_string(max));
    }
    return number;
}

Result<void> Query::only(std::initializer_list<std::string_view> names) const {
    const bool known = std::all_of(values_.begin(), values_.end(), [&](const auto& value) {
        return std::find(names.begin(), names.end(), value.first) != names.end();
    });
    if (known) return {};
    std::string list;
    for (const std::string_view name : names) list.append(list.empty() ? "" : ", ").append(name);
    return fail(Errc::kInvalid, "query: has a parameter that is not one of: " +
                                    (list.empty() ? std::string("(none)") : list));
}

Result<Target> parse_target(std::string_view target) {
    const std::optional<std::string_view> origin = origin_form(target);
    if (!origin) return fail(Errc::kMalformed, "the target is not a path");
    const std::size_t mark = std::min(origin->find('?'), origin->size());
    Result<std::vector<std::string>> segments = parse_path(origin->substr(0, mark));
    if (!segments) return fail(std::move(segments.error()));
    Result<Query> query = Query::parse(origin->substr(std::min(mark + 1, origin->size())));
    if (!query) return fail(std::move(query.error()));
    return Target{std::string(*origin), std::move(*segments), std::move(*query)};
}

std::string_view RequestContext::raw_path() const {
    const std::string_view target = request.target;
    return target.substr(0, target.find('?'));
}

const std::string& RequestContext::parameter(std::string_view name) const {
    const auto found = path.find(name);
    FIREBREAK_CHECK(found != path.end());
    return found->second;
}

Result<std::int64_t> RequestContext::integer(std::string_view name) const {
    const std::string& text = parameter(name);
    const std::optional<std::int64_t> number = decimal(text);
    const bool plain = text == "0" || (text[0] >= '1' && text[0] <= '9');
    if (!number || !plain) {
        return fail(Errc::kInvalid, "path: " + std::string(name) + ": must be a decimal number");
    }
    return *number;
}

const std::string* RequestContext::header(std::string_view name) const {
    const auto found = request.headers.find(name);
    return found == request.headers.end() ? nullptr : &found->second;
}

Result<json::value> RequestContext::json_body(JsonLimits limits) const {
    const std::string* type = header("Content-Type");
    const std::string_view media_type =
        type == nullptr ? std::string_view() : std::string_view(*type).substr(0, type->find(';'));
    if (!net::equal_without_case(media_type, "application/json")) {
        return fail(Errc::kInvalid, "Content-Type: must be application/json");
    }
    return parse_json(request.body, limits);
}

std::optional<std::string_view> RequestContext::bearer_token() const {
    static constexpr std::string_view kScheme = "Bearer ";
    const std::string* value = header("Authorization");
    if (value == nullptr || value->size() <= kScheme.size()) return std::nullopt;
    const std::string_view text = *value;
    if (!net::equal_without_case(text.substr(0, kScheme.size()), kScheme)) return std::nullopt;
    const std::string_view token = text.substr(kScheme.size());
    // b64token (RFC 6750, 2.1). A comma would mean that there were two.
    const bool well_formed = std::all_of(token.begin(), token.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               std::string_view("-._~+/=").find(c) != std::string_view::npos;
    });
    if (!well_formed) return std::nullopt;
    return token;
}

}  // namespace firebreak::server
