#pragma once

#include <rocksdb/write_batch.h>

#include <string>
#include <vector>

#include "core/row_key.hpp"
#include "core/row_status.hpp"
#include "state/database.hpp"
#include "state/index_entries.hpp"
#include "state/layout.hpp"
#include "state/presence.hpp"
#include "state/store_impl.hpp"
#include "state/stored_row.hpp"

/// Internal to state/.
namespace state {

/// Changed rows on their way into one WriteBatch: each whole, with its index entries, its target keys and the counters that it moves, so
/// that a batch is right by itself.
class RowBatch {
 public:
  /// `inside` must outlive the batch.
  explicit RowBatch(Store::Impl& inside);

  /// The row as the store has it.
  struct Before {
    const std::vector<core::RowStatus>& statuses;
    const std::vector<std::string>& target_keys;
    const std::vector<core::RowKey>* index_values;  ///< of the table's indexes; null while the image stays
  };
  /// The row as it becomes.
  struct After {
    const StoredRow& row;
    const std::vector<core::RowKey>* index_values;  ///< null while the image stays
  };
  /// Null: there is no row. Precondition: where the image changes, both sides that are there have index values.
  void put(const TableLayout& table, const core::RowKey& key, const Before* before, const After* after);

  /// For what goes into the same write.
  [[nodiscard]] rocksdb::WriteBatch& batch() { return batch_; }
  [[nodiscard]] std::size_t bytes() const { return batch_.GetDataSize(); }
  [[nodiscard]] bool is_empty() const { return batch_.Count() == 0 && !has_rows_; }

  /// Writes all of it or nothing; presence follows, the counters in memory are left to the caller. Then the batch is empty.
  void write(Database::Durability durability);
  /// What the last write() moved, by RouteId.
  [[nodiscard]] const std::vector<core::RouteCounters>& moved() const { return moved_; }

 private:
  void put_index_entries(const TableLayout& table, const core::RowKey& key, const Before* before, const After* after);

  Store::Impl& inside_;
  rocksdb::WriteBatch batch_;
  std::vector<core::RouteCounters> changes_;
  std::vector<core::RouteCounters> moved_;
  std::vector<Presence::Move> moves_;
  IndexEntries index_entries_;  ///< to put; in key order they go into the memtable at half the cost
  std::string head_;            ///< of the stored row in hand: kept for its memory
  bool has_rows_ = false;
};

}  // namespace state
