#pragma once

#include <cstdint>
#include <exception>
#include <map>
#include <mutex>
#include <set>
#include <stop_token>
#include <string>
#include <vector>

#include "agent/environment.hpp"
#include "agent/snapshot_progress.hpp"
#include "agent/snapshot_result.hpp"
#include "agent/table_record.hpp"
#include "apply/ledger.hpp"
#include "core/error.hpp"
#include "core/ids.hpp"
#include "core/lsn.hpp"
#include "pg/exported_snapshot.hpp"
#include "snapshot/schedule.hpp"
#include "snapshot/table_shape.hpp"
#include "state/store.hpp"

namespace agent {

/// What the context of a worker's error calls the table that it was at.
inline constexpr const char* kCopying = "copying";

/// What the workers of one pass over the unfinished chunks share: they see one exported snapshot.
struct SnapshotPass {
  const Environment& environment;
  state::Store& store;
  const apply::Ledger& ledger;
  const std::vector<snapshot::TableShape>& shapes;  // by TableId
  const std::map<core::TableId, std::int64_t>& table_rows;
  const std::set<core::TableId>& fresh;  // tables of which the store held nothing before
  snapshot::Schedule& schedule;
  SnapshotProgress& progress;
  const pg::ExportedSnapshot& exported;
  const TableRecords& records;  // as the snapshot sees the tables
  const core::Lsn applied;      // where the stream will begin
  const bool is_mixed;          // some chunks are of another snapshot than this pass's
  std::stop_token stop;

  // Protected by mutex.
  std::mutex mutex;
  SnapshotResult result;
  int chunks_finished = 0;
  std::exception_ptr failure;
};

/// Works as worker `number` (from 1) through the pass's schedule, until nothing is left or it is stopped: a session on the source that sees
/// the snapshot, and one on the target. Does not throw: the first failure of all workers stands in the pass, and ends the others too.
void copy_chunks(SnapshotPass& pass, int number);

/// Error(Refused): nothing but a new copy of the table is right after this change.
[[nodiscard]] core::Error moved_while_copied(const std::string& table, const std::string& change);

}  // namespace agent
