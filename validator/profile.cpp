#include "validator/profile.hpp"

#include <algorithm>

namespace firebreak::validator {
namespace {

using std::chrono::seconds;

constexpr std::uint64_t kMebibyte = 1U << 20U;
constexpr std::uint64_t kGibibyte = 1U << 30U;

constexpr std::array<std::string_view, kProfiles> kNames{"pr", "gate", "nightly"};

// The floor of 1 MiB/s lies between what good rule sets reach (10 to 43 MiB/s) and what the ones do
// that nobody can deploy (0.4): docs/findings.md, FB903.
constexpr CostCaps kCost{.load_cpu_max = seconds{10},
                         .memory_bytes_max = 512 * kMebibyte,
                         .mebibytes_per_second_min = 1.0};

constexpr Patience kShort{.cpu = seconds{10}, .wall = seconds{30}};
constexpr Patience kLong{.cpu = seconds{20}, .wall = seconds{60}};

const std::array<Profile, kProfiles> kTable{{
    {.name = ProfileName::kPr,
     .sandbox = {.load = kShort, .evaluate = kShort},
     .corpus = {.files_max = 10'000,
                .bytes_max = 512 * kMebibyte,
                .file_bytes_max = 16 * kMebibyte},
     .cost = kCost,
     .fuzz = {.executions = 6'000, .neighbours = 24}},
    {.name = ProfileName::kGate,
     .sandbox = {.load = kLong, .evaluate = kLong},
     .corpus = {.files_max = 200'000,
                .bytes_max = 16 * kGibibyte,
                .file_bytes_max = 64 * kMebibyte},
     .cost = kCost,
     .fuzz = {.executions = 20'000, .neighbours = 48}},
    {.name = ProfileName::kNightly,
     .sandbox = {.load = kLong, .evaluate = kLong},
     .corpus = {.files_max = 10'000'000,
                .bytes_max = 1024 * kGibibyte,
                .file_bytes_max = 64 * kMebibyte},
     .cost = kCost,
     .fuzz = {.executions = 20'000'000, .neighbours = 20'000}},
}};

}  // namespace

std::string_view to_string(ProfileName name) {
    return kNames.at(static_cast<std::size_t>(name));
}

std::optional<ProfileName> profile_of(std::string_view name) {
    const auto* const found = std::ranges::find(kNames, name);
    if (found == kNames.end()) return std::nullopt;
    return static_cast<ProfileName>(found - kNames.begin());
}

const Profile& profile(ProfileName name) {
    return kTable.at(static_cast<std::size_t>(name));
}

}  // namespace firebreak::validator
