#include "state/database.hpp"

#include <rocksdb/cache.h>
#include <rocksdb/convenience.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/slice_transform.h>
#include <rocksdb/table.h>
#include <rocksdb/write_buffer_manager.h>

#include <algorithm>
#include <system_error>

#include "core/error.hpp"
#include "state/info_log.hpp"
#include "state/keys.hpp"
#include "state/rocks_status.hpp"
#include "state/status_counters.hpp"

namespace state {

namespace {

namespace fs = std::filesystem;

/// What has to be free of the disk: room for every memtable to become a file. A log that meets the end of the disk is lost to RocksDB, which
/// ends the process at the next write to it, so that must not happen.
constexpr std::uintmax_t kReserveBytes = 32U << 20U;

/// A look-up asks the filter of each run.
constexpr int kIndexRuns = 16;

constexpr std::array<const char*, kFamilies> kFamilyNames = {"default", "rows", "index", "pairs",
                                                             "adopted", "held", "undo"};

/// Index entries by index and first value: lets a look for rows that are not there end at the filters.
class FirstColumnPrefix final : public rocksdb::SliceTransform {
 public:
  [[nodiscard]] const char* Name() const override { return "dispatch_sync.first_column.1"; }
  [[nodiscard]] rocksdb::Slice Transform(const rocksdb::Slice& key) const override {
    return {key.data(), *first_column_prefix_size(view(key))};
  }
  [[nodiscard]] bool InDomain(const rocksdb::Slice& key) const override {
    return first_column_prefix_size(view(key)).has_value();
  }
};

/// Of several writers one writes for all, and reads their batches to do so. A call of its own, by which tests/sanitizer/races knows what RocksDB
/// does here: its own calls are in no stack.
[[gnu::noinline]] rocksdb::Status write_among_others(rocksdb::DB& database, const rocksdb::WriteOptions& options,
                                                     rocksdb::WriteBatch& batch) {
  return database.Write(options, &batch);
}

fs::path make_directory(const fs::path& directory) {
  std::error_code error;
  const bool is_new = !fs::exists(directory, error);
  fs::create_directories(directory, error);
  // The store holds copies of source columns: they are nobody else's business.
  if (!error && is_new) fs::permissions(directory, fs::perms::owner_all, error);
  if (error) {
    throw core::Error{core::ErrorKind::State, "cannot make the state directory: " + error.message()}
        .with("directory", directory.string())
        .remedy("check the path and the permissions of the directory above it");
  }
  return directory;
}

/// RocksDB starts a new database where the file CURRENT is missing, whatever else lies there.
void refuse_headless(const fs::path& directory) {
  if (fs::exists(directory / "CURRENT")) return;
  for (const fs::directory_entry& file : fs::directory_iterator{directory}) {
    if (file.path().extension() == ".sst" || file.path().extension() == ".log") {
      throw damaged("table files without the file CURRENT").with("directory", directory.string());
    }
  }
}

rocksdb::DBOptions database_options(const fs::path& directory, const std::shared_ptr<rocksdb::Cache>& cache,
                                    std::size_t memory_budget_bytes) {
  rocksdb::DBOptions options;
  options.create_if_missing = true;
  options.create_missing_column_families = true;
  options.paranoid_checks = true;
  // What was synced is read back up to the first damaged record: a consistent, older state, whose older checkpoint tells.
  options.wal_recovery_mode = rocksdb::WALRecoveryMode::kPointInTimeRecovery;
  options.max_background_jobs = 2;
  // Sync in the background as files grow, so that the sync at their end is short.
  options.bytes_per_sync = 1U << 20U;
  options.wal_bytes_per_sync = 1U << 20U;
  options.max_total_wal_size = 64U << 20U;
  // Memtables are charged to the cache: both together stay in the budget.
  options.write_buffer_manager = std::make_shared<rocksdb::WriteBufferManager>(memory_budget_bytes / 2, cache);
  options.max_open_files = 256;
  options.info_log = make_info_log(directory);
  return options;
}

rocksdb::ColumnFamilyOptions family_options(std::size_t family, const std::shared_ptr<rocksdb::Cache>& cache,
                                            std::size_t memory_budget_bytes) {
  rocksdb::ColumnFamilyOptions options;
  options.level0_file_num_compaction_trigger = 8;
  if (family == static_cast<std::size_t>(Family::Index)) {
    // Entries come in random order: a list that fits the processor's cache takes them at twice the speed of a large one.
    // Several are written as one file, so that files do not become small with it.
    options.write_buffer_size = 1U << 20U;
    options.min_write_buffer_number_to_merge = 4;
    options.max_write_buffer_number = 12;
    // In levels, each file that comes in meets the whole of the index and rewrites it: the cost of a bulk load grows with the square
    // of its size. Runs of about the same size are merged here instead, at most this many of them at a time; settle() makes one of them.
    options.compaction_style = rocksdb::kCompactionStyleUniversal;
    options.level0_file_num_compaction_trigger = kIndexRuns;
    options.compaction_options_universal.max_size_amplification_percent = 1000;
  } else if (family == static_cast<std::size_t>(Family::Rows)) {
    // Rows come in key order, mostly.
    options.write_buffer_size = std::clamp<std::size_t>(memory_budget_bytes / 6, 1U << 20U, 32U << 20U);
    options.max_write_buffer_number = 3;
  } else {
    options.write_buffer_size = std::clamp<std::size_t>(memory_budget_bytes / 24, 1U << 20U, 4U << 20U);
  }
  // A bulk load must not wait for compactions that its next files make anew.
  options.level0_slowdown_writes_trigger = 40;
  options.level0_stop_writes_trigger = 60;
  options.target_file_size_base = 32U << 20U;
  options.max_bytes_for_level_base = 128U << 20U;
  options.level_compaction_dynamic_level_bytes = true;
  options.compression = rocksdb::kLZ4Compression;
  // Level 0 is rewritten soon: compressing it costs more than it saves.
  options.compression_per_level.assign(static_cast<std::size_t>(options.num_levels), rocksdb::kLZ4Compression);
  options.compression_per_level[0] = rocksdb::kNoCompression;

  rocksdb::BlockBasedTableOptions table;
  table.block_cache = cache;
  table.block_size = 16U << 10U;
  table.cache_index_and_filter_blocks = true;
  table.pin_l0_filter_and_index_blocks_in_cache = true;
  // In small pieces: the filter of a whole file is larger than a shard of the cache and would be read again each time.
  table.index_type = rocksdb::BlockBasedTableOptions::kTwoLevelIndexSearch;
  table.partition_filters = true;
  table.pin_top_level_index_and_filter = true;
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
  table.format_version = 5;
  if (family == static_cast<std::size_t>(Family::Meta)) options.merge_operator = make_counter_addition();
  if (family == static_cast<std::size_t>(Family::Index)) {
    options.prefix_extractor = std::make_shared<FirstColumnPrefix>();
    options.memtable_prefix_bloom_size_ratio = 0.1;
    table.whole_key_filtering = false;  // entries are never read one by one
  }
  if (family == static_cast<std::size_t>(Family::Rows)) {
    options.memtable_prefix_bloom_size_ratio = 0.1;
    options.memtable_whole_key_filtering = true;
  }
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  return options;
}

}  // namespace

Database::Database(const fs::path& directory, std::size_t memory_budget_bytes)
    : directory_(make_directory(directory)), pid_file_(directory) {
  refuse_headless(directory);
  constexpr int kCacheShardBits = 3;  // a few threads read; more shards only make each of them small
  const auto cache = rocksdb::NewLRUCache(memory_budget_bytes, kCacheShardBits);
  const rocksdb::DBOptions options = database_options(directory, cache, memory_budget_bytes);

  // A newer format may have families that we do not know; all must be opened before its version can be read.
  std::vector<std::string> names{kFamilyNames.begin(), kFamilyNames.end()};
  if (fs::exists(directory / "CURRENT")) {
    std::vector<std::string> existing;
    check(rocksdb::DB::ListColumnFamilies(options, directory.string(), &existing), "open the state store");
    for (const std::string& name : existing) {
      if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
    }
  }
  std::vector<rocksdb::ColumnFamilyDescriptor> families;
  families.reserve(names.size());
  for (std::size_t i = 0; i < names.size(); ++i) {
    families.emplace_back(names[i], family_options(i, cache, memory_budget_bytes));
  }
  rocksdb::DB* db = nullptr;
  check(rocksdb::DB::Open(options, directory.string(), families, &all_handles_, &db), "open the state store");
  db_.reset(db);
  std::copy_n(all_handles_.begin(), kFamilies, handles_.begin());
}

Database::~Database() {
  for (rocksdb::ColumnFamilyHandle* handle : all_handles_) db_->DestroyColumnFamilyHandle(handle);
}

std::optional<std::string> Database::get(Family family, std::string_view key) const {
  std::string value;
  const rocksdb::Status status = db_->Get(rocksdb::ReadOptions{}, handle(family), slice(key), &value);
  if (status.IsNotFound()) return std::nullopt;
  check(status, "read the state store");
  return value;
}

std::vector<std::optional<std::string>> Database::get(Family family, std::span<const std::string> keys) const {
  // Larger groups gain nothing and pin more blocks at once.
  constexpr std::size_t kGroup = 512;
  std::vector<std::optional<std::string>> found(keys.size());
  std::vector<rocksdb::Slice> slices;
  std::vector<rocksdb::PinnableSlice> values;
  std::vector<rocksdb::Status> statuses;
  for (std::size_t begin = 0; begin < keys.size(); begin += kGroup) {
    const std::size_t size = std::min(kGroup, keys.size() - begin);
    slices.assign(keys.begin() + static_cast<std::ptrdiff_t>(begin),
                  keys.begin() + static_cast<std::ptrdiff_t>(begin + size));
    values = std::vector<rocksdb::PinnableSlice>(size);
    statuses.assign(size, rocksdb::Status::OK());
    db_->MultiGet(rocksdb::ReadOptions{}, handle(family), size, slices.data(), values.data(), statuses.data());
    for (std::size_t i = 0; i < size; ++i) {
      if (statuses[i].IsNotFound()) continue;
      check(statuses[i], "read the state store");
      found[begin + i] = values[i].ToString();
    }
  }
  return found;
}

std::unique_ptr<rocksdb::Iterator> Database::iterator(Family family, const rocksdb::ReadOptions& options) const {
  return std::unique_ptr<rocksdb::Iterator>{db_->NewIterator(options, handle(family))};
}

/// After a write that failed.
void Database::resume(std::string_view action) {
  if (!needs_resume_) return;
  const rocksdb::Status resumed = db_->Resume();
  // Busy: RocksDB is at it already, by itself. Whether that has helped is what the write will say.
  if (resumed.IsBusy()) return;
  check(resumed, action);
  needs_resume_ = false;
}

void Database::expect_room(std::size_t bytes, std::string_view action) const {
  std::error_code error;
  const fs::space_info space = fs::space(directory_, error);
  if (!error && space.available < kReserveBytes + bytes) check(rocksdb::Status::NoSpace(), action);
}

void Database::write(rocksdb::WriteBatch& batch, Durability durability, std::string_view action) {
  expect_room(batch.GetDataSize(), action);
  resume(action);
  rocksdb::WriteOptions options;
  options.sync = durability == Durability::Synced;
  options.disableWAL = durability == Durability::Volatile;
  const rocksdb::Status status = write_among_others(*db_, options, batch);
  if (!status.ok()) needs_resume_ = true;
  check(status, action);
}

void Database::sync() {
  constexpr std::string_view kAction = "sync the state store";
  // RocksDB does not look by itself whether the end of its log is whole.
  resume(kAction);
  if (needs_resume_) check(rocksdb::Status::NoSpace(), kAction);
  const rocksdb::Status status = db_->FlushWAL(true);
  if (!status.ok()) needs_resume_ = true;
  check(status, kAction);
}

void Database::drop_files(Family family, const std::string& begin, const std::string& end) {
  const rocksdb::Slice first = slice(begin);
  const rocksdb::Slice last = slice(end);
  check(rocksdb::DeleteFilesInRange(db_.get(), handle(family), &first, &last, false), "give deleted space back");
}

void Database::flush(Family family) {
  check(db_->Flush(rocksdb::FlushOptions{}, handle(family)), "write a table file");
}

void Database::compact() {
  rocksdb::CompactRangeOptions options;
  options.max_subcompactions = 2;  // the snapshot waits for it
  for (rocksdb::ColumnFamilyHandle* family : handles_) {
    check(db_->CompactRange(options, family, nullptr, nullptr), "compact the state store");
  }
}

std::uint64_t Database::size_bytes() const {
  std::uint64_t total = 0;
  std::error_code error;
  for (fs::directory_iterator file{directory_, error}, end; !error && file != end; file.increment(error)) {
    // Files come and go while we look.
    std::error_code gone;
    const std::uint64_t size = file->file_size(gone);
    if (!gone) total += size;
  }
  return total;
}

}  // namespace state
