#pragma once

#include <optional>
#include <string>

#include "core/trust/metadata.hpp"
#include "core/trust/ring_rule.hpp"
#include "tests/simulation/disk.hpp"

namespace firebreak::simulation {

/// What the files on the server's disk tell whoever looks now.
struct Published {
    trust::Timestamp timestamp;
    trust::Snapshot snapshot;
    trust::Targets rollout;
    trust::RingPointer pointer;
};

/// @returns nothing as long as there is no pointer, and when a file is missing or spoilt.
std::optional<Published> read_published(const Disk& disk);

/// Of a role below targets, that version of it.
std::optional<trust::Targets> read_role(const Disk& disk, const std::string& role,
                                        trust::Version version);

}  // namespace firebreak::simulation
