#include "agent/snapshot_worker.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <span>
#include <unordered_set>
#include <utility>

#include "agent/schema_watch.hpp"
#include "apply/applier.hpp"
#include "core/failpoint.hpp"
#include "core/watched_thread.hpp"
#include "replication/slot.hpp"
#include "snapshot/chunk_reader.hpp"

namespace agent {

namespace {

using core::Error;
using core::ErrorKind;
using snapshot::Job;
using snapshot::JobKind;

// Rows and bytes of a piece of a chunk: one target transaction. Larger ones gain nothing and cost memory, times workers.
constexpr std::size_t kPieceRows = 10'000;
constexpr std::size_t kPieceBytes = 6U << 20U;

/// One worker: a session that sees the snapshot, and an applier.
class SnapshotWorker {
 public:
  SnapshotWorker(SnapshotPass& pass, int number)
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

  SnapshotPass& pass_;
  pg::Session source_;
  pg::Session catalog_;  // sees what is, not what the snapshot saw
  apply::Applier applier_;
  core::TableId table_;  // whose chunk is worked on
  std::uint64_t rows_ = 0;
};

}  // namespace

Error moved_while_copied(const std::string& table, const std::string& change) {
  return Error{ErrorKind::Refused, "the source changed a table while it was copied"}
      .with("table", table)
      .with("change", change)
      .remedy(
          "correct mapping.yaml if it names what is no longer there (`agent check` tells); then run `agent snapshot "
          "--table " +
          table + "`, which goes on with the copy and reads this table anew, and start the agent again");
}

void copy_chunks(SnapshotPass& pass, int number) {
  const core::WatchedThread watched{fmt::format("snapshot-{}", number)};
  try {
    SnapshotWorker{pass, number}.work();
  } catch (...) {
    const std::lock_guard lock{pass.mutex};
    if (!pass.failure) pass.failure = std::current_exception();
    pass.schedule.fail();
  }
}

}  // namespace agent
