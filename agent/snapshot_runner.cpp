#include "agent/snapshot_runner.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <set>
#include <utility>

#include "agent/adoption.hpp"
#include "agent/ledger_query.hpp"
#include "agent/mapping_change.hpp"
#include "agent/quarantine_retry.hpp"
#include "agent/retries.hpp"
#include "agent/schema_watch.hpp"
#include "agent/snapshot_notes.hpp"
#include "agent/snapshot_pass.hpp"
#include "apply/applier.hpp"
#include "core/error.hpp"
#include "core/failpoint.hpp"
#include "core/watched_thread.hpp"
#include "pg/exported_snapshot.hpp"
#include "pg/session.hpp"

namespace agent {

namespace {

constexpr std::chrono::seconds kMostWaitForSnapshot{600};

/// A worker of an earlier pass may have left a COMMIT under way; rows of it must not come when their chunk has been read anew.
void settle_writers(const Environment& environment, const state::Store& store, const apply::Ledger& ledger) {
  pg::Session target(environment.target, "settle");
  apply::settle_writers(target, ledger, store.progress().run);
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
  // After the local state: a crash between the two compares more than is needed, never less.
  note_snapshot_begun(environment, store, ledger, compares, tables, change);
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
  note_snapshot_finished(environment, store, ledger, total);
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
    const SnapshotResult pass = copy_unfinished(environment, store, ledger, *exported, start.checkpoint.applied,
                                                workers, progress, stop, retries);
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
  } catch (const core::Error& error) {
    if (!stop.stop_requested()) note_snapshot_failed(environment, store, ledger, error);
    throw;
  }
}

}  // namespace agent
