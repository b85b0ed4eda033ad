#include "agent/snapshot_pass.hpp"

#include <algorithm>
#include <exception>
#include <map>
#include <set>
#include <thread>
#include <utility>
#include <vector>

#include "agent/schema_watch.hpp"
#include "agent/snapshot_worker.hpp"
#include "agent/table_record.hpp"
#include "agent/table_shape.hpp"
#include "core/error.hpp"
#include "core/failpoint.hpp"
#include "core/type_change.hpp"
#include "core/watched_thread.hpp"
#include "pg/session.hpp"
#include "snapshot/chunk_planner.hpp"
#include "snapshot/schedule.hpp"

namespace agent {

namespace {

using core::Error;
using core::ErrorKind;

std::vector<snapshot::Schedule::Table> schedule_tables(const mapping::Plan& plan) {
  std::vector<snapshot::Schedule::Table> tables;
  for (const mapping::SourceTable& table : plan.tables) {
    tables.push_back(
        {.id = table.id, .after = table.after, .is_joined = table.is_joined, .has_routes = !table.routes.empty()});
  }
  return tables;
}

std::vector<SnapshotProgress::Table> progress_tables(const mapping::Plan& plan,
                                                     const std::vector<state::Chunk>& chunks) {
  std::vector<SnapshotProgress::Table> tables;
  for (const mapping::SourceTable& table : plan.tables) tables.push_back({.name = table.name.display()});
  for (const state::Chunk& chunk : chunks) {
    const mapping::SourceTable& table = plan.table(chunk.table);
    const std::int64_t steps = table.is_joined && !table.routes.empty() ? 2 : 1;  // loaded, then derived
    auto& shown = tables[chunk.table.index()];
    shown.total += steps * chunk.estimated_rows;
    if (chunk.is_finished)
      shown.done += steps * chunk.estimated_rows;
    else if (chunk.is_loaded)
      shown.done += chunk.estimated_rows;
  }
  return tables;
}

/// Cuts the tables that have no chunks yet, in a session that sees the snapshot, and records them.
std::vector<state::Chunk> ensure_chunks(const Environment& environment, state::Store& store,
                                        const std::vector<snapshot::TableShape>& shapes,
                                        const pg::ExportedSnapshot& exported) {
  std::vector<state::Chunk> chunks = store.chunks();
  std::set<core::TableId> planned;
  for (const state::Chunk& chunk : chunks) planned.insert(chunk.table);
  if (planned.size() == shapes.size()) return chunks;
  pg::Session source(environment.source, "plan");
  pg::import_snapshot(source, exported.name());
  std::vector<state::Chunk> added;
  for (const snapshot::TableShape& shape : shapes) {
    if (planned.contains(shape.table)) continue;
    auto cut = snapshot::plan_chunks(source, shape, environment.config.snapshot.chunk_rows);
    added.insert(added.end(), cut.begin(), cut.end());
  }
  FAILPOINT("before_chunks_recorded");
  store.save_chunks(added);
  FAILPOINT("after_chunks_recorded");
  chunks.insert(chunks.end(), added.begin(), added.end());
  return chunks;
}

/// Whether the table is the one that the mapping was compiled for, with its columns in the same order, of types that hold the same values.
bool is_as_planned(const mapping::SourceTable& table, const TableRecord& record) {
  if (record.oid != table.oid || record.name != table.name) return false;
  std::vector<const mapping::ImageColumn*> columns;
  for (const mapping::ImageColumn& column : table.columns) columns.push_back(&column);
  std::ranges::sort(columns, {}, &mapping::ImageColumn::position);
  // The record has them in the order of their numbers.
  return std::ranges::equal(columns, record.columns, [](const mapping::ImageColumn* planned, const auto& found) {
    return planned->name == found.name && core::keeps_values(planned->type, found.type);
  });
}

/// The tables as the snapshot sees them must be those that the mapping was compiled for, and, where chunks were read already, those
/// of these chunks. Recorded for ever after.
TableRecords settle_records(const Environment& environment, state::Store& store, const pg::ExportedSnapshot& exported) {
  const mapping::Plan& plan = environment.plan;
  pg::Session source(environment.source, "catalog");
  pg::import_snapshot(source, exported.name());
  TableRecords records = read_records(source, plan);
  for (const mapping::SourceTable& table : plan.tables) {
    const auto record = records.find(table.id);
    if (record == records.end() || !is_as_planned(table, record->second)) {
      throw Error{ErrorKind::Refused, "the source changed a table after the mapping was compiled for it"}
          .with("table", table.name.display())
          .remedy("run the command again: it reads the catalog anew");
    }
    if (!record->second.obstacle.what.empty()) throw refused_for(record->second.obstacle, table.name.display());
  }
  const TableRecords stored = stored_records(environment, store);
  for (const state::Chunk& chunk : store.chunks()) {
    if (!chunk.is_loaded && !chunk.is_finished) continue;
    const auto before = stored.find(chunk.table);
    if (before == stored.end()) continue;
    const auto change = silent_change(before->second, records.at(chunk.table), source);
    if (!change) continue;
    if (!change->may_be_told) throw moved_while_copied(plan.table(chunk.table).name.display(), change->what);
    records.at(chunk.table) = before->second;  // for the stream to judge
  }
  store_records(environment, store, records);
  return records;
}

std::set<core::TableId> tables_without_rows(const mapping::Plan& plan, const state::Store& store) {
  std::set<core::TableId> tables;
  for (const mapping::SourceTable& table : plan.tables) {
    bool is_empty = true;
    store.scan_keys(table.id, {}, {}, [&](const core::RowKey&) {
      is_empty = false;
      return false;
    });
    if (is_empty) tables.insert(table.id);
  }
  return tables;
}

}  // namespace

SnapshotResult copy_unfinished(const Environment& environment, state::Store& store, const apply::Ledger& ledger,
                               const pg::ExportedSnapshot& exported, core::Lsn applied, std::uint32_t workers,
                               SnapshotProgress& progress, const std::stop_token& stop, Retries& retries) {
  const std::set<core::TableId> fresh = tables_without_rows(environment.plan, store);
  std::vector<snapshot::TableShape> shapes;
  for (const mapping::SourceTable& table : environment.plan.tables) shapes.push_back(shape_of(table));
  const TableRecords records = settle_records(environment, store, exported);
  const auto chunks = ensure_chunks(environment, store, shapes, exported);
  std::map<core::TableId, std::int64_t> table_rows;
  for (const state::Chunk& chunk : chunks) table_rows[chunk.table] += chunk.estimated_rows;
  snapshot::Schedule schedule{schedule_tables(environment.plan), chunks};
  progress.begin(progress_tables(environment.plan, chunks));
  SnapshotPass pass{.environment = environment,
                    .store = store,
                    .ledger = ledger,
                    .shapes = shapes,
                    .table_rows = table_rows,
                    .fresh = fresh,
                    .schedule = schedule,
                    .progress = progress,
                    .exported = exported,
                    .records = records,
                    .applied = applied,
                    .is_mixed = std::any_of(chunks.begin(), chunks.end(),
                                            [&](const state::Chunk& chunk) {
                                              return (chunk.is_loaded || chunk.is_finished) &&
                                                     chunk.lsn != exported.consistent_point();
                                            }),
                    .stop = stop,
                    .mutex = {},
                    .result = {},
                    .chunks_finished = 0,
                    .failure = nullptr};
  {
    const std::stop_callback wake{stop, [&] { schedule.fail(); }};
    const core::Excused while_they_work;
    std::vector<std::jthread> threads;
    for (std::uint32_t number = 1; number <= workers; ++number) {
      threads.emplace_back([&pass, number] { copy_chunks(pass, static_cast<int>(number)); });
    }
  }
  progress.finish();
  if (pass.chunks_finished > 0) retries.came_on();
  if (pass.failure) std::rethrow_exception(pass.failure);
  pass.result.was_stopped = stop.stop_requested();
  return pass.result;
}

}  // namespace agent
