#pragma once

#include <rocksdb/db.h>
#include <rocksdb/write_batch.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "state/pid_file.hpp"

/// Internal to state/: RocksDB's types end here.
namespace state {

/// The column families, by what they hold; keys.hpp draws their keys.
enum class Family : std::uint8_t { Meta, Rows, Index, Pairs, Adopted, Held, Undo };
inline constexpr std::size_t kFamilies = 7;

/// An open RocksDB with our column families and settings. Reads and writes from any thread.
class Database {
 public:
  /// Opens or creates. Throws Error(State): in use, damaged, not writable.
  Database(const std::filesystem::path& directory, std::size_t memory_budget_bytes);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  [[nodiscard]] std::optional<std::string> get(Family family, std::string_view key) const;
  [[nodiscard]] std::vector<std::optional<std::string>> get(Family family, std::span<const std::string> keys) const;
  [[nodiscard]] std::unique_ptr<rocksdb::Iterator> iterator(Family family, const rocksdb::ReadOptions& options) const;

  /// How far a write has gone when write() returns.
  enum class Durability : std::uint8_t {
    Synced,    ///< on the disk
    Logged,    ///< in the log, in order; lost by a power failure, not by the end of the process
    Volatile,  ///< may be gone after a restart: for what means nothing then
  };
  /// Writes all of the batch or nothing. A disk with less than 32 MiB free is a full one.
  void write(rocksdb::WriteBatch& batch, Durability durability, std::string_view action);
  /// Makes every logged write durable.
  void sync();

  /// Gives the space of a range that was deleted back at once, file by file.
  void drop_files(Family family, const std::string& begin, const std::string& end);
  /// Writes the family's memtable to a table file.
  void flush(Family family);
  void compact();
  [[nodiscard]] std::uint64_t size_bytes() const;

  [[nodiscard]] rocksdb::ColumnFamilyHandle* handle(Family family) const {
    return handles_[static_cast<std::size_t>(family)];
  }

 private:
  void resume(std::string_view action);
  void expect_room(std::size_t bytes, std::string_view action) const;

  std::filesystem::path directory_;
  PidFile pid_file_;
  std::unique_ptr<rocksdb::DB> db_;
  std::vector<rocksdb::ColumnFamilyHandle*> all_handles_;
  std::array<rocksdb::ColumnFamilyHandle*, kFamilies> handles_{};
  std::atomic<bool> needs_resume_ = false;  ///< a write failed: RocksDB refuses the next ones until told to go on
};

[[nodiscard]] inline rocksdb::Slice slice(std::string_view bytes) { return {bytes.data(), bytes.size()}; }
[[nodiscard]] inline std::string_view view(const rocksdb::Slice& bytes) { return {bytes.data(), bytes.size()}; }

}  // namespace state
