#include "state/chunk_log.hpp"

#include <algorithm>
#include <limits>
#include <mutex>

#include "state/database.hpp"
#include "state/keys.hpp"
#include "state/record.hpp"
#include "state/rocks_status.hpp"
#include "state/scan.hpp"

namespace state {

namespace {

constexpr std::uint8_t kLoaded = 1;
constexpr std::uint8_t kFinished = 2;

std::string encode(const Chunk& chunk) {
  std::string bytes;
  append_text(bytes, chunk.begin.bytes);
  append_text(bytes, chunk.end.bytes);
  append_u64(bytes, static_cast<std::uint64_t>(chunk.estimated_rows));
  append_u8(bytes, static_cast<std::uint8_t>((chunk.is_loaded ? kLoaded : 0) | (chunk.is_finished ? kFinished : 0)));
  append_u64(bytes, chunk.lsn.bytes());
  return bytes;
}

Chunk decode_chunk(std::string_view key, std::string_view value) {
  Chunk chunk;
  RecordCursor key_cursor{key};
  key_cursor.take(chunk_prefix().size());
  chunk.table = core::TableId{key_cursor.u16()};
  chunk.number = key_cursor.u32();
  key_cursor.expect_end();
  RecordCursor cursor{value};
  chunk.begin = {cursor.text()};
  chunk.end = {cursor.text()};
  chunk.estimated_rows = static_cast<std::int64_t>(cursor.u64());
  const std::uint8_t flags = cursor.u8();
  chunk.is_loaded = (flags & kLoaded) != 0;
  chunk.is_finished = (flags & kFinished) != 0;
  chunk.lsn = core::Lsn{cursor.u64()};
  cursor.expect_end();
  return chunk;
}

bool was_read(const Chunk& chunk) { return chunk.is_loaded || chunk.is_finished; }

}  // namespace

ChunkLog::ChunkLog(const Database& database) {
  for (Scan scan{database, Family::Meta, chunk_prefix(), prefix_end(chunk_prefix())}; scan.is_valid(); scan.next()) {
    set_one(decode_chunk(scan.key(), scan.value()));
  }
}

void ChunkLog::put(const Database& database, rocksdb::WriteBatch& batch, const Chunk& chunk) {
  check(batch.Put(database.handle(Family::Meta), chunk_key(chunk.table, chunk.number), encode(chunk)),
        "record a chunk");
}

void ChunkLog::put_forget(const Database& database, rocksdb::WriteBatch& batch) {
  check(batch.DeleteRange(database.handle(Family::Meta), chunk_prefix(), prefix_end(chunk_prefix())), "forget chunks");
}

void ChunkLog::set(std::span<const Chunk> chunks) {
  const std::unique_lock lock{mutex_};
  for (const Chunk& chunk : chunks) set_one(chunk);
}

void ChunkLog::set_one(const Chunk& chunk) {
  std::vector<Chunk>& of_table = chunks_[chunk.table];
  const auto at = std::lower_bound(of_table.begin(), of_table.end(), chunk.number,
                                   [](const Chunk& one, std::uint32_t number) { return one.number < number; });
  if (at != of_table.end() && at->number == chunk.number) {
    *at = chunk;
  } else {
    of_table.insert(at, chunk);
  }
  // Never lowered: too high costs a look-up, too low would answer wrongly.
  if (was_read(chunk) && chunk.lsn.bytes() > highest_lsn_) highest_lsn_ = chunk.lsn.bytes();
}

void ChunkLog::forget() {
  const std::unique_lock lock{mutex_};
  chunks_.clear();
  highest_lsn_ = 0;
}

std::vector<Chunk> ChunkLog::all() const {
  const std::shared_lock lock{mutex_};
  std::vector<Chunk> all;
  for (const auto& [table, chunks] : chunks_) all.insert(all.end(), chunks.begin(), chunks.end());
  return all;
}

core::Lsn ChunkLog::lsn(core::TableId table, const core::RowKey& key, core::Lsn applied) const {
  if (highest_lsn_ <= applied.bytes()) return {};
  const std::shared_lock lock{mutex_};
  const auto of_table = chunks_.find(table);
  if (of_table == chunks_.end()) return {};
  const std::vector<Chunk>& chunks = of_table->second;
  // The last chunk that begins at or before the key; the first one's empty begin sorts before every key.
  auto at = std::upper_bound(chunks.begin(), chunks.end(), key,
                             [](const core::RowKey& wanted, const Chunk& chunk) { return wanted < chunk.begin; });
  if (at == chunks.begin()) return {};
  --at;
  const bool is_inside = at->end.empty() || key < at->end;
  return is_inside && was_read(*at) ? at->lsn : core::Lsn{};
}

core::Lsn ChunkLog::table_lsn(core::TableId table) const {
  const std::shared_lock lock{mutex_};
  const auto of_table = chunks_.find(table);
  if (of_table == chunks_.end() || of_table->second.empty()) return {};
  core::Lsn lowest{std::numeric_limits<std::uint64_t>::max()};
  for (const Chunk& chunk : of_table->second) lowest = std::min(lowest, was_read(chunk) ? chunk.lsn : core::Lsn{});
  return lowest;
}

}  // namespace state
