// What the sensor finds: in watched folders, and in the events that other programs log.

#include <boost/asio/awaitable.hpp>

#include "client/agent.hpp"
#include "core/base/utc.hpp"

namespace firebreak::client {

namespace asio = boost::asio;
using std::chrono::milliseconds;

asio::awaitable<void> Agent::scan_watched() {
    scan_due_ = parts_.clock.steady() + config_.scan_every;
    if (parts_.sensor.running() == nullptr) co_return;
    ScanPass pass;
    const std::vector<std::filesystem::path> files = scanner_.changed();
    for (const std::filesystem::path& file : files) {
        // What goes will be asked about none of them, and what comes about all.
        if (!vitals_.trouble().empty()) break;
        scanner_.scan(file, metered_, pass);
        co_await parts_.waiter.wait(milliseconds{0});  // Lets a signal through.
    }
    const std::string found_at = format_utc_millis(parts_.clock.now());
    for (const Detection& found : pass.detections) {
        const json::object entry{{"time", found_at},
                                 {"file", printable(found.file.string())},
                                 {"sha256", found.sha256.hex()},
                                 {"rule", printable(found.match.rule)},
                                 {"detail", printable(found.match.detail)},
                                 {"counter", running_counter()}};
        parts_.log.warning("sensor.detection", entry);
        detections_.add(entry);
    }
    keep_detections();
    trouble_.clear();
    if (pass.failed > 0) {
        parts_.log.warning(
            "sensor.scan_failed",
            {{"files", pass.failed}, {"scanned", pass.scanned}, {"first", pass.first_failure}});
        // One file that no content can scan in time says little; most of them say enough.
        if (pass.failed > pass.scanned) trouble_ = "scans fail: " + pass.first_failure;
    }
}

void Agent::judge_events() {
    events_due_ = parts_.clock.steady() + config_.read_events_every;
    if (parts_.sensor.running() == nullptr) return;
    const EventPass pass = event_logs_.judge(metered_);
    if (pass.more) events_due_ = parts_.clock.steady();
    const std::string found_at = format_utc_millis(parts_.clock.now());
    for (const EventDetection& found : pass.detections) {
        const json::object entry{{"time", found_at},
                                 {"log", printable(found.log.string())},
                                 {"contract", found.contract},
                                 {"rule", printable(found.match.rule)},
                                 {"detail", printable(found.match.detail)},
                                 {"counter", running_counter()}};
        parts_.log.warning("sensor.detection", entry);
        detections_.add(entry);
    }
    if (!pass.detections.empty()) keep_detections();
    if (pass.not_listed > 0) {
        parts_.log.warning("sensor.detections_not_listed", {{"count", pass.not_listed}});
    }
    if (pass.unreadable > 0) {
        parts_.log.warning("events.unreadable", {{"count", pass.unreadable},
                                                 {"first", printable(pass.first_unreadable)}});
    }
    if (pass.failed > 0) {
        parts_.log.warning(
            "sensor.events_failed",
            {{"events", pass.failed}, {"judged", pass.judged}, {"first", pass.first_failure}});
    }
    if (pass.failed + pass.judged == 0) return;
    events_trouble_.clear();
    if (pass.failed > pass.judged) events_trouble_ = "events fail: " + pass.first_failure;
}

Event Agent::why_woken() const {
    const bool runs = parts_.sensor.running() != nullptr && cycle_.state().active_confirmed;
    if (runs && !vitals_.trouble().empty()) return Sickened{vitals_.trouble()};
    return Woken{};
}

void Agent::keep_sick(const std::string& reason) {
    note(Severity::kError, "content.sick",
         {{"counter", running_counter()}, {"reason", reason}, {"to_counter", 0}});
    vitals_.stop_watching();
}

void Agent::keep_detections() {
    if (const Result<void> kept = detections_.flush(); !kept) {
        note_error("detections.not_saved", kept.error());
    }
}

}  // namespace firebreak::client
