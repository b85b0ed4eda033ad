#pragma once

#include <atomic>
#include <chrono>
#include <stop_token>
#include <utility>

namespace core {

/// When a requested stop has to have come through: `grace` after the request. What waits for somebody else looks at it and gives
/// up. Thread-safe.
class StopDeadline {
 public:
  StopDeadline(std::stop_token stop, std::chrono::milliseconds grace)
      : grace_(grace), note_(std::move(stop), Note{requested_at_}) {}
  StopDeadline(const StopDeadline&) = delete;
  StopDeadline& operator=(const StopDeadline&) = delete;

  [[nodiscard]] bool is_over() const {
    const Clock::duration at = requested_at_.load(std::memory_order_relaxed);
    return at != Clock::duration::max() && Clock::now().time_since_epoch() - at >= grace_;
  }

 private:
  using Clock = std::chrono::steady_clock;
  struct Note {
    std::atomic<Clock::duration>& at;
    void operator()() const { at = Clock::now().time_since_epoch(); }
  };

  const std::chrono::milliseconds grace_;
  std::atomic<Clock::duration> requested_at_ = Clock::duration::max();
  std::stop_callback<Note> note_;  // last: it may run at once
};

}  // namespace core
