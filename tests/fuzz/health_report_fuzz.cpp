// Any bytes as a health report: what any device, or anybody on its network, can send. Property:
// what is accepted is within every limit of the header, and survives being written and read again.

#include <cstdint>

#include "core/base/bytes.hpp"
#include "core/base/check.hpp"
#include "core/health/report.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace firebreak;
    const auto report = health::parse_report(text_of({data, size}));
    if (!report) {
        FIREBREAK_CHECK(!report.error().context().empty());
        for (const char c : report.error().context()) FIREBREAK_CHECK(c >= 0x20 && c <= 0x7E);
        return 0;
    }
    FIREBREAK_CHECK(size <= health::kReportBytesMax);
    FIREBREAK_CHECK(report->sequence >= 1 && report->counter >= 0 && report->to_counter >= 0);
    FIREBREAK_CHECK(!report->device.empty() && report->device.size() <= health::kDeviceIdBytesMax);
    FIREBREAK_CHECK(report->detail.size() <= health::kDetailBytesMax);
    FIREBREAK_CHECK(health::parse_report(health::serialize_report(*report)).value() == *report);
    return 0;
}
