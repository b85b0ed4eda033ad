#pragma once

#include <cstddef>
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
class Overlay final : public core::Lookup {
 public:
  explicit Overlay(Store& store);
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
  [[nodiscard]] std::vector<core::RowKey> sharing_target_key(core::RouteId route, std::string_view target_key);
  /// Keys of a table's rows, in key order, as of now: for TRUNCATE. Bounded by `limit`.
  [[nodiscard]] std::vector<core::RowKey> keys(core::TableId table, const core::RowKey& begin, const core::RowKey& end,
                                               std::size_t limit);

  /// Changes of the counters so far, by RouteId: what the ledger reports with the batch.
  [[nodiscard]] std::vector<core::RouteCounters> counter_changes() const;
  [[nodiscard]] std::size_t bytes() const;
  [[nodiscard]] bool is_empty() const;

  /// Writes everything in one or, when it is large, several WriteBatches, with `progress` (if given) and `chunk` (if given) in the last.
  /// Synced unless `sync` says otherwise. Then the overlay is empty.
  enum class Sync : bool { No, Yes };
  void commit(const std::optional<Progress>& progress, const std::optional<Chunk>& chunk, Sync sync = Sync::Yes);
  /// Forgets everything: the target transaction was rolled back.
  void clear();

  /// Nested attempt: what is done after `mark()` can be undone by `rollback_to(mark)` (savepoints of the target transaction). Marks are cheap
  /// when nothing follows; cost is proportional to what changed since.
  using Mark = std::size_t;
  [[nodiscard]] Mark mark();
  void rollback_to(Mark mark);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace state
