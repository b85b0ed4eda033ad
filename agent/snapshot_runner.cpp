#include "agent/snapshot_runner.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <exception>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <thread>
#include <unordered_set>
#include <utility>

#include "agent/adoption.hpp"
#include "agent/ledger_query.hpp"
#include "agent/mapping_change.hpp"
#include "agent/quarantine_retry.hpp"
#include "agent/retries.hpp"
#include "agent/schema_watch.hpp"
#include "agent/table_shape.hpp"
#include "apply/applier.hpp"
#include "apply/operator_name.hpp"
#include "core/error.hpp"
#include "core/failpoint.hpp"
#include "core/type_change.hpp"
#include "core/watched_thread.hpp"
#include "cutover/audit.hpp"
#include "pg/exported_snapshot.hpp"
#include "replication/slot.hpp"
#include "snapshot/chunk_planner.hpp"
#include "snapshot/chunk_reader.hpp"
#include "snapshot/schedule.hpp"

namespace agent {

namespace {

using core::Error;
using core::ErrorKind;
using snapshot::Job;
using snapshot::JobKind;

// Rows and bytes of a piece of a chunk: one target transaction. Larger ones gain nothing and cost memory, times workers.
constexpr std::size_t kPieceRows = 10'000;
constexpr std::size_t kPieceBytes = 6U << 20U;
constexpr std::chrono::seconds kMostWaitForSnapshot{600};
// What the context of a worker's error calls the table that it was at.
constexpr const char* kCopying = "copying";

Error moved_while_copied(const std::string& table, const std::string& change) {
  return Error{ErrorKind::Refused, "the source changed a table while it was copied"}
      .with("table", table)
      .with("change", change)
      .remedy(
          "correct mapping.yaml if it names what is no longer there (`agent check` tells); then run `agent snapshot "
          "--table " +
          table + "`, which goes on with the copy and reads this table anew, and start the agent again");
}

/// Everything that the workers of one pass share.
struct Pass {
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

/// One worker: a session that sees the snapshot, and an applier.
class Worker {
 public:
  Worker(Pass& pass, int number)
      : pass_(pass),
        source_(pass.environment.source, fmt::format("snapshot-{}", number)),
        catalog_(pass.environment.source, fmt::format("catalog-{}", number)),
        applier_(pass.environment.target, pass.environment.plan, pass.store, pass.ledger,
                 {.purpose = fmt::format("apply-{}", number),
                  .limit = {.share = pass.environment.config.apply.max_quarantine},
                  .run = pass.store.progress().run,
                  .writers = apply::Writers::Several}) {
    FAILPOINT("before_snapshot_imported");
    pg::import_snapshot(source_, pass.exported.name());
    for (const auto& [table, rows] : pass.table_rows) applier_.expect_rows(table, rows);
    applier_.set_mixed(pass.is_mixed);
    applier_.set_comes_later(
        [this](core::TableId table) { return table != table_ && pass_.schedule.comes_later(table); });
  }

  void work() {
    while (!pass_.stop.stop_requested()) {
      auto job = pass_.schedule.next();
      if (!job) break;
      try {
        run(*job);
      } catch (Error& error) {
        error.with(kCopying, pass_.environment.plan.table(job->chunk.table).name.display());
        throw;
      }
      pass_.schedule.done(*job);
    }
    const std::lock_guard lock{pass_.mutex};
    pass_.result.rows_read += rows_;
    pass_.result.rows_sent += applier_.counts().sent;
    pass_.result.rows_written += applier_.counts().written;
    pass_.result.rows_removed += applier_.counts().removed;
  }

