#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

#include "apply/projection.hpp"
#include "core/change.hpp"
#include "core/lsn.hpp"
#include "state/overlay.hpp"

namespace apply {

/// A source row of one table.
struct TableRow {
  core::TableId table;
  core::RowKey key;
  friend bool operator==(const TableRow&, const TableRow&) = default;
};

struct TableRowHash {
  std::size_t operator()(const TableRow& row) const noexcept {
    return std::hash<core::RowKey>{}(row.key) * 31U + row.table.value;
  }
};

/// Rows that a batch changed, each with what it was before the batch. Compaction: however often a row changes, its last image counts.
class Batch {
 public:
  Batch(const mapping::Plan& plan, const state::Store& store, state::Overlay& overlay, Projections& projections)
      : plan_(plan), store_(store), overlay_(overlay), projections_(projections) {}

  /// Takes a change of the transaction `commit` into the images. What a row's snapshot chunk already contains is skipped and counted.
  /// Throws Error(Refused) when the change cannot be understood without damage (an update of a row never seen, a TRUNCATE
  /// that a route forbids, a table whose columns are no longer those that the mapping was compiled for).
  void add(const core::Change& change, core::CommitLsn commit);

  /// Takes an image as it is (a row of a snapshot chunk).
  void put(core::TableId table, const core::RowKey& key, core::Row image);
  /// A row that is no longer there.
  void erase(core::TableId table, const core::RowKey& key);

  /// The rows touched so far and what they were at first touch (nothing: they were not there); then starts anew.
  using Touched = std::vector<std::pair<TableRow, std::optional<state::StoredRow>>>;
  [[nodiscard]] Touched take_touched();
  /// Called in the middle of a change that touches very many rows (a TRUNCATE), and between changes of large ones: it may take_touched().
  void set_make_room(std::function<void()> make_room) { make_room_ = std::move(make_room); }

  [[nodiscard]] std::uint64_t skipped() const { return skipped_; }

 private:
  void add_update(const Projections::Target& target, const core::Update& update, core::CommitLsn commit);
  void truncate(const mapping::SourceTable& table, core::CommitLsn commit);
  [[nodiscard]] bool is_contained(core::TableId table, const core::RowKey& key, core::CommitLsn commit);
  void restore_statuses(core::TableId table, const core::RowKey& key);
  void touch(core::TableId table, const core::RowKey& key);

  const mapping::Plan& plan_;
  const state::Store& store_;
  state::Overlay& overlay_;
  Projections& projections_;
  Touched touched_;
  std::size_t touched_bytes_ = 0;
  std::unordered_map<TableRow, std::size_t, TableRowHash> positions_;
  std::uint64_t skipped_ = 0;
  std::function<void()> make_room_;
};

}  // namespace apply
