#include "state/held_messages.hpp"

#include "core/failpoint.hpp"
#include "state/keys.hpp"
#include "state/record.hpp"
#include "state/rocks_status.hpp"
#include "state/scan.hpp"

namespace state {

namespace {

constexpr std::string_view kHold = "hold a transaction";
/// Large enough that writing costs little per message, small enough not to be felt in memory.
constexpr std::size_t kHeldBytes = 512U << 10U;
/// From here on it pays to give files back at once instead of leaving them to compaction.
constexpr std::size_t kLargeBytes = 16U << 20U;

std::uint64_t sequence_of(std::string_view key) {
  RecordCursor cursor{key.substr(key.size() - 8)};
  return cursor.u64();
}

}  // namespace

HeldMessages::HeldMessages(Database& database) : database_(database) { drop_all(); }

void HeldMessages::append(std::uint32_t xid, std::uint32_t subxid, std::uint64_t sequence, std::string_view bytes) {
  // First, so that a failure keeps nothing of this message.
  if (pending_.GetDataSize() >= kHeldBytes) write_pending();
  Held& held = transactions_[xid];
  rocksdb::ColumnFamilyHandle* family = database_.handle(Family::Held);
  if (held.run_of != subxid) {
    check(pending_.Put(family, held_run_key(xid, subxid, sequence), ""), kHold);
    held.run_of = subxid;
  }
  std::string value;
  value.reserve(4 + bytes.size());
  append_u32(value, subxid);
  value += bytes;
  check(pending_.Put(family, held_key(xid, sequence), value), kHold);
  held.bytes += bytes.size();
  total_bytes_ += bytes.size();
}

void HeldMessages::discard_subtransaction(std::uint32_t xid, std::uint32_t subxid) {
  const auto found = transactions_.find(xid);
  if (found == transactions_.end()) return;
  write_pending();
  rocksdb::ColumnFamilyHandle* family = database_.handle(Family::Held);
  rocksdb::WriteBatch batch;
  std::size_t discarded = 0;
  const std::string runs = held_runs_prefix(xid, subxid);
  std::uint64_t next_sequence = 0;
  for (Scan run{database_, Family::Held, runs, prefix_end(runs)}; run.is_valid(); run.next()) {
    const std::uint64_t first = sequence_of(run.key());
    // Runs with nothing left between them were walked as one.
    if (first < next_sequence) continue;
    for (Scan message{database_, Family::Held, held_key(xid, first), prefix_end(held_prefix(xid))}; message.is_valid();
         message.next()) {
      RecordCursor cursor{message.value()};
      if (cursor.u32() != subxid) break;
      discarded += cursor.rest().size();
      next_sequence = sequence_of(message.key()) + 1;
    }
    if (first < next_sequence)
      check(batch.DeleteRange(family, held_key(xid, first), held_key(xid, next_sequence)), kHold);
  }
  check(batch.DeleteRange(family, runs, prefix_end(runs)), kHold);
  database_.write(batch, Database::Durability::Volatile, kHold);
  found->second.bytes -= discarded;
  found->second.run_of.reset();
  total_bytes_ -= discarded;
}

void HeldMessages::drop(std::uint32_t xid) {
  const auto found = transactions_.find(xid);
  if (found == transactions_.end()) return;
  write_pending();
  const bool is_large = found->second.bytes >= kLargeBytes;
  drop_range(held_prefix(xid), is_large);
  drop_range(held_runs_prefix(xid), is_large);
  total_bytes_ -= found->second.bytes;
  transactions_.erase(found);
}

void HeldMessages::drop_all() {
  pending_.Clear();
  rocksdb::WriteBatch batch;
  check(batch.DeleteRange(database_.handle(Family::Held), "", past_everything()), kHold);
  database_.write(batch, Database::Durability::Volatile, kHold);
  database_.drop_files(Family::Held, "", past_everything());
  transactions_.clear();
  total_bytes_ = 0;
}

std::vector<core::HeldMessage> HeldMessages::read(std::uint32_t xid, std::uint64_t from, std::size_t most_bytes) {
  std::vector<core::HeldMessage> messages;
  if (!transactions_.contains(xid)) return messages;
  write_pending();
  std::size_t bytes = 0;
  for (Scan scan{database_, Family::Held, held_key(xid, from), prefix_end(held_prefix(xid)), Scan::Purpose::Sweep};
       scan.is_valid(); scan.next()) {
    RecordCursor cursor{scan.value()};
    cursor.u32();
    bytes += cursor.rest().size();
    if (!messages.empty() && bytes > most_bytes) break;
    messages.push_back({.sequence = sequence_of(scan.key()), .bytes = std::string{cursor.rest()}});
  }
  return messages;
}

std::size_t HeldMessages::held_bytes(std::uint32_t xid) const {
  const auto found = transactions_.find(xid);
  return found == transactions_.end() ? 0 : found->second.bytes;
}

void HeldMessages::write_pending() {
  if (pending_.Count() == 0) return;
  FAILPOINT("before_block_held");
  database_.write(pending_, Database::Durability::Volatile, kHold);
  FAILPOINT("after_block_held");
  pending_.Clear();
}

void HeldMessages::drop_range(const std::string& prefix, bool is_large) {
  rocksdb::WriteBatch batch;
  check(batch.DeleteRange(database_.handle(Family::Held), prefix, prefix_end(prefix)), kHold);
  database_.write(batch, Database::Durability::Volatile, kHold);
  if (is_large) database_.drop_files(Family::Held, prefix, prefix_end(prefix));
}

}  // namespace state
