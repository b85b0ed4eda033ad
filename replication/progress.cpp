#include "replication/progress.hpp"

#include <algorithm>

#include "core/error.hpp"

namespace replication {

Progress::Progress(core::Lsn checkpoint) : received_(checkpoint), applied_(checkpoint) {}

void Progress::received(core::EndLsn end) {
  const std::lock_guard lock{mutex_};
  // After a lost connection the same transactions come again: that is no way back.
  received_ = std::max(received_, end.lsn);
  last_transaction_ = std::max(last_transaction_, end.lsn);
}

void Progress::heard(core::Lsn wal_end) {
  const std::lock_guard lock{mutex_};
  received_ = std::max(received_, wal_end);
  wal_end_ = std::max(wal_end_, wal_end);
}

std::optional<core::Lsn> Progress::idle_horizon() {
  const std::lock_guard lock{mutex_};
  if (!is_nothing_pending_locked() || wal_end_ <= applied_ || wal_end_ <= offered_) return std::nullopt;
  offered_ = wal_end_;
  return offered_;
}

bool Progress::has_idle_horizon() const {
  const std::lock_guard lock{mutex_};
  return is_nothing_pending_locked() && wal_end_ > applied_ && wal_end_ > offered_;
}

void Progress::interrupted() {
  const std::lock_guard lock{mutex_};
  offered_ = core::Lsn{};
}

core::Lsn Progress::ack() {
  const std::lock_guard lock{mutex_};
  if (applied_ > received_ || applied_ < acked_) {
    throw core::Error{core::ErrorKind::Bug, "an acknowledgement would leave its bounds"}
        .with("received", received_.to_string())
        .with("applied", applied_.to_string())
        .with("acked", acked_.to_string());
  }
  acked_ = applied_;
  return acked_;
}

void Progress::applied(core::EndLsn end) {
  const std::lock_guard lock{mutex_};
  advance_applied(end.lsn);
}

void Progress::checkpointed(core::Lsn horizon) {
  const std::lock_guard lock{mutex_};
  advance_applied(horizon);
}

void Progress::advance_applied(core::Lsn position) {
  if (position < applied_ || position > received_) {
    throw core::Error{core::ErrorKind::Bug, "the applied position goes back, or beyond what was received"}
        .with("received", received_.to_string())
        .with("applied", applied_.to_string())
        .with("reported", position.to_string());
  }
  applied_ = position;
}

core::Lsn Progress::received() const {
  const std::lock_guard lock{mutex_};
  return received_;
}

core::Lsn Progress::applied() const {
  const std::lock_guard lock{mutex_};
  return applied_;
}

core::Lsn Progress::acked() const {
  const std::lock_guard lock{mutex_};
  return acked_;
}

bool Progress::is_nothing_pending() const {
  const std::lock_guard lock{mutex_};
  return is_nothing_pending_locked();
}

}  // namespace replication