 private:
  void run(Job& job) {
    table_ = job.chunk.table;
    const mapping::SourceTable& table = pass_.environment.plan.table(job.chunk.table);
    switch (job.kind) {
      case JobKind::Load:
        read(job, [&](auto rows) {
          if (pass_.fresh.contains(table.id)) {
            applier_.load_rows(table.id, std::move(rows));
          } else {
            applier_.reload_rows(table.id, std::move(rows));
            commit_target();
          }
        });
        break;
      case JobKind::Copy:
        read(job, [&](auto rows) {
          applier_.apply_rows(table.id, std::move(rows));
          commit_target();
        });
        break;
      case JobKind::Derive: derive(job); break;
    }
    job.chunk.is_loaded = job.chunk.is_loaded || table.is_joined;
    job.chunk.is_finished = job.kind != JobKind::Load || table.routes.empty();
    FAILPOINT("before_chunk_finished");
    applier_.commit_state(std::nullopt, job.chunk, state::Overlay::Sync::Yes);
    FAILPOINT("after_chunk_finished");
    const std::lock_guard lock{pass_.mutex};
    ++pass_.chunks_finished;
  }

  template <typename Take>
  void read(Job& job, Take take) {
    job.chunk.lsn = pass_.exported.consistent_point();
    const core::TableId table = job.chunk.table;
    FAILPOINT("before_copy");
    require_slot();
    snapshot::ChunkReader reader = open_chunk(job.chunk);
    require_same_table(table);
    const bool is_fresh = pass_.fresh.contains(table);
    std::unordered_set<core::RowKey> seen;
    for (auto rows = reader.next(kPieceRows, kPieceBytes); !rows.empty(); rows = reader.next(kPieceRows, kPieceBytes)) {
      if (!is_fresh) {
        for (const auto& row : rows) seen.insert(row.first);
      }
      const auto count = rows.size();
      FAILPOINT("in_copy");
      take(std::move(rows));
      FAILPOINT("before_piece_state");
      applier_.commit_state(std::nullopt, std::nullopt, state::Overlay::Sync::No);
      FAILPOINT("after_piece_state");
      count_rows(table, count);
    }
    FAILPOINT("after_copy");
    reader.close();
    if (!is_fresh) erase_unseen(job.chunk, seen);
  }

  snapshot::ChunkReader open_chunk(const state::Chunk& chunk) {
    try {
      return snapshot::ChunkReader{source_, pass_.shapes[chunk.table.index()], chunk};
    } catch (const Error& error) {
      // A table or a column that is not there (any more): the catalog knows more of it than the server's complaint.
      if (error.sqlstate() == "42P01" || error.sqlstate() == "42703") require_same_table(chunk.table);
      throw;
    }
  }

  /// A copy is worth nothing once the slot, from which its stream is to come, cannot deliver what was written since.
  void require_slot() {
    const std::string& slot = pass_.environment.config.source.slot;
    const auto health = replication::read_slot_health(catalog_, slot);
    if (health && !health->is_lost()) return;
    const pg::Result database = catalog_.exec("select pg_catalog.current_database()");
    replication::require_usable(health, {slot, database.text(0, 0), pass_.applied});
  }

  /// The reader's lock keeps the table as it is now: columns are found by the names that they have now, whatever the snapshot saw under them.
  void require_same_table(core::TableId table) {
    const mapping::Plan& plan = pass_.environment.plan;
    const auto now = read_record(catalog_, plan.table(table));
    const auto change = now ? silent_change(pass_.records.at(table), *now, catalog_)
                            : std::optional{SilentChange{"the table was dropped"}};
    if (!change || change->may_be_told) return;  // what may be told is for the stream to judge
    const std::string name = plan.table(table).name.display();
    const std::vector<state::Chunk> chunks = pass_.store.chunks();
    if (std::ranges::any_of(chunks, [&](const state::Chunk& chunk) {
          return chunk.table == table && (chunk.is_loaded || chunk.is_finished);
        })) {
      throw moved_while_copied(name, change->what);
    }
    // Nothing of it was read: under a new snapshot it is judged by the mapping alone.
    throw Error{ErrorKind::Source, "the source changed a table after the snapshot was taken, before any of it was read"}
        .with("table", name)
        .with("change", change->what)
        .transient();
  }

  /// The chunk's range holds exactly what was read: rows that the store still has went away meanwhile.
  void erase_unseen(const state::Chunk& chunk, const std::unordered_set<core::RowKey>& seen) {
    std::vector<core::RowKey> gone;
    pass_.store.scan_keys(chunk.table, chunk.begin, chunk.end, [&](const core::RowKey& key) {
      if (!seen.contains(key)) gone.push_back(key);
      return true;
    });
    for (std::size_t begin = 0; begin < gone.size(); begin += kPieceRows) {
      FAILPOINT("before_unseen_erased");
      applier_.erase_rows(chunk.table, std::span{gone}.subspan(begin, std::min(kPieceRows, gone.size() - begin)));
      commit_target();
      applier_.commit_state(std::nullopt, std::nullopt, state::Overlay::Sync::No);
    }
  }

