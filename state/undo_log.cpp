#include "state/undo_log.hpp"

#include <string>

#include "state/database.hpp"
#include "state/keys.hpp"
#include "state/record.hpp"
#include "state/rocks_status.hpp"
#include "state/scan.hpp"

namespace state {

UndoLog::UndoLog(const Database& database) : database_(database) {
  // What an earlier process left. From one generation to the next: each may hold millions of records.
  for (;;) {
    const Scan scan{database, Family::Undo, undo_prefix(generation_ + 1), past_everything()};
    if (!scan.is_valid()) return;
    generation_ = RecordCursor{scan.key().substr(0, sizeof generation_)}.u64();
  }
}

void UndoLog::put(rocksdb::WriteBatch& batch, core::TableId table, const core::RowKey& key,
                  const std::optional<std::string>& stored_row) const {
  check(batch.Put(database_.handle(Family::Undo), undo_prefix(generation_) + row_store_key(table, key),
                  stored_row ? slice(*stored_row) : rocksdb::Slice{}),
        "write a batch");
}

void UndoLog::put_forget(rocksdb::WriteBatch& batch) const {
  check(batch.DeleteRange(database_.handle(Family::Undo), undo_prefix(0), undo_prefix(generation_ + 1)),
        "write a batch");
}

void UndoLog::forgotten(Database& database) {
  database.drop_files(Family::Undo, undo_prefix(0), undo_prefix(generation_ + 1));
  generation_ = 0;
}

}  // namespace state
