#include "client/config.hpp"

#include "core/base/check.hpp"
#include "core/base/errc.hpp"
#include "core/content/document.hpp"
#include "core/content/schema.hpp"
#include "core/net/url.hpp"
#include "sensor/host/engine_location.hpp"

namespace firebreak::client {
namespace {

constexpr std::uint64_t kConfigBytesMax = 1U << 20U;

/// Reads members of a document that its schema has already found right; so what is missing is
/// optional, and what is there has its type.
class Reader {
public:
    Reader(const json::object& object, const std::filesystem::path& base)
        : object_(object), base_(base) {}

    std::optional<std::string> text(std::string_view name) const {
        const json::value* const value = object_.if_contains(name);
        if (value == nullptr) return std::nullopt;
        FIREBREAK_CHECK(value->is_string());
        return std::string(value->get_string());
    }

    std::optional<std::int64_t> number(std::string_view name) const {
        const json::value* const value = object_.if_contains(name);
        if (value == nullptr) return std::nullopt;
        FIREBREAK_CHECK(value->is_int64());
        return value->get_int64();
    }

    std::optional<std::filesystem::path> path(std::string_view name) const {
        const std::optional<std::string> written = text(name);
        if (!written) return std::nullopt;
        return from_base(*written);
    }

    std::filesystem::path from_base(std::string_view written) const {
        return (base_ / written).lexically_normal();
    }

    /// A path, or "exec:" and a path; absolute either way.
    std::filesystem::path engine(std::string_view name) const {
        return sensor::EngineLocation::of(text(name).value_or("")).from(base_).to_string();
    }

    Reader object(std::string_view name) const {
        static const json::object kNone;
        const json::value* const value = object_.if_contains(name);
        return {value == nullptr ? kNone : value->as_object(), base_};
    }

    const json::object& raw() const { return object_; }

private:
    const json::object& object_;
    const std::filesystem::path& base_;
};

Severity severity_of(const std::string& level) {
    if (level == "debug") return Severity::kDebug;
    if (level == "warning") return Severity::kWarning;
    if (level == "error") return Severity::kError;
    return Severity::kInfo;
}

AgentConfig read_members(const Reader& reader) {
    AgentConfig config;
    config.server = reader.text("server").value_or("");
    config.ca = reader.path("ca");
    config.trusted_root = reader.path("trusted_root").value_or("");
    config.state = reader.path("state").value_or("");
    config.engine = reader.engine("engine");
    config.stream = reader.text("stream").value_or("");
    config.enrolment_token_file = reader.path("enrolment_token_file");
    for (const auto& attribute : reader.object("attributes").raw()) {
        config.attributes[attribute.key()] = std::string(attribute.value().as_string());
    }
    if (const json::value* const watch = reader.raw().if_contains("watch")) {
        for (const json::value& folder : watch->as_array()) {
            config.watch.push_back(reader.from_base(std::string(folder.as_string())));
        }
    }
    if (const auto every = reader.number("scan_every_seconds")) {
        config.scan_every = std::chrono::seconds{*every};
    }
    if (const json::value* const logs = reader.raw().if_contains("event_logs")) {
        for (const json::value& log : logs->as_array()) {
            config.event_logs.push_back(reader.from_base(std::string(log.as_string())));
        }
    }
    if (const auto every = reader.number("read_events_every_seconds")) {
        config.read_events_every = std::chrono::seconds{*every};
    }
    if (const auto starts = reader.number("unconfirmed_starts_max")) {
        config.unconfirmed_starts_max = *starts;
    }
    if (const auto most = reader.number("alerts_per_minute_max")) {
        config.alerts_per_minute_max = static_cast<std::uint64_t>(*most);
    }
    if (const auto least = reader.number("poll_seconds_min")) {
        config.poll_min = std::chrono::seconds{*least};
    }
    const Reader trial = reader.object("trial");
    if (const auto most = trial.number("seconds_max")) {
        config.trial.seconds_max = std::chrono::seconds{*most};
    }
    if (const auto most = trial.number("memory_bytes_max")) {
        config.trial.memory_bytes_max = static_cast<std::uint64_t>(*most);
    }
    config.log_least = severity_of(reader.object("log").text("level").value_or("info"));
    return config;
}

}  // namespace

Result<AgentConfig> load_config(const FileStore& store, const std::filesystem::path& file) {
    const Result<Bytes> bytes = store.read(file, kConfigBytesMax);
    if (!bytes) return fail(bytes.error());
    const Result<content::Document> document = content::read_yaml(file.string(), text_of(*bytes));
    if (!document) return fail(document.error());
    const Result<void> valid = content::require_schema("agent-config.v1", *document);
    if (!valid) return fail(valid.error());

    std::error_code absolute_error;
    const std::filesystem::path absolute = std::filesystem::absolute(file, absolute_error);
    if (absolute_error) return fail(absolute_error, file.string());
    const std::filesystem::path base = absolute.parent_path();
    AgentConfig config = read_members(Reader(document->value.as_object(), base));
    const Result<net::Url> url = net::parse_url(config.server);
    if (!url) return fail(url.error().seen_from(document->place_of("/server") + ": server"));
    return config;
}

}  // namespace firebreak::client
