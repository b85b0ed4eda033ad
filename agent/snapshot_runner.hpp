#pragma once

#include <stop_token>
#include <string>
#include <vector>

#include "agent/environment.hpp"
#include "agent/snapshot_progress.hpp"
#include "agent/snapshot_result.hpp"
#include "agent/start_position.hpp"
#include "apply/ledger.hpp"
#include "state/store.hpp"

namespace agent {

/// Whether the chunks in the store were derived under another mapping than this: then a snapshot compares everything again.
[[nodiscard]] bool mapping_changed(const Environment& environment, const state::Store& store);

/// Copies (or, where rows are there already, compares and corrects) everything that is not finished: several workers, each with a
/// session on the source that sees one exported snapshot and a session on the target. Finished chunks are never read again by
/// a resumed run; `again` starts a new, differential run over `tables` (empty: all). `progress` shows how far it is.
[[nodiscard]] SnapshotResult run_snapshot(const Environment& environment, state::Store& store,
                                          const apply::Ledger& ledger, StartPosition& start, bool again,
                                          const std::vector<core::TableId>& tables, SnapshotProgress& progress,
                                          const std::stop_token& stop);

}  // namespace agent
