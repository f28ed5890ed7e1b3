#pragma once

#include <boost/json/object.hpp>
#include <string_view>

#include "core/base/clock.hpp"

namespace firebreak {

enum class Severity { kDebug, kInfo, kWarning, kError };

/// One JSON object a line, on the stream it was made for (stderr):
/// {"time":"2026-11-22T21:59:07.123Z","severity":"warning","event":"report.refused","device":"…"}
///
/// `event` is a stable dotted name that alerts can match; everything that varies is a field. Never
/// pass a secret, or raw bytes from the network, as a field.
///
/// Thread safety: any thread; a line is one write.
class Log {
public:
    Log(const Clock& clock, int descriptor, Severity least)
        : clock_(clock), descriptor_(descriptor), least_(least) {}

    void write(Severity severity, std::string_view event, boost::json::object fields = {}) const;

    void debug(std::string_view event, boost::json::object fields = {}) const;
    void info(std::string_view event, boost::json::object fields = {}) const;
    void warning(std::string_view event, boost::json::object fields = {}) const;
    void error(std::string_view event, boost::json::object fields = {}) const;

private:
    const Clock& clock_;
    int descriptor_;
    Severity least_;
};

}  // namespace firebreak
