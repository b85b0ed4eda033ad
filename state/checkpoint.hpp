#pragma once

#include <atomic>
#include <cstdint>
#include <shared_mutex>
#include <string>
#include <string_view>

#include "state/store.hpp"

namespace rocksdb {
class WriteBatch;
}  // namespace rocksdb

namespace state {

class Database;

/// The progress, in memory and under its key.
///
///   value := applied:u64 slot_consistent_point:u64 snapshot_finished:u8 needs_snapshot:u8 mixed_until:u64 copied_until:u64 meaning:text run:text
class Checkpoint {
 public:
  explicit Checkpoint(const Database& database);

  [[nodiscard]] Progress read() const;
  /// Of read(), without waiting.
  [[nodiscard]] core::Lsn applied() const { return core::Lsn{applied_}; }
  static void put(const Database& database, rocksdb::WriteBatch& batch, const Progress& progress);
  /// After the batch was written.
  void set(const Progress& progress);

 private:
  std::atomic<std::uint64_t> applied_ = 0;

  // Protected by mutex_.
  mutable std::shared_mutex mutex_;
  Progress progress_;
};

}  // namespace state
