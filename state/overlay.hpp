#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/lookup.hpp"
#include "core/lsn.hpp"
#include "core/row_status.hpp"
#include "state/store.hpp"

namespace state {

/// What one batch will change in the store, readable before it is written: lookups see the batch's own changes first, then the store.
/// Not thread-safe; each writer has its own, and no two of them touch the same row.
///
/// An overlay that is the store's only writer may be told to spill: what exceeds its memory is written to the store ahead of the
/// commit, each row with what it was before, so that clear(), rollback_to() and, after a crash, the next open take it back. Its
/// commits change the store wholly or not at all. Others see spilled rows before the commit, but in counters().
class Overlay final : public core::Lookup {
 public:
  /// Holds everything in memory until the commit.
  explicit Overlay(Store& store);
  /// Spills what takes more than about `spill_bytes`. Precondition: nobody else writes rows to the store.
  Overlay(Store& store, std::size_t spill_bytes);
  /// What was spilled and not committed is taken back, here or at the next open.
  ~Overlay() override;

  // core::Lookup
  [[nodiscard]] std::optional<core::Row> image(core::TableId table, const core::RowKey& key) override;
  [[nodiscard]] std::vector<core::RowKey> find(core::IndexId index, const core::RowKey& values) override;
  [[nodiscard]] bool is_present(core::EntityId entity, const core::RowKey& key) override;
  [[nodiscard]] core::Uuid uuid(core::EntityId entity, const core::RowKey& key) override;
  [[nodiscard]] core::RowKey owner(core::EntityId entity, const core::RowKey& key) override;

  /// Reads rows into the overlay's cache with one MultiGet, so that what follows finds them there.
  void prefetch(core::TableId table, std::span<const core::RowKey> keys);
  /// Declares that the store holds no row of this table (a first snapshot): saves the look-ups.
  void assume_absent(core::TableId table, std::span<const core::RowKey> keys);

  /// The row as of now: null when there is none. The pointer is valid until the next put, erase, clear or commit.
  [[nodiscard]] const StoredRow* row(core::TableId table, const core::RowKey& key);
  /// Sets the image; a new row starts with status None on every slot. Keeps indexes right.
  void put_image(core::TableId table, const core::RowKey& key, core::Row image);
  /// Removes the row with its index entries, statuses (counters) and target keys.
  void erase(core::TableId table, const core::RowKey& key);
  /// Sets the status of one slot; counters and presence follow. Precondition: the row exists.
  void set_status(core::TableId table, const core::RowKey& key, std::uint16_t slot, core::RowStatus status);
  /// Remembers (or, with an empty text, forgets) the target key that a route without an id has written for this row.
  void set_target_key(core::TableId table, const core::RowKey& key, std::uint16_t slot, std::string target_key);
  /// The lowest key of the rows that have written this target key: thousands may have, and it is asked for each of them.
  [[nodiscard]] std::optional<core::RowKey> lowest_sharing(core::RouteId route, std::string_view target_key);
  /// Keys of a table's rows, in key order, as of now: for TRUNCATE. Bounded by `limit`.
  [[nodiscard]] std::vector<core::RowKey> keys(core::TableId table, const core::RowKey& begin, const core::RowKey& end,
                                               std::size_t limit);

  /// Changes of the counters so far, by RouteId: what the ledger reports with the batch.
  [[nodiscard]] std::vector<core::RouteCounters> counter_changes() const;
  /// Memory that is held, roughly.
  [[nodiscard]] std::size_t bytes() const;
  /// Spills, if more is held than shall be. Then no pointer that row() returned is valid. Throws Error(State).
  void make_room();
  [[nodiscard]] bool is_empty() const;

  /// Writes everything in one or, when it is large, several WriteBatches, with `progress` (if given) and `chunk` (if given) in the last.
  /// Synced unless `sync` says otherwise. Then the overlay is empty.
  enum class Sync : bool { No, Yes };
  void commit(const std::optional<Progress>& progress, const std::optional<Chunk>& chunk, Sync sync = Sync::Yes);
  /// Forgets everything: the target transaction was rolled back. Throws Error(State) when what was spilled cannot be taken back; until it
  /// can (call again), nothing else may be written.
  void clear();

  /// Nested attempt: what is done after `mark()` can be undone by `rollback_to(mark)` (savepoints of the target transaction). Marks are cheap
  /// when nothing follows; cost is proportional to what changed since. An overlay that may spill does so here with what it has.
  struct Mark {
    std::size_t undo = 0;                       ///< steps that can be taken back in memory
    std::uint64_t generation = 0;               ///< of what was spilled before
    std::vector<core::RouteCounters> counters;  ///< counter_changes(), if spilled
  };
  [[nodiscard]] Mark mark();
  void rollback_to(const Mark& mark);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace state
