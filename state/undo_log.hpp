#pragma once

#include <rocksdb/write_batch.h>

#include <cstdint>
#include <optional>
#include <string_view>

#include "core/ids.hpp"
#include "core/row_key.hpp"

/// Internal to state/.
namespace state {

class Database;

/// What rows were before a transaction that is too large for memory changed them in the store ahead of its end. Each record stands in the
/// WriteBatch of the change that it takes back, and all of them go in the write that carries the transaction's progress: whatever
/// is found at an open belongs to a transaction that the store must not know of, and is taken back.
///
///   key   := generation:u64 table:u16 row key       value := the stored row; empty: there was none
///
/// A generation holds each row once. They are taken back from the latest to the first. One thread, one transaction at a time.
class UndoLog {
 public:
  /// `database` must outlive the log.
  explicit UndoLog(const Database& database);

  /// The generation that the latest records belong to; 0: there are none.
  [[nodiscard]] std::uint64_t generation() const { return generation_; }
  std::uint64_t begin_generation() { return ++generation_; }
  /// Precondition: the row has no record in the current generation.
  void put(rocksdb::WriteBatch& batch, core::TableId table, const core::RowKey& key,
           const std::optional<std::string>& stored_row) const;
  /// Puts the end of all records into the batch that makes the changes final.
  void put_forget(rocksdb::WriteBatch& batch) const;
  /// After that batch was written.
  void forgotten(Database& database);
  /// After the records of the generations above `generation` were taken back.
  void taken_back(std::uint64_t generation) { generation_ = generation; }

 private:
  const Database& database_;
  std::uint64_t generation_ = 0;
};

}  // namespace state
