#pragma once

#include <chrono>
#include <mutex>
#include <optional>
#include <stop_token>
#include <thread>

#include "agent/environment.hpp"
#include "pg/session.hpp"
#include "replication/slot_forecast.hpp"

namespace agent {

/// Says in time that the source will give up the slot, from beside copy and stream, as long as it lives: when `max_slot_wal_keep_size` is
/// reached, all has to be copied anew. Warns when that is less than an hour away, with what keeps the log, and again when half of that is
/// gone. A thread and a session on the source of its own; a look that fails is only left out, for whoever works there has the same trouble.
class SlotWatch {
 public:
  /// `environment` outlives it.
  explicit SlotWatch(const Environment& environment);

  /// How long the slot will live if it goes on like this; nothing when it is in no danger, or this is not known. Thread-safe.
  [[nodiscard]] std::optional<std::chrono::seconds> lost_in() const;

 private:
  void run(const std::stop_token& stop);
  void look(pg::Session& source);
  void warn(const replication::SlotHealth& health, std::chrono::seconds lost_in);

  const Environment& environment_;
  std::chrono::seconds warn_below_;

  mutable std::mutex mutex_;
  replication::SlotForecast forecast_;  // protected by mutex_

  std::jthread thread_;  // last: it ends before what it uses
};

}  // namespace agent
