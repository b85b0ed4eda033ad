#include "agent/fence.hpp"

namespace agent {

bool Fence::hold(const std::string& holder) {
  std::unique_lock lock{mutex_};
  if (!holder_.empty()) return false;
  holder_ = holder;
  limit_.reset();
  is_standing_ = false;
  changed_.notify_all();
  changed_.wait_for(lock, kLease, [&] { return is_standing_ || !belongs_to(holder); });
  if (belongs_to(holder) && is_standing_) return true;
  if (belongs_to(holder)) holder_.clear();
  return false;
}

bool Fence::let_go_to(const std::string& holder, core::Lsn limit) {
  const std::lock_guard lock{mutex_};
  if (!belongs_to(holder) || !is_standing_) return false;
  limit_ = limit;
  is_standing_ = false;
  changed_.notify_all();
  return true;
}

Fence::State Fence::state(const std::string& holder) const {
  const std::lock_guard lock{mutex_};
  if (!belongs_to(holder)) return State::Gone;
  return is_standing_ ? State::Standing : State::Going;
}

bool Fence::release(const std::string& holder) {
  const std::lock_guard lock{mutex_};
  if (!belongs_to(holder)) return false;
  const bool stood = is_standing_;
  holder_.clear();
  limit_.reset();
  changed_.notify_all();
  return stood;
}

void Fence::pass(core::Lsn applied, const std::stop_token& stop) {
  std::unique_lock lock{mutex_};
  // Let go to a limit in here, it may stand at that already.
  while (!holder_.empty() && (!limit_ || applied >= *limit_) && !stop.stop_requested()) stand(lock, stop);
}

bool Fence::pass_before(core::CommitLsn next, const std::stop_token& stop) {
  std::unique_lock lock{mutex_};
  if (holder_.empty() || !limit_ || next.lsn < *limit_) return false;
  stand(lock, stop);
  return true;
}

bool Fence::is_beyond(core::CommitLsn next) const {
  const std::lock_guard lock{mutex_};
  return !holder_.empty() && limit_ && next.lsn >= *limit_;
}

void Fence::stand(std::unique_lock<std::mutex>& lock, const std::stop_token& stop) {
  is_standing_ = true;
  changed_.notify_all();
  const std::string holder = holder_;
  // Not standing any more means: on to a limit.
  changed_.wait_for(lock, stop, kLease, [&] { return holder_ != holder || !is_standing_; });
  if (holder_ == holder && is_standing_) holder_.clear();
  if (holder_.empty()) limit_.reset();
  is_standing_ = false;
  changed_.notify_all();
}

}  // namespace agent
