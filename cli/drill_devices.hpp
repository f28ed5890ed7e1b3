#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "cli/command.hpp"
#include "cli/exchange.hpp"
#include "core/health/report.hpp"
#include "core/signing/signer.hpp"

namespace firebreak::cli {

/// Where the server holds its drills, as GET /v1/drill says.
struct DrillPlace {
    std::string stream;
    std::string tenant;
    std::string ring;
    std::int64_t newest = 0;  ///< Counter of the newest drill; 0: there was none.
};

/// @returns the place, or Errc::kInvalid for an answer of another form.
[[nodiscard]] Result<DrillPlace> parse_drill_place(const json::value& answer);

/// A device that exists for drills alone: a key, and what a server gave it.
struct DrillDevice {
    SecretBytes seed;
    std::string id;             ///< Empty: not enrolled yet.
    SecretBytes mac_key;        ///< Empty likewise.
    std::int64_t sequence = 0;  ///< Of its last report.

    bool let_in = false;  ///< In this drill.
    bool sick = false;    ///< Likewise: it said that it crashed.
};

inline constexpr int kDrillDevicesMax = 64;

/// The devices of drills, kept in a file of their owner's (0600) from drill to drill, because a
/// server counts a device as part of its ring for days after it was last heard.
///
/// Thread safety: one call at a time.
class DrillDevices {
public:
    /// @param file  Read when it is there.
    DrillDevices(const Context& context, Exchange exchange, std::filesystem::path file)
        : context_(context), exchange_(std::move(exchange)), file_(std::move(file)) {}

    /// Makes sure of `count` devices: those of the file, and new ones, which enrol by the token in
    /// `token_file`. A new key is on the disk before it is enrolled.
    ///
    /// @returns Errc::kBadInput without a token for new ones, and for a token of another tenant or
    ///   ring than the server's drills have: what came by it is a device like any other.
    [[nodiscard]] Result<void> muster(const DrillPlace& place, int count,
                                      const std::string& token_file, const Sha256& build);

    /// One signed report, as agents send them, under a sequence number that was never used.
    /// @returns what the server said of may_activate; Errc::kRefused for a problem.
    [[nodiscard]] Result<bool> say(DrillDevice& device, health::Kind kind, const DrillPlace& place,
                                   std::int64_t counter, const Sha256& build);

    std::vector<DrillDevice>& all() { return devices_; }

private:
    [[nodiscard]] Result<void> load();
    [[nodiscard]] Result<void> save();
    [[nodiscard]] Result<void> enrol(DrillDevice& device, const DrillPlace& place,
                                     const std::string& token, const Sha256& build);

    const Context& context_;
    Exchange exchange_;
    std::filesystem::path file_;
    std::vector<DrillDevice> devices_;
    std::int64_t used_ = 0;  ///< Sequence numbers up to here may have been used by earlier drills.
};

}  // namespace firebreak::cli
