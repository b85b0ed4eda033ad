#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "core/held_transactions.hpp"

namespace replication {

/// Held transactions in memory, without a bound: for tests and for tools that read little. The agent holds them in its state.
class MemoryHeldTransactions final : public core::HeldTransactions {
 public:
  void append(std::uint32_t xid, std::uint32_t subxid, std::uint64_t sequence, std::string_view bytes) override;
  void discard_subtransaction(std::uint32_t xid, std::uint32_t subxid) override;
  void drop(std::uint32_t xid) override;
  void drop_all() override;
  [[nodiscard]] std::vector<core::HeldMessage> read(std::uint32_t xid, std::uint64_t from,
                                                    std::size_t most_bytes) override;
  [[nodiscard]] std::size_t held_bytes(std::uint32_t xid) const override;
  [[nodiscard]] std::size_t held_bytes() const override;

 private:
  struct Held {
    std::uint32_t subxid;
    std::string bytes;
  };
  struct Transaction {
    std::map<std::uint64_t, Held> messages;  ///< by sequence
    std::size_t bytes = 0;
  };

  std::map<std::uint32_t, Transaction> transactions_;
};

}  // namespace replication
