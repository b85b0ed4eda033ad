#include "replication/memory_held_transactions.hpp"

#include <utility>

namespace replication {

void MemoryHeldTransactions::append(std::uint32_t xid, std::uint32_t subxid, std::uint64_t sequence,
                                    std::string_view bytes) {
  Transaction& transaction = transactions_[xid];
  transaction.messages.emplace_hint(transaction.messages.end(), sequence, Held{subxid, std::string{bytes}});
  transaction.bytes += bytes.size();
}

void MemoryHeldTransactions::discard_subtransaction(std::uint32_t xid, std::uint32_t subxid) {
  const auto found = transactions_.find(xid);
  if (found == transactions_.end()) return;
  std::erase_if(found->second.messages, [&](const auto& entry) {
    if (entry.second.subxid != subxid) return false;
    found->second.bytes -= entry.second.bytes.size();
    return true;
  });
}

void MemoryHeldTransactions::drop(std::uint32_t xid) { transactions_.erase(xid); }

void MemoryHeldTransactions::drop_all() { transactions_.clear(); }

std::vector<core::HeldMessage> MemoryHeldTransactions::read(std::uint32_t xid, std::uint64_t from,
                                                            std::size_t most_bytes) {
  std::vector<core::HeldMessage> messages;
  const auto found = transactions_.find(xid);
  if (found == transactions_.end()) return messages;
  std::size_t total = 0;
  for (auto at = found->second.messages.lower_bound(from); at != found->second.messages.end(); ++at) {
    total += at->second.bytes.size();
    if (!messages.empty() && total > most_bytes) break;
    messages.push_back({at->first, at->second.bytes});
  }
  return messages;
}

std::size_t MemoryHeldTransactions::held_bytes(std::uint32_t xid) const {
  const auto found = transactions_.find(xid);
  return found == transactions_.end() ? 0 : found->second.bytes;
}

std::size_t MemoryHeldTransactions::held_bytes() const {
  std::size_t total = 0;
  for (const auto& [xid, transaction] : transactions_) total += transaction.bytes;
  return total;
}

}  // namespace replication
