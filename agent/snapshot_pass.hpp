#pragma once

#include <cstdint>
#include <stop_token>

#include "agent/environment.hpp"
#include "agent/retries.hpp"
#include "agent/snapshot_progress.hpp"
#include "agent/snapshot_result.hpp"
#include "apply/ledger.hpp"
#include "core/lsn.hpp"
#include "pg/exported_snapshot.hpp"
#include "state/store.hpp"

namespace agent {

/// One pass over all chunks that are not finished, under one exported snapshot, with so many workers. Tables that have no chunks yet are cut
/// first. `applied`: where the stream will begin. Tells `retries` when at least one chunk was finished, so that failures begin to count anew.
/// Throws the first failure of a worker; Error(Refused) when the source's tables are not those that the mapping was compiled for.
[[nodiscard]] SnapshotResult copy_unfinished(const Environment& environment, state::Store& store,
                                             const apply::Ledger& ledger, const pg::ExportedSnapshot& exported,
                                             core::Lsn applied, std::uint32_t workers, SnapshotProgress& progress,
                                             const std::stop_token& stop, Retries& retries);

}  // namespace agent
