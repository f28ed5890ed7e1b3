#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

#include "validator/sandbox/policy.hpp"

namespace firebreak::validator {

/// How thorough a run is: pr answers an author within two minutes, gate stands before a release
/// (six minutes), nightly takes the time it needs.
enum class ProfileName : std::uint8_t { kPr, kGate, kNightly };

inline constexpr std::size_t kProfiles = 3;

std::string_view to_string(ProfileName name);
std::optional<ProfileName> profile_of(std::string_view name);

/// How much of the goodware is driven. Past a cap a sample is taken, the same for the same seed.
struct CorpusCaps {
    std::uint64_t files_max;
    std::uint64_t bytes_max;
    std::uint64_t file_bytes_max;  ///< Larger files are left out, and counted as such.
};

/// What loading and scanning may cost, whatever the last release cost.
struct CostCaps {
    std::chrono::milliseconds load_cpu_max;
    std::uint64_t memory_bytes_max;
    double mebibytes_per_second_min;
    /// For an input of up to 128 KiB that repeats something a rule looks for.
    std::chrono::milliseconds amplified_cpu_max = std::chrono::seconds{1};
    std::uint64_t amplified_memory_max = 256U << 20U;
};

/// How much is fuzzed, in each build. Executions decide, time is only a cap (catalogue.cpp).
struct FuzzCaps {
    std::uint64_t executions;  ///< Inputs over the content as it is.
    std::uint64_t neighbours;  ///< Contents a little different from it.
};

struct Profile {
    ProfileName name;
    SandboxPolicy sandbox;
    CorpusCaps corpus;
    CostCaps cost;
    FuzzCaps fuzz;
};

const Profile& profile(ProfileName name);

}  // namespace firebreak::validator
