#include "state/rollback.hpp"

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/failpoint.hpp"
#include "state/keys.hpp"
#include "state/record.hpp"
#include "state/rocks_status.hpp"
#include "state/row_batch.hpp"
#include "state/scan.hpp"

namespace state {

namespace {

constexpr std::size_t kUndoPieceRows = 4096;
constexpr std::size_t kUndoBytes = 4U << 20U;
constexpr std::string_view kTakeBack = "take a transaction back";

struct Record {
  std::string undo_key;
  std::string stored_row;  ///< empty: there was none
};

/// The next records of a generation, from `next` on, which moves behind them.
std::vector<Record> read_piece(const Database& database, std::uint64_t generation, std::string& next) {
  std::vector<Record> records;
  std::size_t bytes = 0;
  for (Scan scan{database, Family::Undo, next, undo_prefix(generation + 1), Scan::Purpose::Sweep};
       scan.is_valid() && records.size() < kUndoPieceRows && bytes < kUndoBytes; scan.next()) {
    records.push_back({std::string{scan.key()}, std::string{scan.value()}});
    bytes += scan.value().size();
  }
  if (!records.empty()) next = records.back().undo_key + '\0';
  return records;
}

std::vector<core::RowKey> all_index_values(const TableLayout& table, const core::Row& image) {
  std::vector<core::RowKey> values;
  values.reserve(table.indexes.size());
  for (const IndexLayout& index : table.indexes) values.push_back(index_values(index, image));
  return values;
}

/// A stored row with the values of its indexes.
struct Version {
  StoredRow row;
  std::vector<core::RowKey> index_values;
};

std::optional<Version> version(const Store::Impl& inside, const TableLayout& table,
                               const std::optional<std::string>& stored_row) {
  if (!stored_row || stored_row->empty()) return std::nullopt;
  Version version{inside.decode(table.id, *stored_row), {}};
  version.index_values = all_index_values(table, version.row.image);
  return version;
}

void restore(Store::Impl& inside, RowBatch& batch, const Record& record, const std::optional<std::string>& stored_now) {
  const std::string_view row_key = undo_row_key_of(record.undo_key);
  const TableLayout& table = inside.table(core::TableId{RecordCursor{row_key.substr(0, 2)}.u16()});
  const std::optional<Version> now = version(inside, table, stored_now);
  const std::optional<Version> wanted = version(inside, table, record.stored_row);
  std::optional<RowBatch::Before> before;
  if (now) before.emplace(RowBatch::Before{now->row.statuses, now->row.target_keys, &now->index_values});
  std::optional<RowBatch::After> after;
  if (wanted) after.emplace(RowBatch::After{wanted->row, &wanted->index_values});
  batch.put(table, row_key_of(row_key), before ? &*before : nullptr, after ? &*after : nullptr);
  check(batch.batch().Delete(inside.database.handle(Family::Undo), record.undo_key), kTakeBack);
}

}  // namespace

void roll_back(Store::Impl& inside, std::uint64_t generation, CountersKnow counters) {
  if (inside.undo.generation() <= generation) return;
  while (inside.undo.generation() > generation) {
    const std::uint64_t latest = inside.undo.generation();
    std::string next = undo_prefix(latest);
    for (;;) {
      const std::vector<Record> records = read_piece(inside.database, latest, next);
      if (records.empty()) break;
      std::vector<std::string> keys;
      keys.reserve(records.size());
      for (const Record& record : records) keys.emplace_back(undo_row_key_of(record.undo_key));
      const auto stored = inside.database.get(Family::Rows, keys);
      RowBatch batch{inside};
      for (std::size_t i = 0; i < records.size(); ++i) restore(inside, batch, records[i], stored[i]);
      batch.write(Database::Durability::Logged);
      if (counters == CountersKnow::Yes) inside.counters.add(batch.moved());
      FAILPOINT("between_rollback_batches");
    }
    inside.undo.taken_back(latest - 1);
  }
}

}  // namespace state
