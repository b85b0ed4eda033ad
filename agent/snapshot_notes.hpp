#pragma once

#include <vector>

#include "agent/environment.hpp"
#include "agent/mapping_change.hpp"
#include "agent/snapshot_result.hpp"
#include "apply/ledger.hpp"
#include "core/error.hpp"
#include "core/ids.hpp"
#include "state/store.hpp"

namespace agent {

// What the ledger is told of a snapshot (sync_control, audit_log, origins of rows), each in a transaction of its own. Errors: Error(Target),
// and Error(Refused) when another agent has this slot.

/// Before the first chunk. `compares`: what was read before is read again, of `tables` (empty: all).
void note_snapshot_begun(const Environment& environment, const state::Store& store, const apply::Ledger& ledger,
                         bool compares, const std::vector<core::TableId>& tables, const MappingChange& change);
/// After the last one.
void note_snapshot_finished(const Environment& environment, const state::Store& store, const apply::Ledger& ledger,
                            const SnapshotResult& result);
/// The routes of the table that could not be copied have failed, all of them where it was no single table. Best effort: what failed may be
/// the target.
void note_snapshot_failed(const Environment& environment, const state::Store& store, const apply::Ledger& ledger,
                          const core::Error& error) noexcept;

}  // namespace agent
