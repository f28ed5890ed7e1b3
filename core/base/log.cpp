#include "core/base/log.hpp"

#include <unistd.h>

#include <boost/json/serialize.hpp>

#include "core/base/utc.hpp"

namespace firebreak {
namespace {

std::string_view name_of(Severity severity) {
    switch (severity) {
        case Severity::kDebug: return "debug";
        case Severity::kInfo: return "info";
        case Severity::kWarning: return "warning";
        case Severity::kError: return "error";
    }
    return "error";
}

}  // namespace

void Log::write(Severity severity, std::string_view event, boost::json::object fields) const {
    if (severity < least_) return;
    boost::json::object line;
    line["time"] = format_utc_millis(clock_.now());
    line["severity"] = name_of(severity);
    line["event"] = event;
    for (auto& [name, value] : fields) line.emplace(name, std::move(value));
    const std::string text = boost::json::serialize(line) + "\n";
    // A log that cannot be written must not stop what it tells of; there is nowhere to say so.
    [[maybe_unused]] const ssize_t written = ::write(descriptor_, text.data(), text.size());
}

void Log::debug(std::string_view event, boost::json::object fields) const {
    write(Severity::kDebug, event, std::move(fields));
}
void Log::info(std::string_view event, boost::json::object fields) const {
    write(Severity::kInfo, event, std::move(fields));
}
void Log::warning(std::string_view event, boost::json::object fields) const {
    write(Severity::kWarning, event, std::move(fields));
}
void Log::error(std::string_view event, boost::json::object fields) const {
    write(Severity::kError, event, std::move(fields));
}

}  // namespace firebreak
