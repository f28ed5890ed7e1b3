#pragma once

#include <filesystem>

#include "client/cycle_state.hpp"
#include "client/report_queue.hpp"
#include "core/base/file_store.hpp"

namespace firebreak::client {

/// All that an agent must not forget, in one file: so that a decision and the reports it causes are
/// on disk together or not at all.
struct AgentState {
    CycleState cycle;
    ReportQueue reports;

    friend bool operator==(const AgentState&, const AgentState&) = default;
};

/// state.json: {"format": 1, "check": sha256 of the rest, "state": {"cycle", "reports"}}. The check
/// is there because one flipped bit can turn a valid state into another valid one.
///
/// @returns the state; Errc::kNotFound; Errc::kCorrupt with the reason; or an errno.
[[nodiscard]] Result<AgentState> read_state(const FileStore& store,
                                            const std::filesystem::path& path);

[[nodiscard]] Result<void> write_state(FileStore& store, const std::filesystem::path& path,
                                       const AgentState& state);

/// Moves a state that cannot be read to `path`.corrupt, for whoever wants to know why. What cannot
/// be moved is overwritten by the next write.
void set_aside(FileStore& store, const std::filesystem::path& path);

}  // namespace firebreak::client