  void derive(const Job& job) {
    std::vector<core::RowKey> keys;
    const auto flush = [&] {
      if (keys.empty()) return;
      applier_.derive_rows(job.chunk.table, keys);
      commit_target();
      applier_.commit_state(std::nullopt, std::nullopt, state::Overlay::Sync::No);
      count_rows(job.chunk.table, keys.size());
      keys.clear();
    };
    core::RowKey next = job.chunk.begin;
    for (bool is_at_end = false; !is_at_end;) {
      is_at_end = true;
      pass_.store.scan_keys(job.chunk.table, next, job.chunk.end, [&](const core::RowKey& key) {
        if (keys.size() == kPieceRows) {
          next = key;
          is_at_end = false;
          return false;
        }
        keys.push_back(key);
        return true;
      });
      flush();
    }
  }

  void commit_target() {
    applier_.name_reached();
    applier_.commit_target(std::nullopt);
  }

  void count_rows(core::TableId table, std::size_t rows) {
    rows_ += rows;
    pass_.progress.add(table.index(), static_cast<std::int64_t>(rows));
  }

  Pass& pass_;
  pg::Session source_;
  pg::Session catalog_;  // sees what is, not what the snapshot saw
  apply::Applier applier_;
  core::TableId table_;  // whose chunk is worked on
  std::uint64_t rows_ = 0;
};

void work(Pass& pass, int number) {
  const core::WatchedThread watched{fmt::format("snapshot-{}", number)};
  try {
    Worker{pass, number}.work();
  } catch (...) {
    const std::lock_guard lock{pass.mutex};
    if (!pass.failure) pass.failure = std::current_exception();
    pass.schedule.fail();
  }
}

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

SnapshotResult run_pass(const Environment& environment, state::Store& store, const apply::Ledger& ledger,
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
  Pass pass{.environment = environment,
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
      threads.emplace_back([&pass, number] { work(pass, static_cast<int>(number)); });
    }
  }
  progress.finish();
  if (pass.chunks_finished > 0) retries.came_on();
  if (pass.failure) std::rethrow_exception(pass.failure);
  pass.result.was_stopped = stop.stop_requested();
  return pass.result;
}

/// A worker of an earlier pass may have left a COMMIT under way; rows of it must not come when their chunk has been read anew.
void settle_writers(const Environment& environment, const state::Store& store, const apply::Ledger& ledger) {
  pg::Session target(environment.target, "settle");
  apply::settle_writers(target, ledger, store.progress().run);
}

void write_control(const Environment& environment, pg::Session& target, const apply::Ledger& ledger,
                   const state::Store& store, const std::string& status) {
  const auto counters = store.counters();
  for (const mapping::Route& route : environment.plan.routes) {
    const core::RouteCounters& counts = counters[route.id.index()];
    ledger.write_control(target, {.run = store.progress().run,
                                  .phase = kSnapshotPhase,
                                  .route = route.name,
                                  .status = status,
                                  .total = counts.read,
                                  .processed = counts.applied + counts.filtered,
                                  .failed = counts.parked + counts.quarantined});
  }
}

void audit(const Environment& environment, pg::Session& target, std::string_view phase, const nlohmann::json& detail) {
  cutover::audit(target, environment.config.target.ledger_schema, apply::operator_name(), "snapshot", phase, detail);
}

/// The routes of the table that could not be copied have failed, all of them where it was no single table. Best effort: what failed may be
/// the target.
void write_failure(const Environment& environment, const apply::Ledger& ledger, const state::Store& store,
                   const Error& error) noexcept {
  try {
    pg::Session target(environment.target, "ledger");
    const std::string_view table = error.context(kCopying);
    const nlohmann::json detail = {{"error", error.what()}};
    pg::TransactionBlock block(target);
    for (const mapping::Route& route : environment.plan.routes) {
      if (!table.empty() && environment.plan.table(route.from).name.display() != table) continue;
      ledger.write_control(target, {.run = store.progress().run,
                                    .phase = kSnapshotPhase,
                                    .route = route.name,
                                    .status = "failed",
                                    .detail = detail.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace)});
    }
    audit(environment, target, "failed", detail);
    block.commit();
  } catch (const std::exception& reason) {
    spdlog::debug("could not note on the target that the snapshot failed: {}", reason.what());
  }
}

/// The newest of the snapshots that the chunks were read under, when there are several.
core::Lsn mixed_until(const state::Store& store) {
  const std::vector<state::Chunk> chunks = store.chunks();
  const auto [oldest, newest] = std::minmax_element(
      chunks.begin(), chunks.end(), [](const state::Chunk& a, const state::Chunk& b) { return a.lsn < b.lsn; });
  return chunks.empty() || oldest->lsn == newest->lsn ? core::Lsn{} : newest->lsn;
}

core::Lsn source_position(const Environment& environment) {
  pg::Session source(environment.source, "position");
  const pg::Result result = source.exec(
      "select case when pg_catalog.pg_is_in_recovery() then pg_catalog.pg_last_wal_replay_lsn() else "
      "pg_catalog.pg_current_wal_insert_lsn() end");
  return core::Lsn::parse(result.text(0, 0)).value_or(core::Lsn{});
}

/// What a crash left on the target without local state knowing.
void derive_reached(const Environment& environment, state::Store& store, const apply::Ledger& ledger) {
  if (store.reached().empty()) return;
  apply::Applier applier{environment.target,
                         environment.plan,
                         store,
                         ledger,
                         {.purpose = "reached", .limit = {}, .run = store.progress().run}};
  applier.set_mixed(true);
  applier.derive_reached();
}

/// The tables whose rows a change of the mapping concerns; none: all, also when it is not known what has changed.
std::vector<core::TableId> tables_of(const mapping::Plan& plan, const MappingChange& change) {
  std::vector<core::TableId> tables;
  if (!change.added.empty() || !change.removed.empty()) return tables;
  for (const std::string& name : change.changed) tables.push_back(plan.find_route(name)->from);
  return tables;
}

/// Whether rows that are read now lead to rows of tables that were finished before, as when some tables are repeated: no two workers may
/// derive those at once. (In a first copy, what refers to a table is begun when that is finished.)
bool leads_to_finished_tables(const mapping::Plan& plan, const state::Store& store) {
  std::set<core::TableId> unfinished;
  std::set<core::TableId> unloaded;
  std::set<core::TableId> finished;
  for (const state::Chunk& chunk : store.chunks()) {
    if (!chunk.is_finished) unfinished.insert(chunk.table);
    if (!chunk.is_finished && !chunk.is_loaded) unloaded.insert(chunk.table);
    if (chunk.is_finished) finished.insert(chunk.table);
  }
  for (const core::TableId table : finished) {
    for (const core::TableId other : plan.table(table).after) {
      if (other != table && unfinished.contains(other)) return true;
    }
    for (const core::RouteId route : plan.table(table).routes) {
      for (const mapping::Join& join : plan.route(route).joins) {
        if (unloaded.contains(join.table)) return true;
      }
    }
  }
  return false;
}

void begin_again(state::Store& store, const std::vector<core::TableId>& tables) {
  if (tables.empty()) {
    store.forget_chunks();
    return;
  }
  std::vector<state::Chunk> chunks = store.chunks();
  for (state::Chunk& chunk : chunks) {
    if (std::find(tables.begin(), tables.end(), chunk.table) == tables.end()) continue;
    chunk.is_loaded = false;
    chunk.is_finished = false;
  }
  store.save_chunks(chunks);
}

/// Local state that is behind the target (a crash between the two commits, an old copy of the directory) has rows that are older than the
/// target's. Whatever is derived from them before the stream has caught up would go back on the target, and rows that it does not know yet
/// would look like strays. So what was read before the checkpoint is read again.
void distrust_older_than_target(state::Store& store, const apply::Checkpoint& checkpoint) {
  if (store.progress().applied >= checkpoint.applied) return;
  std::vector<state::Chunk> older = store.chunks();
  std::erase_if(older, [&](const state::Chunk& chunk) {
    return !(chunk.is_loaded || chunk.is_finished) || chunk.lsn >= checkpoint.applied;
  });
  if (older.empty()) return;
  spdlog::warn(
      "local state is behind the target, so that all that it knows is read again local_lsn={} checkpoint_lsn={}",
      store.progress().applied.to_string(), checkpoint.applied.to_string());
  for (state::Chunk& chunk : older) chunk.is_loaded = chunk.is_finished = false;
  store.save_chunks(older);
}

/// Of keys that share an adopted id the lowest owns the row. Where the source has no row of it, the others stay out for want of an owner.
void warn_of_keys_without_owner(const mapping::Plan& plan, const state::Store& store) {
  for (const mapping::Entity& entity : plan.entities) {
    if (entity.adopt.empty() || !plan.route(entity.routes.front()).key_is_primary) continue;
    std::size_t count = 0;
    std::string example;
    store.for_each_adopted(entity.id, [&](const core::RowKey& key, const core::Uuid&, const core::RowKey& owner) {
      if (key == owner || store.row(entity.table, owner) || !store.row(entity.table, key)) return;
      if (++count == 1) example = fmt::format("key={} owner={}", core::key_text(key), core::key_text(owner));
    });
    if (count == 0) continue;
    spdlog::warn(
        "rows stay out of the target, since the key that owns their adopted id has no row on the source entity={} "
        "rows={} {}; remedy: take "
        "the owner out of the entity's `adopt` query and delete it from the ledger's table stored_mappings, then run "
        "`agent snapshot`",
        entity.name, count, example);
  }
}

/// What audit_log remembers of a snapshot that begins. `compares`: what was read before is read again.
nlohmann::json describe_begin(const mapping::Plan& plan, const state::Store& store, bool is_first, bool compares,
                              const std::vector<core::TableId>& tables, const MappingChange& change) {
  const bool goes_on = !compares && !store.chunks().empty();
  nlohmann::json detail = {{"kind", is_first ? "first" : goes_on ? "resumed" : "differential"}};
  for (const core::TableId table : tables) detail["tables"].push_back(plan.table(table).name.display());
  if (!change.is_empty()) {
    detail["mapping"] = {{"changed", change.changed}, {"added", change.added}, {"removed", change.removed}};
  }
  return detail;
}

/// What comes before the first chunk. True when the target may have rows that no chunk explains. May be done again when it failed on the way.
bool begin(const Environment& environment, state::Store& store, const apply::Ledger& ledger, const StartPosition& start,
           bool again, const std::vector<core::TableId>& tables) {
  const bool is_other_mapping = mapping_changed(environment, store);
  const MappingChange change = mapping_change(environment.plan, start.checkpoint.mapping);
  if (is_other_mapping || !change.is_empty()) {
    spdlog::warn("the mapping has changed: rows are compared and brought to its new meaning{}{}",
                 change.is_empty() ? "" : " ", change.describe());
  }
  if (again || is_other_mapping) begin_again(store, is_other_mapping ? tables_of(environment.plan, change) : tables);
  bool compares = again || is_other_mapping || !change.is_empty();
  {
    pg::Session source(environment.source, "schema");
    const auto moved = tables_moved(environment, store, source);
    if (!moved.empty()) begin_again(store, moved);
    compares = compares || !moved.empty();
  }
  distrust_older_than_target(store, start.checkpoint);
  const bool may_have_strays = again || is_other_mapping || target_has_rows(environment);
  state::Progress progress = store.progress();
  progress.meaning = environment.plan.meaning_fingerprint;
  progress.snapshot_finished = false;
  store.save_progress(progress);
  {
    // After the local state: a crash between the two compares more than is needed, never less.
    pg::Session target(environment.target, "ledger");
    pg::TransactionBlock block(target);
    ledger.require_owner(target);
    const bool is_first = ledger.note_found_rows(target, environment.plan) == environment.plan.routes.size();
    ledger.note_mapping(target, describe_mapping(environment.plan));
    write_control(environment, target, ledger, store, "running");
    audit(environment, target, "begin", describe_begin(environment.plan, store, is_first, compares, tables, change));
    block.commit();
  }
  adopt_ids(environment, store, ledger, "snapshot");
  return may_have_strays;
}

/// What follows the last chunk. May be done again when it failed on the way; the ledger is told before the local state, so that it does not
/// call a snapshot running for ever that nobody goes on with.
void finish(const Environment& environment, state::Store& store, const apply::Ledger& ledger, bool may_have_strays,
            SnapshotResult& total) {
  derive_reached(environment, store, ledger);
  if (may_have_strays) total.rows_removed += remove_strays(environment, store, ledger);
  resolve_settled(environment, ledger, store);
  warn_of_keys_without_owner(environment.plan, store);
  {
    const core::Excused compaction{std::chrono::hours{1}};
    store.settle();
  }
  {
    pg::Session target(environment.target, "ledger");
    pg::TransactionBlock block(target);
    ledger.require_owner(target);
    write_control(environment, target, ledger, store, "done");
    audit(environment, target, "finished",
          {{"rows_read", total.rows_read}, {"rows_written", total.rows_written}, {"rows_removed", total.rows_removed}});
    block.commit();
  }
  FAILPOINT("before_snapshot_finished");
  state::Progress progress = store.progress();
  progress.snapshot_finished = true;
  progress.needs_snapshot = false;
  progress.mixed_until = mixed_until(store);
  progress.copied_until = source_position(environment);
  store.save_progress(progress);
}

SnapshotResult copy(const Environment& environment, state::Store& store, const apply::Ledger& ledger,
                    StartPosition& start, bool again, const std::vector<core::TableId>& tables,
                    SnapshotProgress& progress, const std::stop_token& stop) {
  const auto began = std::chrono::steady_clock::now();
  SnapshotResult total;
  Retries retries{"the snapshot was interrupted and goes on"};
  const bool may_have_strays =
      retries.run(stop, [&] { return begin(environment, store, ledger, start, again, tables); });
  const std::uint32_t workers =
      !tables.empty() || leads_to_finished_tables(environment.plan, store) ? 1 : environment.config.snapshot.workers;
  retries.run(stop, [&] {
    // Taken away however this ends: a snapshot keeps the source from cleaning up after itself.
    std::optional<pg::ExportedSnapshot> exported = std::exchange(start.first_snapshot, std::nullopt);
    if (!exported) {
      FAILPOINT("before_snapshot_exported");
      exported.emplace(pg::ExportedSnapshot::temporary(
          environment.source, kMostWaitForSnapshot,
          [](const std::string& blocker) { spdlog::warn("the snapshot waits for {}", blocker); }));
    }
    settle_writers(environment, store, ledger);
    const SnapshotResult pass =
        run_pass(environment, store, ledger, *exported, start.checkpoint.applied, workers, progress, stop, retries);
    total.rows_read += pass.rows_read;
    total.rows_sent += pass.rows_sent;
    total.rows_written += pass.rows_written;
    total.rows_removed += pass.rows_removed;
    total.was_stopped = pass.was_stopped;
  });
  if (total.was_stopped) return total;
  retries.run(stop, [&] {
    settle_writers(environment, store, ledger);
    finish(environment, store, ledger, may_have_strays, total);
  });
  FAILPOINT("after_snapshot_finished");
  total.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  return total;
}

}  // namespace

bool mapping_changed(const Environment& environment, const state::Store& store) {
  const std::string known = store.progress().meaning;
  return !known.empty() && known != environment.plan.meaning_fingerprint;
}

SnapshotResult run_snapshot(const Environment& environment, state::Store& store, const apply::Ledger& ledger,
                            StartPosition& start, bool again, const std::vector<core::TableId>& tables,
                            SnapshotProgress& progress, const std::stop_token& stop) {
  try {
    return copy(environment, store, ledger, start, again, tables, progress, stop);
  } catch (const Error& error) {
    if (!stop.stop_requested()) write_failure(environment, ledger, store, error);
    throw;
  }
}

}  // namespace agent
