#pragma once

#include <atomic>
#include <map>
#include <shared_mutex>
#include <span>
#include <vector>

#include "state/store.hpp"

namespace rocksdb {
class WriteBatch;
}  // namespace rocksdb

namespace state {

class Database;

/// The chunks of the snapshot, in memory and under their keys.
///
///   value := begin:text end:text estimated_rows:u64 flags:u8 (bit 0: loaded, bit 1: finished) lsn:u64
class ChunkLog {
 public:
  explicit ChunkLog(const Database& database);

  static void put(const Database& database, rocksdb::WriteBatch& batch, const Chunk& chunk);
  static void put_forget(const Database& database, rocksdb::WriteBatch& batch);
  /// After the batch was written.
  void set(std::span<const Chunk> chunks);
  void forget();

  [[nodiscard]] std::vector<Chunk> all() const;
  /// LSN of the snapshot that the row was read from; 0/0 when it was read from none, or when every chunk lies at or below
  /// `applied`: a transaction that is still to come cannot be in any of them.
  [[nodiscard]] core::Lsn lsn(core::TableId table, const core::RowKey& key, core::Lsn applied) const;

  /// The lowest of lsn() over all keys of the table.
  [[nodiscard]] core::Lsn table_lsn(core::TableId table) const;

 private:
  /// Precondition: mutex_ is held exclusively.
  void set_one(const Chunk& chunk);

  std::atomic<std::uint64_t> highest_lsn_ = 0;  ///< of all chunks that were read

  // Protected by mutex_.
  mutable std::shared_mutex mutex_;
  std::map<core::TableId, std::vector<Chunk>> chunks_;  ///< by number, hence in key order
};

}  // namespace state
