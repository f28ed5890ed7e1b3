#include "tests/simulation/published.hpp"

#include "core/trust/role_name.hpp"
#include "tests/simulation/truth.hpp"

namespace firebreak::simulation {
namespace {

template <class Document>
std::optional<Document> read_signed(const Disk& disk, const std::string& name,
                                    Result<Document> (*parse)(const json::value&)) {
    const auto file = disk.files.find("repo/metadata/" + name);
    if (file == disk.files.end()) return std::nullopt;
    const Result<trust::Envelope> envelope = trust::parse_envelope(file->second);
    if (!envelope) return std::nullopt;
    Result<Document> document = parse(envelope->signed_part);
    if (!document) return std::nullopt;
    return std::move(*document);
}

}  // namespace

std::optional<trust::Targets> read_role(const Disk& disk, const std::string& role,
                                        trust::Version version) {
    return read_signed(disk, trust::metadata_file_name(role, version), &trust::parse_targets);
}

std::optional<Published> read_published(const Disk& disk) {
    const auto timestamp = read_signed(disk, "timestamp.json", &trust::parse_timestamp);
    if (!timestamp) return std::nullopt;
    const auto snapshot =
        read_signed(disk, trust::metadata_file_name("snapshot", timestamp->snapshot.version),
                    &trust::parse_snapshot);
    if (!snapshot) return std::nullopt;
    const auto rollout = read_role(disk, "rollout", snapshot->meta.at("rollout").version);
    if (!rollout) return std::nullopt;
    const std::string path = trust::ring_pointer_path(kStream);
    const auto target = rollout->targets.find(path);
    if (target == rollout->targets.end()) return std::nullopt;
    const auto file =
        disk.files.find("repo/targets/" + trust::consistent_target_path(path, target->second));
    if (file == disk.files.end()) return std::nullopt;
    const Result<trust::RingPointer> pointer = trust::parse_ring_pointer(file->second);
    if (!pointer) return std::nullopt;
    return Published{*timestamp, *snapshot, *rollout, *pointer};
}

}  // namespace firebreak::simulation
