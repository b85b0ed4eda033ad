#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/held_transactions.hpp"
#include "core/ids.hpp"
#include "core/lsn.hpp"
#include "core/row_key.hpp"
#include "core/row_status.hpp"
#include "core/uuid.hpp"
#include "state/identity.hpp"
#include "state/layout.hpp"
#include "state/reached_rows.hpp"
#include "state/stored_row.hpp"

namespace state {

/// A chunk of the snapshot: a primary-key range of one table, and what is known of it.
struct Chunk {
  core::TableId table;
  std::uint32_t number = 0;  ///< from 0, in key order
  core::RowKey begin;        ///< first key; empty: from the start
  core::RowKey end;          ///< first key of the next chunk; empty: to the end
  std::int64_t estimated_rows = 0;
  bool is_loaded = false;    ///< images are in the store (joined tables are loaded before they are derived)
  bool is_finished = false;  ///< derived, and on the target
  core::Lsn lsn;             ///< of the snapshot that it was read from; a change with commit_lsn below it is contained
};

/// Progress that must survive: the local mirror of the target's checkpoint row, and the snapshot's phase.
struct Progress {
  core::Lsn applied;                ///< everything before it is on the target and in this store
  core::Lsn slot_consistent_point;  ///< of the persistent slot when it was made
  std::string run;                  ///< names the migration_control run
  bool snapshot_finished = false;
  bool needs_snapshot = true;  ///< images must be (re)built: a first run, or a changed mapping
  /// Chunks were read under several snapshots: a row may have been derived from a joined row of another moment, so that what was refused
  /// until then is tried again when `applied` gets here. 0/0: everything is of one moment, or settled.
  core::Lsn mixed_until;
  /// Where the source's log was when the last chunk had been read.
  core::Lsn copied_until;
  /// Fingerprint of the mapping under which the chunks were derived; empty before the first.
  std::string meaning;
  /// Tokens with which this directory's processes took the slot's checkpoint row: of the last that is known to have it, and of the next,
  /// which a crash may have kept from it. An older copy of the directory does not have them.
  std::string token;
  std::string next_token;
};

/// The embedded store. One writer at a time per row; reads from any thread. Knows no SQL.
/// Everything that is written goes through Overlay (rows) or one of the explicit functions below, each a single atomic WriteBatch.
class Store {
 public:
  struct Options {
    std::filesystem::path directory;
    std::size_t memory_budget_bytes = 64U << 20U;  ///< block cache and memtables together
  };

  struct Impl;  ///< known to state/ alone

  /// Opens or creates, takes the lock. Throws Error(State): in use (names the holder's pid where known), damaged, or of a newer format.
  /// A different `layout.fingerprint` empties rows, indexes, counters and chunks (not adopted ids) and sets needs_snapshot.
  /// A different `identity` is refused with both values named.
  static std::unique_ptr<Store> open(const Options& options, const Identity& identity, const Layout& layout);
  ~Store();
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  [[nodiscard]] const Layout& layout() const;
  [[nodiscard]] Progress progress() const;
  /// Synced.
  void save_progress(const Progress& progress);

  /// Names rows that the target is about to hold otherwise than this store says; returns the number to forget them by. Synced.
  [[nodiscard]] std::uint64_t name_reached(std::span<const RowName> rows);
  void forget_reached(std::uint64_t number);
  /// Everything that is still named, with its number.
  [[nodiscard]] std::vector<std::pair<std::uint64_t, std::vector<RowName>>> reached() const;

  /// Forgets rows, indexes, counters, chunks and positions in one synced write; whose it is, adopted ids, the run and its tokens stay. Nobody else may
  /// use the store meanwhile, and no reference into it survives.
  void empty();

  // The chunk log.
  [[nodiscard]] std::vector<Chunk> chunks() const;  ///< all, by table and number
  void save_chunks(std::span<const Chunk> chunks);  ///< one synced batch
  void forget_chunks();
  /// LSN of the snapshot that the row of `key` was read from; the gate for changes from the stream. 0/0 where no chunk is known.
  /// Fast: in memory, and constant time once every chunk lies below `progress().applied`.
  [[nodiscard]] core::Lsn chunk_lsn(core::TableId table, const core::RowKey& key) const;

  /// What every row of the table was read from at least: a transaction that this contains changes nothing there, whichever its rows.
  [[nodiscard]] core::Lsn table_lsn(core::TableId table) const;

  /// What the caller noted of the source's schema when rows were read, by name: text that means nothing here, and outlives a change of layout.
  [[nodiscard]] std::map<std::string, std::string> schema_notes() const;
  /// Replaces those of the given names. Synced.
  void save_schema_notes(const std::map<std::string, std::string>& notes);

  // Adopted ids: given to a legacy key by an earlier migration.
  struct Adopted {
    core::RowKey key;
    core::Uuid uuid;
  };
  /// Replaces the adopted ids of an entity. Several keys may have one UUID: the lowest key owns it. Returns the number of stored ids. Synced.
  std::size_t adopt(core::EntityId entity, std::vector<Adopted> ids);
  void for_each_adopted(core::EntityId entity, const std::function<void(const core::RowKey& key, const core::Uuid& uuid,
                                                                        const core::RowKey& owner)>& visit) const;
  [[nodiscard]] core::Uuid uuid(core::EntityId entity, const core::RowKey& key) const;
  [[nodiscard]] bool is_adopted(core::EntityId entity, const core::RowKey& key) const;
  [[nodiscard]] core::RowKey owner(core::EntityId entity, const core::RowKey& key) const;
  /// All keys that share the owner's UUID, the owner first.
  [[nodiscard]] std::vector<core::RowKey> merged_keys(core::EntityId entity, const core::RowKey& owner) const;

  // Rows, as last committed.
  [[nodiscard]] std::optional<StoredRow> row(core::TableId table, const core::RowKey& key) const;
  [[nodiscard]] std::vector<std::optional<StoredRow>> rows(core::TableId table,
                                                           std::span<const core::RowKey> keys) const;  ///< MultiGet
  /// Visits rows with begin <= key < end in key order (empty: unbounded) until `visit` returns false.
  void scan(core::TableId table, const core::RowKey& begin, const core::RowKey& end,
            const std::function<bool(const core::RowKey& key, StoredRow row)>& visit) const;
  /// The same for keys only.
  void scan_keys(core::TableId table, const core::RowKey& begin, const core::RowKey& end,
                 const std::function<bool(core::RowKey key)>& visit) const;
  [[nodiscard]] std::vector<core::RowKey> find(core::TableId table, core::IndexId index,
                                               const core::RowKey& values) const;
  [[nodiscard]] bool is_present(core::EntityId entity, const core::RowKey& key) const;
  /// Of the legacy rows whose row in a route without an id is `target_key`, the lowest key that `accepts` takes: it is asked key by key, in order.
  [[nodiscard]] std::optional<core::RowKey> lowest_sharing(
      core::RouteId route, std::string_view target_key,
      const std::function<bool(const core::RowKey& key)>& accepts) const;

  /// Where streamed transactions wait for their commit; empty at every open. For one thread at a time.
  [[nodiscard]] core::HeldTransactions& held_transactions();

  /// Counters per route, by RouteId.
  [[nodiscard]] std::vector<core::RouteCounters> counters() const;
  /// Counts the statuses anew from the rows, for comparison with counters().
  [[nodiscard]] std::vector<core::RouteCounters> recount() const;

  [[nodiscard]] std::uint64_t size_bytes() const;  ///< on disk, approximately
  /// Compacts what the snapshot left behind.
  void settle();

 private:
  friend class Census;
  friend class Overlay;
  explicit Store(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace state
