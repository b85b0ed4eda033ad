#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/row_status.hpp"

namespace rocksdb {
class MergeOperator;
class WriteBatch;
}  // namespace rocksdb

namespace state {

class Database;

/// The counters of all routes: in memory to be read at any time, and in the store, moved by the WriteBatch that moves the
/// statuses, so that they are those statuses counted after every crash.
///
///   value := read:u64 applied:u64 filtered:u64 parked:u64 quarantined:u64, as two's complement; a merge adds to each
class StatusCounters {
 public:
  StatusCounters(const Database& database, std::size_t route_count);

  /// Puts the changes into a batch. They count once added: after the batch was written.
  static void put(const Database& database, rocksdb::WriteBatch& batch, std::span<const core::RouteCounters> changes);
  void add(std::span<const core::RouteCounters> changes);
  [[nodiscard]] std::vector<core::RouteCounters> read() const;

 private:
  struct Atomics {
    std::atomic<std::int64_t> read = 0;
    std::atomic<std::int64_t> applied = 0;
    std::atomic<std::int64_t> filtered = 0;
    std::atomic<std::int64_t> parked = 0;
    std::atomic<std::int64_t> quarantined = 0;
  };
  std::vector<Atomics> routes_;
};

/// Counts a status: `by` more rows have it. None is not counted: such rows were not derived yet.
void count_status(core::RouteCounters& counters, core::RowStatus status, std::int64_t by);

/// The addition of counters, as RocksDB wants it.
[[nodiscard]] std::shared_ptr<rocksdb::MergeOperator> make_counter_addition();

}  // namespace state
