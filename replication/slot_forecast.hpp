#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>

#include "replication/slot_health.hpp"

namespace replication {

/// How long the source will keep a slot if it goes on writing as it did during the last minutes, and the slot moving as it did: what
/// `max_slot_wal_keep_size` leaves (safe_wal_size), divided by how fast that has become less.
class SlotForecast {
 public:
  using Clock = std::chrono::steady_clock;

  /// Takes what the server says at this moment. Looks come in the order of time.
  void look(const SlotHealth& health, Clock::time_point now);
  /// Nothing when the server sets no limit, when the room does not become less, or before looks cover ten seconds. 0 when nothing is left.
  [[nodiscard]] std::optional<std::chrono::seconds> lost_in() const;

 private:
  struct Look {
    Clock::time_point at;
    std::int64_t safe_bytes;
  };
  std::deque<Look> looks_;
};

}  // namespace replication
