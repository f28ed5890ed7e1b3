#pragma once

#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <string>

#include "client/device_identity.hpp"
#include "client/report_queue.hpp"
#include "client/server_link.hpp"
#include "core/base/digest.hpp"

namespace firebreak::client {

/// What the server said to a report.
struct ReportAnswer {
    bool duplicate = false;
    bool may_activate = false;  ///< Only ever true for an activating report.
    bool dropped = false;       ///< The server will never take it; it is not to be sent again.
};

/// Puts one report into the form of docs/api.md (RFC 9421 signature) and sends it.
class Reporter {
public:
    /// @param link, identity  Outlive this.
    /// @param attributes      What the device is, for activating reports.
    Reporter(ServerLink& link, const Identity& identity, std::string stream, Sha256 engine_build,
             health::Attributes attributes);

    /// @param report   Numbered, and saved with its number.
    /// @param created  For the signature.
    /// @returns the answer; or an error after which the same report is to be sent again.
    ///   Errc::kDenied: the server does not know this device (any more).
    [[nodiscard]] boost::asio::awaitable<Result<ReportAnswer>> send(
        WaitingReport report, std::chrono::sys_seconds created);

private:
    ServerLink& link_;
    const Identity& identity_;
    std::string stream_;
    Sha256 engine_build_;
    health::Attributes attributes_;
};

}  // namespace firebreak::client
