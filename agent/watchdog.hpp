#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "core/watched_thread.hpp"

namespace agent {

/// Judges by the pulses of the watched threads whether the work comes on. Every one of them has to: a receiver that answers keepalives says nothing
/// of an applier that hangs.
class Watchdog {
 public:
  using Clock = std::chrono::steady_clock;
  /// A thread is silent when it has not come on for `patience`.
  explicit Watchdog(std::chrono::microseconds patience) : patience_(patience) {}

  /// The threads that are silent, by name, as of `now`. To be asked several times within the patience.
  [[nodiscard]] std::vector<std::string> silent(const std::vector<core::ThreadPulse>& pulses, Clock::time_point now);

 private:
  struct Seen {
    std::uint64_t beats = 0;
    Clock::time_point came_on;
  };
  const std::chrono::microseconds patience_;
  std::map<std::string, Seen> seen_;
};

}  // namespace agent
