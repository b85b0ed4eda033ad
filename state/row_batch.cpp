#include "state/row_batch.hpp"

#include <array>
#include <string_view>
#include <utility>

#include "state/keys.hpp"
#include "state/rocks_status.hpp"

namespace state {

namespace {

constexpr std::string_view kWriteBatch = "write a batch";

}  // namespace

RowBatch::RowBatch(Store::Impl& inside)
    : inside_(inside), changes_(inside.layout.route_count), moved_(inside.layout.route_count) {}

void RowBatch::put(const TableLayout& table, const core::RowKey& key, const Before* before, const After* after) {
  const Database& database = inside_.database;
  const std::string store_key = row_store_key(table.id, key);
  has_rows_ = true;
  if (after != nullptr) {
    // The image goes into the batch from where it is.
    head_.clear();
    append_stored_row_head(head_, after->row);
    const rocksdb::Slice key_part = store_key;
    const std::array<rocksdb::Slice, 2> value_parts{head_, after->row.image.bytes()};
    check(batch_.Put(database.handle(Family::Rows), rocksdb::SliceParts{&key_part, 1},
                     rocksdb::SliceParts{value_parts.data(), static_cast<int>(value_parts.size())}),
          kWriteBatch);
  } else if (before != nullptr) {
    check(batch_.Delete(database.handle(Family::Rows), store_key), kWriteBatch);
  }
  put_index_entries(table, key, before, after);
  for (std::size_t slot = 0; slot < table.routes.size(); ++slot) {
    const core::RowStatus old_status = before != nullptr ? before->statuses[slot] : core::RowStatus::None;
    const core::RowStatus new_status = after != nullptr ? after->row.statuses[slot] : core::RowStatus::None;
    const core::RouteId route = table.routes[slot];
    if (old_status != new_status) {
      count_status(changes_[route.index()], old_status, -1);
      count_status(changes_[route.index()], new_status, 1);
      const bool was_present = old_status == core::RowStatus::Applied;
      const bool is_present = new_status == core::RowStatus::Applied;
      if (was_present != is_present && inside_.presence.follows(table.id, slot)) {
        moves_.push_back({table.id, slot, key, is_present});
      }
    }
    const std::string_view old_pair = before != nullptr ? std::string_view{before->target_keys[slot]} : "";
    const std::string_view new_pair = after != nullptr ? std::string_view{after->row.target_keys[slot]} : "";
    if (old_pair == new_pair) continue;
    rocksdb::ColumnFamilyHandle* pairs = database.handle(Family::Pairs);
    if (!old_pair.empty()) check(batch_.Delete(pairs, pair_entry(route, old_pair, key)), kWriteBatch);
    if (!new_pair.empty()) check(batch_.Put(pairs, pair_entry(route, new_pair, key), ""), kWriteBatch);
  }
}

void RowBatch::put_index_entries(const TableLayout& table, const core::RowKey& key, const Before* before,
                                 const After* after) {
  if (after != nullptr ? after->index_values == nullptr : before == nullptr) return;
  rocksdb::ColumnFamilyHandle* family = inside_.database.handle(Family::Index);
  for (std::size_t i = 0; i < table.indexes.size(); ++i) {
    const IndexLayout& index = table.indexes[i];
    // Empty: the row has no entry.
    const std::string_view old_values = before != nullptr ? std::string_view{before->index_values->at(i).bytes} : "";
    const std::string_view new_values = after != nullptr ? std::string_view{after->index_values->at(i).bytes} : "";
    if (old_values == new_values) continue;
    if (!old_values.empty()) {
      check(batch_.Delete(family, index_entry(index.id, before->index_values->at(i), key)), kWriteBatch);
    }
    if (!new_values.empty()) index_entries_.add(index.id, new_values, key.bytes);
  }
}

void RowBatch::write(Database::Durability durability) {
  index_entries_.take_sorted([&](core::IndexId index, std::string_view entry) {
    inside_.note_entries(index);
    check(batch_.Put(inside_.database.handle(Family::Index), slice(entry), ""), "");
  });
  StatusCounters::put(inside_.database, batch_, changes_);
  inside_.database.write(batch_, durability, kWriteBatch);
  inside_.presence.apply(moves_);
  moved_ = std::exchange(changes_, std::vector<core::RouteCounters>(changes_.size()));
  batch_.Clear();
  moves_.clear();
  has_rows_ = false;
}

}  // namespace state
