#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "client/cycle_state.hpp"
#include "core/base/file_store.hpp"
#include "core/content/bundle.hpp"
#include "core/trust/ring_rule.hpp"

namespace firebreak::client {

/// What stands beside a bundle in its slot, so that a device without network, or without its state
/// file, still knows what it has.
struct SlotRecord {
    std::string stream;
    ContentRef content;
    trust::ContentTerms terms;  ///< As the content role signed them when it was fetched.
    bool confirmed = false;     ///< Ran here, and the device stayed well.
};

/// The two places for a bundle: slots/a and slots/b, each a `bundle.fbb` and a `record.json`.
///
/// A slot counts as filled only with a record, which is written last and removed first: a device
/// that dies in between has an empty slot, never half a bundle. What is read is checked against the
/// record's digest each time, for disks rot and people edit.
///
/// Thread safety: none. Tests: tests/unit/client/slots_test.cpp.
class Slots {
public:
    /// @param store  Outlives this.
    Slots(FileStore& store, std::filesystem::path folder);

    /// Makes the folders. @returns an errno.
    [[nodiscard]] Result<void> prepare();

    /// @returns the record; Errc::kNotFound for an empty slot; Errc::kCorrupt for one that cannot
    /// be
    ///   read.
    [[nodiscard]] Result<SlotRecord> record(SlotName slot) const;

    /// @returns the bundle's bytes, whose digest is `expected`; Errc::kNotFound; or Errc::kCorrupt
    ///   when the slot holds anything else.
    [[nodiscard]] Result<Bytes> read(SlotName slot, const ContentRef& expected) const;

    /// Puts `bundle` there in place of whatever was. On failure the slot is empty, or what it was.
    /// @pre sha256(bundle) == record.content.sha256.
    [[nodiscard]] Result<void> write(SlotName slot, const SlotRecord& record, ByteView bundle);

    /// Replaces the record beside a bundle that stays.
    [[nodiscard]] Result<void> rewrite_record(SlotName slot, const SlotRecord& record);

    std::filesystem::path bundle_path(SlotName slot) const;

private:
    std::filesystem::path record_path(SlotName slot) const;

    FileStore& store_;
    std::filesystem::path folder_;
};

/// What can be said without a state file: confirmed content is good, the newest of it is last known
/// good, and what is there unconfirmed may be what destroyed the state, so it is quarantined.
CycleState rebuild_from(const Slots& slots);

}  // namespace firebreak::client
