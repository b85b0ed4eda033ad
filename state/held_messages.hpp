#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/held_transactions.hpp"
#include "state/database.hpp"

namespace state {

/// Held messages in the store. In memory are one small piece that was not written yet, and a few numbers per transaction,
/// whatever the number of messages and subtransactions. Not logged: after a restart the source sends them again.
class HeldMessages final : public core::HeldTransactions {
 public:
  /// Forgets what an earlier process left behind. `database` must outlive this object.
  explicit HeldMessages(Database& database);

  void append(std::uint32_t xid, std::uint32_t subxid, std::uint64_t sequence, std::string_view bytes) override;
  void discard_subtransaction(std::uint32_t xid, std::uint32_t subxid) override;
  void drop(std::uint32_t xid) override;
  void drop_all() override;
  [[nodiscard]] std::vector<core::HeldMessage> read(std::uint32_t xid, std::uint64_t from,
                                                    std::size_t most_bytes) override;
  [[nodiscard]] std::size_t held_bytes(std::uint32_t xid) const override;
  [[nodiscard]] std::size_t held_bytes() const override { return total_bytes_; }

 private:
  struct Held {
    std::size_t bytes = 0;
    /// Of the latest message. Successive messages of one subtransaction are a run, known by its first message.
    std::optional<std::uint32_t> run_of;
  };
  void write_pending();
  void drop_range(const std::string& prefix, bool is_large);

  Database& database_;
  rocksdb::WriteBatch pending_;
  std::map<std::uint32_t, Held> transactions_;
  std::size_t total_bytes_ = 0;
};

}  // namespace state
