#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/bytes.hpp"
#include "core/base/error.hpp"
#include "core/signing/signer.hpp"
#include "validator/report/finding.hpp"

namespace firebreak::validator {

/// An error that somebody decided to ship in spite of, for a time. docs/formats/waivers.md.
struct Waiver {
    std::string finding{};  ///< "FB701".
    std::string stream{};
    std::string rule{};  ///< These three are conditions where they are not empty; one of them is.
    std::string file{};
    std::string fingerprint{};
    std::string reason{};
    std::string who{};
    std::chrono::sys_seconds expires{};
};

inline constexpr std::string_view kWaiversPayloadType = "application/vnd.firebreak.waivers.v1+json";

/// A waiver is for the time that a repair takes.
inline constexpr std::chrono::days kWaiverDaysMax{180};

inline constexpr std::size_t kWaiversMax = 1'000;
inline constexpr std::uint64_t kWaiverFileBytesMax = 2U << 20U;

/// Whether errors of that kind can be waived at all. What could take endpoints down, or leaves
/// nothing to judge by, cannot; nor can a kind that nobody has decided on yet.
bool waivable(std::string_view finding_id);

/// Whether `waiver` takes in `finding`, of a bundle of `stream`.
bool covers(const Waiver& waiver, const Finding& finding, std::string_view stream);

/// Whether each of `waivers` may be used at `now`.
///
/// @returns Errc::kInvalid with the entry's number and what is wrong with it: an id that is not
///   known, is a warning, or cannot be waived; no stream, reason, person or condition; expired, or
///   to expire later than kWaiverDaysMax from now. Errc::kTooLarge past kWaiversMax.
[[nodiscard]] Result<void> check_waivers(const std::vector<Waiver>& waivers,
                                         std::chrono::sys_seconds now);

/// The DSSE envelope around `waivers`, signed.
[[nodiscard]] Result<Bytes> sign_waivers(const std::vector<Waiver>& waivers,
                                         const signing::Signer& signer);

/// The waivers in `envelope`. Does not look at their content: check_waivers() does.
///
/// @returns trust::Errc::kThresholdNotMet when `key` did not sign it; Errc::kMalformed, with the
///   member's path, for an envelope or a list that breaks schemas/waivers.v1.json.
[[nodiscard]] Result<std::vector<Waiver>> open_waivers(ByteView envelope, const trust::Key& key);

}  // namespace firebreak::validator
