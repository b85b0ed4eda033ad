#include "state/checkpoint.hpp"

#include <mutex>

#include "state/database.hpp"
#include "state/keys.hpp"
#include "state/record.hpp"
#include "state/rocks_status.hpp"

namespace state {

namespace {

std::string encode(const Progress& progress) {
  std::string bytes;
  append_u64(bytes, progress.applied.bytes());
  append_u64(bytes, progress.slot_consistent_point.bytes());
  append_u8(bytes, progress.snapshot_finished ? 1 : 0);
  append_u8(bytes, progress.needs_snapshot ? 1 : 0);
  append_u64(bytes, progress.mixed_until.bytes());
  append_u64(bytes, progress.copied_until.bytes());
  append_text(bytes, progress.meaning);
  append_text(bytes, progress.run);
  append_text(bytes, progress.token);
  append_text(bytes, progress.next_token);
  return bytes;
}

Progress decode_progress(std::string_view bytes) {
  RecordCursor cursor{bytes};
  Progress progress;
  progress.applied = core::Lsn{cursor.u64()};
  progress.slot_consistent_point = core::Lsn{cursor.u64()};
  progress.snapshot_finished = cursor.u8() != 0;
  progress.needs_snapshot = cursor.u8() != 0;
  progress.mixed_until = core::Lsn{cursor.u64()};
  progress.copied_until = core::Lsn{cursor.u64()};
  progress.meaning = cursor.text();
  progress.run = cursor.text();
  if (!cursor.rest().empty()) {  // since format version 3
    progress.token = cursor.text();
    progress.next_token = cursor.text();
  }
  cursor.expect_end();
  return progress;
}

}  // namespace

Checkpoint::Checkpoint(const Database& database) {
  if (const auto value = database.get(Family::Meta, progress_key())) set(decode_progress(*value));
}

Progress Checkpoint::read() const {
  const std::shared_lock lock{mutex_};
  return progress_;
}

void Checkpoint::put(const Database& database, rocksdb::WriteBatch& batch, const Progress& progress) {
  check(batch.Put(database.handle(Family::Meta), progress_key(), encode(progress)), "write the checkpoint");
}

void Checkpoint::set(const Progress& progress) {
  const std::unique_lock lock{mutex_};
  progress_ = progress;
  applied_ = progress.applied.bytes();
}

}  // namespace state
